"""The guardrails of this process behind the tasks' port."""

from collections.abc import Sequence
from dataclasses import dataclass

from rimedio.domain.knowledge import Passage
from rimedio.llm.guardrails import Guardrails
from rimedio.tickets.parts import InspectedText


@dataclass(frozen=True, slots=True)
class GuardrailsGuard:
    """A `RequestGuard` on the guardrails of this process."""

    guardrails: Guardrails

    def inspect_request(self, text: str, names: Sequence[str], keep: Sequence[str]) -> InspectedText:
        """Personal data out, injection, denied topics and unsafe wishes named."""
        seen = self.guardrails.inspect_request(text, names, keep=keep)
        counts: dict[str, int] = {}
        for entity in seen.redaction.entities:
            counts[entity.kind] = counts.get(entity.kind, 0) + 1
        return InspectedText(
            text=seen.redaction.text,
            redacted=counts,
            vault=seen.vault.to_json() if counts else "",
            injection=seen.injection.flagged,
            denied=tuple(topic.name for topic in seen.topics),
            dangers=tuple(flag.message for flag in seen.safety_flags),
        )

    def suspicious(self, passages: Sequence[Passage]) -> frozenset[str]:
        """Ids of chunks that the injection detector flags."""
        flagged = self.guardrails.inspect_passages([p.chunk.text for p in passages])
        return frozenset(passages[i].chunk.chunk_id for i in flagged)
