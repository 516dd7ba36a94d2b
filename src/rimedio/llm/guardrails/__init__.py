"""Guardrails at home: personal data out, injections found, denied topics and dangerous deeds named.

    guardrails = Guardrails()
    seen = guardrails.inspect_request(ticket.symptom_text, [ticket.customer.name], keep=[ticket.asset.serial])
    seen.redaction.text   # what a model may see
    seen.vault            # what an operator needs to restore it

Everything runs in the process with what ships; nothing is asked of a network.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rimedio.domain.answer import SafetyFlag
from rimedio.llm.guardrails.canary import CanaryText, failures
from rimedio.llm.guardrails.injection import InjectionDetector, InjectionVerdict
from rimedio.llm.guardrails.pii import Entity, EntityKind, Redaction, Redactor, Vault, redact, restore
from rimedio.llm.guardrails.safety import find_dangers
from rimedio.llm.guardrails.topics import DeniedTopic, TopicRule, default_topics, find_topics, read_topics


@dataclass(frozen=True, slots=True)
class RequestVerdict:
    """What was found in a request. `redaction.text` is the only form that a model may see."""

    redaction: Redaction
    vault: Vault
    injection: InjectionVerdict
    topics: tuple[DeniedTopic, ...]
    safety_flags: tuple[SafetyFlag, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found that a person should see; personal data alone is no reason."""
        return not (self.injection.flagged or self.topics or self.safety_flags)


class Guardrails:
    """All guardrails behind one door. Safe to share between threads."""

    def __init__(
        self, *, topics: Sequence[TopicRule] | None = None, injection: InjectionDetector | None = None
    ) -> None:
        self._topics = topics
        self._injection = injection or InjectionDetector()

    def inspect_request(
        self, text: str, names: Iterable[str] = (), *, keep: Iterable[str] = (), vault: Vault | None = None
    ) -> RequestVerdict:
        """Inspect what somebody wrote. `names` come from the ticket's fields; `keep` is never redacted.

        Pass the same `vault` for every text of a ticket. Raises ModelUnavailable when the weights are missing.
        """
        kept = Vault() if vault is None else vault
        return RequestVerdict(
            Redactor(names, keep, kept).redact(text),
            kept,
            self._injection.inspect(text),
            find_topics(text, default_topics() if self._topics is None else self._topics),
            find_dangers(text),
        )

    def inspect_passages(self, texts: Sequence[str]) -> tuple[int, ...]:
        """Positions of the retrieved passages that try to give the model orders.

        Manuals give orders and warnings to people all the time, and leaving one out can change the remedy, so
        suspicion must be strong here.
        """
        return tuple(n for n, text in enumerate(texts) if self._injection.inspect_passage(text).flagged)

    def inspect_answer(self, text: str) -> tuple[SafetyFlag, ...]:
        """Dangerous deeds that a remedy asks for."""
        return find_dangers(text)

    def canary(self) -> list[str]:
        """Exercise every part with texts whose verdict is known; what failed, empty when all is well."""
        return failures(self._exercise)

    def _exercise(self, canary: CanaryText) -> set[str]:
        seen = self.inspect_request(canary.text, canary.names)
        found = {str(entity.kind) for entity in seen.redaction.entities}
        found |= {topic.name for topic in seen.topics} | {flag.rule for flag in seen.safety_flags}
        if seen.injection.flagged:
            found.add("injection")
        if restore(seen.redaction.text, seen.vault) != canary.text:
            found.add("text that is not restored")
        return found


__all__ = [
    "DeniedTopic",
    "Entity",
    "EntityKind",
    "Guardrails",
    "InjectionDetector",
    "InjectionVerdict",
    "Redaction",
    "Redactor",
    "RequestVerdict",
    "TopicRule",
    "Vault",
    "default_topics",
    "read_topics",
    "redact",
    "restore",
]
