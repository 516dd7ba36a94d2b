"""InvokeGuardrailChecks: single checks without a guardrail, as far as the laptop has a detector for them.

Prompt attacks and personal data are looked for; for the content categories (violence, hate …) there is no model
here, and a made-up score would be worse than a refusal.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from rimedio.bedrock_local.errors import ValidationError
from rimedio.bedrock_local.guarding import PII_TYPES, UNIT_CHARS
from rimedio.bedrock_local.models import LaptopModels

JsonObject = dict[str, Any]
_SURE = 0.99  # what check digits and grammar found; they know no shades
_READ_ROLES = ("user",)


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel)


class _Text(_Part):
    text: Annotated[str, Field(min_length=1)]


class _Message(_Part):
    role: Literal["user", "assistant", "system"]
    content: Annotated[list[_Text], Field(min_length=1)]


class _Attack(_Part):
    category: Literal["JAILBREAK", "PROMPT_INJECTION", "PROMPT_LEAKAGE"]


class _Attacks(_Part):
    categories: Annotated[list[_Attack], Field(min_length=1, max_length=3)]


class _Entity(_Part):
    type: str


class _Entities(_Part):
    entities: Annotated[list[_Entity], Field(min_length=1, max_length=31)]


class _Checks(_Part):
    content_filter: JsonObject | None = None
    prompt_attack: _Attacks | None = None
    sensitive_information: _Entities | None = None


class ChecksBody(_Part):
    """The body of InvokeGuardrailChecks."""

    messages: Annotated[list[_Message], Field(min_length=1)]
    checks: _Checks


def guardrail_checks(models: LaptopModels, body: ChecksBody) -> JsonObject:
    """The response. Raises ValidationError for checks that the laptop cannot make."""
    checks = body.checks
    if checks.content_filter is not None:
        raise ValidationError("checks.contentFilter: the laptop has no model for these categories.")
    results: JsonObject = {}
    texts = [text.text for message in body.messages for text in message.content]
    if checks.prompt_attack is not None:
        results["promptAttack"] = {"results": _attacks(models, body, checks.prompt_attack)}
    if checks.sensitive_information is not None:
        wanted = {entity.type for entity in checks.sensitive_information.entities}
        results["sensitiveInformation"] = {"results": _personal(body, wanted)}
    units = {"textUnits": ceil(sum(map(len, texts)) / UNIT_CHARS)}
    return {"results": results, "usage": dict.fromkeys(results, units)}


def _attacks(models: LaptopModels, body: ChecksBody, asked: _Attacks) -> Sequence[Mapping[str, object]]:
    """One score for every category: the laptop's detector knows attacks, not their kinds."""
    said = [t.text for m in body.messages if m.role in _READ_ROLES for t in m.content]
    worst = max((models.guardrails.inspect_request(text).injection.probability for text in said), default=0.0)
    return [{"category": c.category, "severityScore": round(worst, 4)} for c in asked.categories]


def _personal(body: ChecksBody, wanted: set[str]) -> list[JsonObject]:
    from rimedio.llm.guardrails.pii import redact

    found: list[JsonObject] = []
    for message_index, message in enumerate(body.messages):
        for content_index, part in enumerate(message.content):
            for entity in redact(part.text).entities:
                kind = PII_TYPES.get(entity.kind)
                if kind in wanted:
                    place = {"messageIndex": message_index, "contentIndex": content_index}
                    offsets = {"beginOffset": entity.start, "endOffset": entity.end}
                    found.append({"type": kind, "confidenceScore": _SURE, **offsets, **place})
    return found
