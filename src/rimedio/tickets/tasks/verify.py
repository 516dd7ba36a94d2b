"""Check every sentence against its quoted passage."""

from dataclasses import dataclass

from rimedio.answering.context import Context
from rimedio.domain.answer import Draft, Verification
from rimedio.tickets.parts import TaskParts
from rimedio.tickets.tasks.task import Task


@dataclass(frozen=True, slots=True)
class VerifyInput:
    """A draft and the passages it cites."""

    tenant_id: str
    ticket_id: str
    context: Context
    draft: Draft


def verify(parts: TaskParts, given: VerifyInput) -> Verification:
    """One claim a sentence, with its verdict."""
    return parts.answerer.verify(given.draft, given.context)


TASK = Task("verify", VerifyInput, Verification, verify)
