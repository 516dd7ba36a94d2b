"""Models by their ids, and the options that settings make."""

import pytest

from rimedio.aws_settings import AwsSettings
from rimedio.domain.errors import InvalidSetting
from rimedio.llm.bedrock_models import Profile, Structured, base_model, card_of, inference_profile
from rimedio.llm.bedrock_options import BedrockOptions, GuardrailChoice, StreamGuard
from rimedio.llm.pricing import PriceTable


@pytest.mark.parametrize(
    ("model", "way"),
    [
        ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", Structured.TEXT_FORMAT),
        ("anthropic.claude-3-haiku-20240307-v1:0", Structured.TOOL),
        ("amazon.nova-pro-v1:0", Structured.TOOL),
        ("mistral.mistral-7b-instruct-v0:2", Structured.PROMPT),
        ("somebody.new-model-v1", Structured.TOOL),
    ],
)
def test_the_longest_fitting_card_says_how_json_is_asked_for(model: str, way: Structured) -> None:
    assert card_of(model).structured is way


@pytest.mark.parametrize(
    ("model", "region", "profile", "called"),
    [
        ("a.b", "eu-south-1", Profile.REGIONAL, "eu.a.b"),
        ("a.b", "us-east-1", Profile.REGIONAL, "us.a.b"),
        ("a.b", "us-gov-west-1", Profile.REGIONAL, "us-gov.a.b"),
        ("a.b", "ap-southeast-2", Profile.REGIONAL, "apac.a.b"),
        ("a.b", "il-central-1", Profile.REGIONAL, "a.b"),
        ("a.b", "eu-south-1", Profile.GLOBAL, "global.a.b"),
        ("a.b", "eu-south-1", Profile.NONE, "a.b"),
        ("us.a.b", "eu-south-1", Profile.REGIONAL, "us.a.b"),
        ("arn:aws:bedrock:x", "eu-south-1", Profile.GLOBAL, "arn:aws:bedrock:x"),
    ],
)
def test_the_profile_comes_from_the_region(model: str, region: str, profile: Profile, called: str) -> None:
    assert inference_profile(model, region, profile) == called


def test_counting_wants_the_model_without_its_profile() -> None:
    assert base_model("global.a.b") == base_model("eu.a.b") == base_model("a.b") == "a.b"


def test_options_come_out_of_settings() -> None:
    settings = AwsSettings(
        bedrock_model="a.one",
        bedrock_fallback_models="a.two, a.one,",
        bedrock_guardrail="gr1:4",
        bedrock_region="us-east-1",
        bedrock_prompt_cache="off",
        bedrock_stream_guard="async",
    )
    options = BedrockOptions.from_settings(settings)

    assert options.models == ("us.a.one", "us.a.two")
    assert options.guardrail == GuardrailChoice("gr1", "4")
    assert options.cache_ttl == ""
    assert options.stream_guard is StreamGuard.ASYNC


def test_without_a_model_the_setting_is_named() -> None:
    with pytest.raises(InvalidSetting, match="bedrock_model"):
        BedrockOptions.from_settings(AwsSettings())


@pytest.mark.parametrize(
    ("text", "identifier", "version"),
    [
        ("abc", "abc", "DRAFT"),
        ("abc:12", "abc", "12"),
        ("abc:DRAFT", "abc", "DRAFT"),
        ("arn:aws:bedrock:eu-west-1:1:guardrail/abc", "arn:aws:bedrock:eu-west-1:1:guardrail/abc", "DRAFT"),
        ("arn:aws:bedrock:eu-west-1:1:guardrail/abc:3", "arn:aws:bedrock:eu-west-1:1:guardrail/abc", "3"),
    ],
)
def test_a_guardrail_is_an_id_with_or_without_a_version(text: str, identifier: str, version: str) -> None:
    assert GuardrailChoice.parse(text) == GuardrailChoice(identifier, version)


def test_the_shipped_prices_list_what_bedrock_is_likely_asked_for() -> None:
    prices = PriceTable.shipped()

    assert prices.cost("amazon.titan-embed-text-v2:0/512", 1_000_000, 0) == pytest.approx(0.02)
    regional, world = (
        prices.cost(f"{p}.anthropic.claude-sonnet-4-5-v1:0", 10**6, 0) for p in ("eu", "global")
    )
    assert regional == pytest.approx(1.1 * world)
    assert prices.piece("arn:aws:bedrock:eu-central-1::foundation-model/cohere.rerank-v3-5:0") == 0.002
    assert prices.tier("batch") == 0.5


def test_embedded_tokens_cost_what_their_model_is_listed_with() -> None:
    prices = PriceTable.shipped()

    assert prices.with_embedder("cohere.embed-v4:0/512").units.embedding_per_million_tokens == 0.12
    assert prices.with_embedder("e5-small-latin").units == prices.units
