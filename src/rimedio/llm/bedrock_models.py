"""What a model of Bedrock can do, by its id: read from `bedrock_models.json`, never known to code or prose."""

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

from rimedio.domain.errors import InvalidSetting


class Structured(StrEnum):
    """How a model is made to answer in JSON of a given schema, strictest first."""

    TEXT_FORMAT = "text_format"  # Converse's outputConfig: the decoder itself keeps to the schema
    TOOL = "tool"  # a tool that it must call, whose arguments are the answer
    PROMPT = "prompt"  # only asked for in words


class Profile(StrEnum):
    """Where a call may be served: in the region alone, on its continent, anywhere."""

    NONE = "none"
    REGIONAL = "regional"
    GLOBAL = "global"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model. `cache_tokens_min` is the shortest beginning that its prompt cache keeps; None: it has none."""

    structured: Structured = Structured.TOOL
    cache_tokens_min: int | None = None
    counts_tokens: bool = False
    system: bool = True
    temperature: bool = True


# What a refusal names, and how to ask then.
_LOOSER = {
    Structured.TEXT_FORMAT: (
        ("outputconfig", "output_config", "structured output", "json_schema", "json schema"),
        Structured.TOOL,
    ),
    Structured.TOOL: (("tool",), Structured.PROMPT),
}
_PREFIXES = ("global.", "us-gov.", "us.", "eu.", "apac.", "jp.", "au.", "ca.", "sa.")
_CONTINENTS = (("us-gov-", "us-gov."), ("us-", "us."), ("eu-", "eu."), ("ap-", "apac."))


def card_of(model: str) -> ModelCard:
    """The card of the longest name that fits `model`."""
    fitting = [name for name in _cards() if fnmatchcase(model.lower(), name)]
    return _cards()[max(fitting, key=len)] if fitting else ModelCard()


def inference_profile(model: str, region: str, profile: Profile) -> str:
    """The id to call: `model` with the prefix of the profile, unless it has one, is an ARN, or is served alone.

    Cross-region inference needs the prefix, and many models are offered in no other way; a region without a
    continent of its own keeps the plain id.
    """
    if profile is Profile.NONE or model.startswith(("arn:", "local.", *_PREFIXES)):
        return model
    if profile is Profile.GLOBAL:
        return f"global.{model}"
    return next((f"{prefix}{model}" for start, prefix in _CONTINENTS if region.startswith(start)), model)


def base_model(model: str) -> str:
    """The model itself, without the prefix of a profile: what CountTokens wants."""
    return next((model[len(prefix) :] for prefix in _PREFIXES if model.startswith(prefix)), model)


def looser_card(card: ModelCard, refusal: str, *, wants_json: bool) -> ModelCard | None:
    """The card of a model that refuses what its card promises; None where the refusal is about something else."""
    said = refusal.lower()
    if card.temperature and "temperature" in said:
        return replace(card, temperature=False)
    words, way = _LOOSER.get(card.structured, ((), card.structured))
    return replace(card, structured=way) if wants_json and any(word in said for word in words) else None


@cache
def _cards() -> dict[str, ModelCard]:
    text = (files("rimedio.llm") / "bedrock_models.json").read_text("utf-8")
    try:
        raw = json.loads(text)["models"]
        return {
            name: ModelCard(
                **(fields | {"structured": Structured(fields.get("structured", Structured.TOOL))})
            )
            for name, fields in raw.items()
        }
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidSetting(
            f"bedrock_models.json is not valid: {error}. Compare it with ModelCard."
        ) from error
