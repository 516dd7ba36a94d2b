"""Dangerous instructions in a draft, found before anybody sees it."""

from collections.abc import Callable
from dataclasses import dataclass

from rimedio.answering.context import Context
from rimedio.domain.answer import Draft, SafetyFlag

InspectAnswer = Callable[[str], tuple[SafetyFlag, ...]]


@dataclass(frozen=True, slots=True)
class DraftSafety:
    """A `SafetyCheck` that reads a draft's sentences in their order: an isolation step before makes safe."""

    inspect: InspectAnswer

    def check(self, draft: Draft, _context: Context) -> tuple[SafetyFlag, ...]:
        """What is dangerous in a draft."""
        text = "\n".join(sentence.text for sentence in draft.sentences)
        return self.inspect(text) if text else ()


def no_safety(_text: str) -> tuple[SafetyFlag, ...]:
    """Finds nothing: the setting `guardrails` is off."""
    return ()
