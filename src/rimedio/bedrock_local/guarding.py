"""Guardrails on requests and answers, by the laptop's own: personal data, prompt attacks, denied topics, grounding.

The assessment has the shape of the service's API model, so it serves ApplyGuardrail, Converse's trace and
InvokeModel alike. Source of the rules: a masked text counts as intervened; tool inputs are not looked at.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from rimedio.bedrock_local.grounding import assessed
from rimedio.bedrock_local.guardrail_policy import GuardrailPolicy, PiiAction
from rimedio.bedrock_local.models import LaptopModels
from rimedio.bedrock_local.prompt import Guarded
from rimedio.llm.guardrails.pii import EntityKind

JsonObject = dict[str, Any]
UNIT_CHARS = 1000  # a text unit, by which guardrails are billed
PII_TYPES: Mapping[EntityKind, str] = {
    EntityKind.EMAIL: "EMAIL",
    EntityKind.IBAN: "INTERNATIONAL_BANK_ACCOUNT_NUMBER",
    EntityKind.CARD: "CREDIT_DEBIT_CARD_NUMBER",
    EntityKind.IP: "IP_ADDRESS",
    EntityKind.PHONE: "PHONE",
    EntityKind.PERSON: "NAME",
}
_REGEX: Mapping[EntityKind, str] = {EntityKind.TAX_CODE: "TAX_CODE", EntityKind.VAT_NUMBER: "VAT_NUMBER"}
_HIGH, _MEDIUM = 0.8, 0.5
GROUNDING_SOURCE, QUERY = "grounding_source", "query"


@dataclass(frozen=True, slots=True)
class Assessed:
    """What a guardrail found. `texts` are the guarded texts as they may be shown."""

    blocked: bool
    masked: bool
    assessment: JsonObject
    texts: tuple[str, ...]
    usage: JsonObject

    @property
    def intervened(self) -> bool:
        """Whether anything was blocked or masked."""
        return self.blocked or self.masked

    @property
    def reason(self) -> str:
        """Why, in the service's words."""
        return "Guardrail blocked." if self.blocked else "Guardrail masked." if self.masked else "No action."


