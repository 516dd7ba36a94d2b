"""What ApplyGuardrail found, in types."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rimedio.llm.bedrock_requests import GROUNDING_QUERY_CHARS_MAX, GROUNDING_SOURCE_CHARS_MAX
from rimedio.llm.pricing import PriceTable

BLOCKED, ANONYMIZED = "BLOCKED", "ANONYMIZED"
PROMPT_ATTACK = "PROMPT_ATTACK"
UNIT_CHARS = 1_000  # a text unit of a guardrail's price
_PRICED = (
    ("guardrail.topic", "topicPolicyUnits"),
    ("guardrail.content", "contentPolicyUnits"),
    ("guardrail.pii", "sensitiveInformationPolicyUnits"),
    ("guardrail.grounding", "contextualGroundingPolicyUnits"),
)


class GuardSource(StrEnum):
    """Whose words are judged."""

    INPUT = "INPUT"
    OUTPUT = "OUTPUT"


@dataclass(frozen=True, slots=True)
class FoundDatum:
    """A personal datum: Bedrock's kind, or the name of a regular expression, and the words."""

    kind: str
    text: str
    action: str


@dataclass(frozen=True, slots=True)
class GuardVerdict:
    """The verdict on one text. `text` is what may be passed on: as it was, masked, or the blocked message.

    Scores of contextual grounding are 0..1, None where they were not asked for.
    """

    intervened: bool
    blocked: bool
    text: str
    topics: tuple[str, ...] = ()
    contents: tuple[str, ...] = ()
    data: tuple[FoundDatum, ...] = ()
    grounding: float | None = None
    relevance: float | None = None
    cost_usd: float = 0.0

    @property
    def prompt_attack(self) -> bool:
        """Whether the text tries to give the model orders."""
        return PROMPT_ATTACK in self.contents

    @property
    def reasons(self) -> tuple[str, ...]:
        """What was found, in words for a log."""
        return (*self.topics, *self.contents, *sorted({d.kind for d in self.data}))


def guard_content(text: str, query: str, sources: Sequence[str]) -> list[dict[str, Any]]:
    """The content to judge; with a question and its passages, contextual grounding is judged too."""
    judged: dict[str, Any] = {"text": {"text": text}}
    asked = bool(query and sources) and len(query) <= GROUNDING_QUERY_CHARS_MAX
    if not asked or sum(map(len, sources)) > GROUNDING_SOURCE_CHARS_MAX:
        return [judged]
    judged["text"]["qualifiers"] = ["guard_content"]
    found = [{"text": {"text": source, "qualifiers": ["grounding_source"]}} for source in sources]
    return [*found, {"text": {"text": query, "qualifiers": ["query"]}}, judged]


def plain_words(reply: str) -> str:
    """What a reply in JSON says to people: its members called `text`, else all its words; other replies whole.

    Keys, numbers of passages and quotes are no sentences: judged with them, a grounded answer looks like none.
    """
    try:
        value = json.loads(reply)
    except ValueError:
        return reply
    return "\n".join(_said(value, ("text",)) or _said(value, None)) or reply


def _said(value: Any, names: tuple[str, ...] | None, name: str = "") -> list[str]:
    if isinstance(value, str):
        return [value] if names is None or name in names else []
    members = (
        value.items()
        if isinstance(value, dict)
        else ((name, item) for item in value or ())
        if isinstance(value, list)
        else ()
    )
    return [text for key, item in members for text in _said(item, names, key)]


def verdict_of(body: Mapping[str, Any], text: str, prices: PriceTable) -> GuardVerdict:
    """The verdict in an answer of ApplyGuardrail on `text`."""
    intervened = body.get("action") == "GUARDRAIL_INTERVENED"
    outputs = "".join(str(part.get("text", "")) for part in body.get("outputs") or ())
    topics, contents, data, actions = [], [], [], set()
    scores: dict[str, float] = {}
    for assessment in body.get("assessments") or ():
        for topic in _found(assessment, "topicPolicy", "topics"):
            topics.append(str(topic.get("name")))
            actions.add(topic.get("action"))
        for content in _found(assessment, "contentPolicy", "filters"):
            contents.append(str(content.get("type")))
            actions.add(content.get("action"))
        for kind in ("piiEntities", "regexes"):
            for datum in _found(assessment, "sensitiveInformationPolicy", kind):
                name, action = str(datum.get("type") or datum.get("name")), str(datum.get("action"))
                data.append(FoundDatum(name, str(datum.get("match", "")), action))
                actions.add(action)
        for score in (assessment.get("contextualGroundingPolicy") or {}).get("filters") or ():
            scores[str(score.get("type"))] = float(score.get("score", 0.0))
            actions.add(score.get("action"))
    return GuardVerdict(
        intervened=intervened,
        blocked=intervened and (BLOCKED in actions or ANONYMIZED not in actions),
        text=outputs if intervened and outputs else text,
        topics=tuple(dict.fromkeys(topics)),
        contents=tuple(dict.fromkeys(contents)),
        data=tuple(data),
        grounding=scores.get("GROUNDING"),
        relevance=scores.get("RELEVANCE"),
        cost_usd=_cost(body.get("usage") or {}, prices),
    )


def traced_cost(answer: Mapping[str, Any], prices: PriceTable) -> float:
    """USD for the guardrail inside a call of Converse, by the trace that `guardrailConfig` asks for."""
    trace = (answer.get("trace") or {}).get("guardrail") or {}
    judged = [*(trace.get("inputAssessment") or {}).values()]
    for several in (trace.get("outputAssessments") or {}).values():
        judged.extend(several)
    usages = ((one.get("invocationMetrics") or {}).get("usage") or {} for one in judged)
    return sum(_cost(usage, prices) for usage in usages)


def _found(assessment: Mapping[str, Any], policy: str, kind: str) -> Iterable[Mapping[str, Any]]:
    """What a policy detected, whether or not it acts on it."""
    for item in (assessment.get(policy) or {}).get(kind) or ():
        if item.get("detected", True):
            yield item


def _cost(usage: Mapping[str, Any], prices: PriceTable) -> float:
    return sum(int(usage.get(units, 0)) * prices.piece(name) for name, units in _PRICED)
