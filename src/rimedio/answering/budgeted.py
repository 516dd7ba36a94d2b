"""Chooses the writer that the budget still allows: best model, smaller model, extractive, or nobody."""

from collections.abc import Mapping
from typing import Protocol

from rimedio.answering.context import Context
from rimedio.answering.question import Question
from rimedio.answering.writers import Writer, after_failures
from rimedio.cost.budgets import LEVELS, Level
from rimedio.cost.metered_chat import one_piece_of_work
from rimedio.domain.answer import Draft
from rimedio.domain.errors import BudgetReached


class Gate(Protocol):
    """Says how far the budget has come."""

    def level(self) -> Level:
        """What may be paid for now."""
        ...

    def reason(self) -> str:
        """The level and why, in one line."""
        ...


class BudgetedWriter:
    """A `Writer` that stands for the writer of its own tier, and gives way to those below as money goes.

    The routing of a draft that another one wrote says so and why.
    """

    def __init__(self, tier: Level, writers: Mapping[Level, Writer], gate: Gate) -> None:
        """`writers` by the last level at which each may write; a tier without one passes to the next."""
        self._tier = tier
        self._writers = writers
        self._gate = gate

    def write(self, question: Question, context: Context) -> Draft:
        """The draft of the best writer that is let in. Raises BudgetReached when a person must take over."""
        reached = self._gate.level()
        refusals = [self._gate.reason()] if reached.depth > self._tier.depth else []
        for tier in LEVELS[max(self._tier.depth, reached.depth) :]:
            writer = self._writers.get(tier)
            if writer is None:
                continue
            try:
                with one_piece_of_work():
                    draft = writer.write(question, context)
            except BudgetReached as error:  # others took what was left since the level was read
                refusals.append(str(error))
                continue
            return after_failures(draft, refusals)
        raise BudgetReached(" | ".join(refusals) or self._gate.reason())
