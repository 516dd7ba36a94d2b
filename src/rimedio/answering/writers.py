"""Who writes a draft: one writer, or several in order of preference."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from rimedio.answering.context import Context
from rimedio.answering.question import Question
from rimedio.domain.answer import Draft
from rimedio.domain.errors import GenerationFailed, PolicyRefused, Unavailable


class Writer(Protocol):
    """Writes a draft from numbered passages. Raises Unavailable's kin when it cannot."""

    def write(self, question: Question, context: Context) -> Draft:
        """A draft; no steps when the passages do not answer."""
        ...


class WriterChain:
    """Tries writers in order; the draft's routing says which one wrote and why the others did not."""

    def __init__(self, writers: Sequence[Writer]) -> None:
        if not writers:
            raise GenerationFailed("No writer is configured. Set `generator` to extractive.")
        self._writers = tuple(writers)

    def write(self, question: Question, context: Context) -> Draft:
        """The first draft that a writer manages. Raises GenerationFailed when none does."""
        reasons: list[str] = []
        for writer in self._writers:
            try:
                draft = writer.write(question, context)
            except (Unavailable, PolicyRefused) as error:
                reasons.append(str(error))
                continue
            return after_failures(draft, reasons)
        msg = f"No writer could answer: {' | '.join(reasons)}"
        raise GenerationFailed(msg)


def after_failures(draft: Draft, reasons: Sequence[str]) -> Draft:
    """The draft with a record that others were tried before."""
    if not reasons:
        return draft
    said = [*reasons, *([draft.routing.reason] if draft.routing.reason else [])]
    return replace(draft, routing=replace(draft.routing, fallback_used=True, reason=" | ".join(said)))
