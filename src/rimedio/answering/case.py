"""All that is known of one answer when its outcome is decided."""

from dataclasses import dataclass

from rimedio.answering.context import Context
from rimedio.answering.question import Question, Retrieved
from rimedio.domain.answer import Draft, SafetyFlag, Verification


@dataclass(frozen=True, slots=True)
class AnswerCase:
    """What a decision may look at."""

    question: Question
    retrieved: Retrieved
    context: Context
    draft: Draft
    verification: Verification
    safety_flags: tuple[SafetyFlag, ...] = ()
    flags: tuple[str, ...] = ()  # what earlier steps noted, such as "category-uncertain"
    asked: int = 0  # how often the customer was asked already
