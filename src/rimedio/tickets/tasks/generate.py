"""Write the remedy."""

from dataclasses import dataclass

from rimedio.answering.answer import PRIMARY
from rimedio.answering.context import Context
from rimedio.answering.question import Question
from rimedio.domain.answer import Draft
from rimedio.tickets.parts import TaskParts
from rimedio.tickets.tasks.task import Task


@dataclass(frozen=True, slots=True)
class StepFailure:
    """What the workflow caught."""

    Error: str = ""
    Cause: str = ""


@dataclass(frozen=True, slots=True)
class GenerateInput:
    """The question as search understood it, the passages, who is to write and after whose failure."""

    tenant_id: str
    ticket_id: str
    question: Question
    context: Context
    writer: str = PRIMARY
    after: StepFailure | None = None


def generate(parts: TaskParts, given: GenerateInput) -> Draft:
    """A draft by the writer named. Raises Throttled, ModelUnavailable, GenerationFailed."""
    after = f"{given.after.Error}: {given.after.Cause}" if given.after else ""
    return parts.answerer.write(given.question, given.context, given.writer, after)


TASK = Task("generate", GenerateInput, Draft, generate)
