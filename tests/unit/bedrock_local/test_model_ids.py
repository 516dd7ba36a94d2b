"""A model id, an inference profile and an ARN mean the same model."""

import pytest

from rimedio.bedrock_local.errors import UnknownModel
from rimedio.bedrock_local.model_ids import Kind, read_model_id


@pytest.mark.parametrize(
    ("given", "name", "kind"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-3-haiku-20240307-v1:0", Kind.CHAT),
        ("eu.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0", Kind.CHAT),
        ("global.anthropic.claude-sonnet-4-5-v1:0", "anthropic.claude-sonnet-4-5-v1:0", Kind.CHAT),
        ("amazon.titan-embed-text-v2:0", "amazon.titan-embed-text-v2:0", Kind.EMBED),
        (
            "arn:aws:bedrock:eu-central-1::foundation-model/amazon.rerank-v1:0",
            "amazon.rerank-v1:0",
            Kind.RERANK,
        ),
        (
            "arn:aws:bedrock:eu-south-1:1:inference-profile/eu.amazon.nova-pro-v1:0",
            "amazon.nova-pro-v1:0",
            Kind.CHAT,
        ),
        ("arn:aws:bedrock:eu-south-1:1:application-inference-profile/abc123", "abc123", Kind.CHAT),
    ],
)
def test_ids_are_taken_apart(given: str, name: str, kind: Kind) -> None:
    found = read_model_id(given)
    assert (found.name, found.kind, found.fault, found.known_as) == (name, kind, "", given)


def test_a_fault_follows_the_last_at_sign() -> None:
    found = read_model_id("amazon.nova-lite-v1:0@latency:ms=5")
    assert (found.name, found.fault, found.known_as) == (
        "amazon.nova-lite-v1:0", "latency:ms=5", "amazon.nova-lite-v1:0",
    )  # fmt: skip


@pytest.mark.parametrize("given", ["gpt", "", "nobody.model-v1", "amazon.", "@throttling"])
def test_what_is_no_model_is_refused_in_the_services_words(given: str) -> None:
    with pytest.raises(UnknownModel, match="identifier is invalid"):
        read_model_id(given)