class Guard:
    """Looks at texts by a policy. Safe to use from many threads."""

    def __init__(self, models: LaptopModels) -> None:
        self._models = models

    def look(self, policy: GuardrailPolicy, parts: Sequence[Guarded], *, output: bool) -> Assessed:
        """The verdict on `parts`; those marked as source or query only serve to judge the others."""
        sources = [p.text for p in parts if GROUNDING_SOURCE in p.qualifiers]
        queries = [p.text for p in parts if QUERY in p.qualifiers]
        # A query is guarded content of a request; of an answer it is what the answer is measured by.
        bare = {GROUNDING_SOURCE, QUERY} if output else {GROUNDING_SOURCE}
        guarded = [p.text for p in parts if not bare & set(p.qualifiers) or "guard_content" in p.qualifiers]
        texts, pii = self._personal(policy, guarded)
        found: JsonObject = dict(pii)
        blocked = policy.personal_data is PiiAction.BLOCK and bool(pii)
        for more in (
            self._attack(policy, guarded, output),
            self._topics(policy, guarded),
            _words(policy, guarded),
        ):
            found |= more
            blocked = blocked or bool(more)
        grounded, failed = self._grounded(policy, guarded, sources, queries) if output else ({}, False)
        found |= grounded
        masked = policy.personal_data is PiiAction.ANONYMIZE and bool(pii)
        return Assessed(
            blocked or failed,
            masked,
            found,
            tuple(texts),
            _usage(policy, guarded, sources if grounded else ()),
        )

    def _personal(self, policy: GuardrailPolicy, texts: Sequence[str]) -> tuple[list[str], JsonObject]:
        if policy.personal_data is PiiAction.NONE:
            return list(texts), {}
        action = "BLOCKED" if policy.personal_data is PiiAction.BLOCK else "ANONYMIZED"
        shown: list[str] = []
        entities: list[JsonObject] = []
        regexes: list[JsonObject] = []
        for text in texts:
            masked = text
            for entity in self._redacted(text):
                known = {"match": entity.text, "action": action, "detected": True}
                if entity.kind in PII_TYPES:
                    entities.append(known | {"type": PII_TYPES[entity.kind]})
                else:
                    regexes.append(known | {"name": _REGEX[entity.kind]})
                name = PII_TYPES.get(entity.kind) or _REGEX[entity.kind]
                masked = masked.replace(entity.text, f"{{{name}}}")
            shown.append(masked)
        if not entities and not regexes:
            return shown, {}
        return shown, {"sensitiveInformationPolicy": {"piiEntities": entities, "regexes": regexes}}

    def _redacted(self, text: str) -> Sequence[Any]:
        from rimedio.llm.guardrails.pii import redact

        return redact(text).entities

    def _attack(self, policy: GuardrailPolicy, texts: Sequence[str], output: bool) -> JsonObject:
        if not policy.prompt_attacks or output:
            return {}
        worst = max((v.injection for v in map(self._models.guardrails.inspect_request, texts)),
                    key=lambda v: v.probability, default=None)  # fmt: skip
        if worst is None or not worst.flagged:
            return {}
        sure = "HIGH" if worst.probability >= _HIGH else "MEDIUM" if worst.probability >= _MEDIUM else "LOW"
        found = {"type": "PROMPT_ATTACK", "confidence": sure, "filterStrength": "HIGH", "action": "BLOCKED"}
        return {"contentPolicy": {"filters": [found | {"detected": True}]}}

    def _topics(self, policy: GuardrailPolicy, texts: Sequence[str]) -> JsonObject:
        if not policy.topics:
            return {}
        found = dict.fromkeys(
            t.name for text in texts for t in self._models.guardrails.inspect_request(text).topics
        )
        topics = [{"name": n, "type": "DENY", "action": "BLOCKED", "detected": True} for n in found]
        return {"topicPolicy": {"topics": topics}} if topics else {}

    def _grounded(
        self, policy: GuardrailPolicy, texts: Sequence[str], sources: Sequence[str], queries: Sequence[str]
    ) -> tuple[JsonObject, bool]:
        if not sources or (policy.grounding is None and policy.relevance is None):
            return {}, False
        scores = assessed(self._models.verifier, "\n".join(texts), sources, "\n".join(queries))
        filters: list[JsonObject] = []
        for kind, limit, score in (
            ("GROUNDING", policy.grounding, scores.grounding),
            ("RELEVANCE", policy.relevance, scores.relevance),
        ):
            if limit is not None:
                low = score < limit
                filters.append({"type": kind, "threshold": limit, "score": score, "detected": low}
                               | {"action": "BLOCKED" if low else "NONE"})  # fmt: skip
        return {"contextualGroundingPolicy": {"filters": filters}}, any(f["detected"] for f in filters)


def _words(policy: GuardrailPolicy, texts: Sequence[str]) -> JsonObject:
    found = [
        w
        for w in policy.words
        if any(re.search(rf"(?<!\w){re.escape(w)}(?!\w)", t, re.IGNORECASE) for t in texts)
    ]
    custom = [{"match": w, "action": "BLOCKED", "detected": True} for w in found]
    return {"wordPolicy": {"customWords": custom, "managedWordLists": []}} if custom else {}


def _usage(policy: GuardrailPolicy, texts: Sequence[str], sources: Sequence[str]) -> JsonObject:
    """Text units by policy; a policy that is off costs none."""
    units = ceil(sum(map(len, texts)) / UNIT_CHARS)
    return {
        "topicPolicyUnits": units * policy.topics,
        "contentPolicyUnits": units * policy.prompt_attacks,
        "wordPolicyUnits": units * bool(policy.words),
        "sensitiveInformationPolicyUnits": units * (policy.personal_data is not PiiAction.NONE),
        "sensitiveInformationPolicyFreeUnits": 0,
        "contextualGroundingPolicyUnits": ceil(sum(map(len, (*texts, *sources))) / UNIT_CHARS)
        if sources
        else 0,
    }
