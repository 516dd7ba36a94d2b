"""Writers give way as the budget goes, and the draft says so."""

import pytest

from rimedio.answering.budgeted import BudgetedWriter
from rimedio.answering.extractive import ExtractiveWriter
from rimedio.answering.question import Question
from rimedio.cost.budgets import Level
from rimedio.domain.answer import Draft, Routing
from rimedio.domain.errors import BudgetReached, ModelUnavailable

QUESTION = Question("error E001", "en", ("E001",))


class Model:
    def __init__(self, name: str, error: Exception | None = None) -> None:
        self.name = name
        self.error = error

    def write(self, question, context):
        if self.error:
            raise self.error
        return Draft("en", (), Routing("fake", self.name, "v1"))


class Gate:
    def __init__(self, level: Level) -> None:
        self._level = level

    def level(self) -> Level:
        return self._level

    def reason(self) -> str:
        return f"budget: {self._level}, $9.00 of $10.00"


def writer(level: Level, tier: Level = Level.FULL, **writers):
    given = {Level.FULL: Model("big"), Level.SMALL_MODEL: Model("small"), Level.EXTRACTIVE: Model("none")}
    given |= {Level(name): made for name, made in writers.items()}
    return BudgetedWriter(tier, {k: v for k, v in given.items() if v is not None}, Gate(level))


@pytest.mark.parametrize(
    ("level", "model"), [(Level.FULL, "big"), (Level.SMALL_MODEL, "small"), (Level.EXTRACTIVE, "none")]
)
def test_each_level_has_its_writer(context, level: Level, model: str) -> None:
    draft = writer(level).write(QUESTION, context())
    assert draft.routing.model == model
    assert draft.routing.fallback_used is (level is not Level.FULL)
    assert (draft.routing.reason is None) is (level is Level.FULL)


def test_the_routing_says_that_the_budget_was_the_reason(context) -> None:
    draft = writer(Level.SMALL_MODEL).write(QUESTION, context())
    assert draft.routing.reason == "budget: SMALL_MODEL, $9.00 of $10.00"


@pytest.mark.parametrize("tier", [Level.FULL, Level.SMALL_MODEL, Level.EXTRACTIVE])
def test_when_all_is_spent_a_person_takes_over_whoever_is_asked(context, tier: Level) -> None:
    with pytest.raises(BudgetReached, match="PERSON"):
        writer(Level.PERSON, tier).write(QUESTION, context())


def test_without_a_smaller_model_the_extractive_writer_follows(context) -> None:
    draft = writer(Level.SMALL_MODEL, SMALL_MODEL=None).write(QUESTION, context())
    assert draft.routing.model == "none"


def test_a_call_that_others_were_quicker_to_make_passes_to_the_next(context) -> None:
    late = Model("big", BudgetReached("budget: others took what was left"))
    draft = writer(Level.FULL, FULL=late).write(QUESTION, context())
    assert draft.routing.model == "small"
    assert draft.routing.reason == "budget: others took what was left"


def test_other_failures_are_left_to_the_workflow(context) -> None:
    with pytest.raises(ModelUnavailable):
        writer(Level.FULL, FULL=Model("big", ModelUnavailable("asleep"))).write(QUESTION, context())


def test_a_writer_of_a_lower_tier_never_climbs(context) -> None:
    assert writer(Level.FULL, Level.EXTRACTIVE).write(QUESTION, context()).routing.model == "none"


def test_the_extractive_writer_works_behind_it_as_before(chunk, context) -> None:
    found = context(chunk("E001\nAction: Close the door.", error_codes=("E001",)))
    alone = BudgetedWriter(Level.EXTRACTIVE, {Level.EXTRACTIVE: ExtractiveWriter()}, Gate(Level.SMALL_MODEL))
    assert alone.write(QUESTION, found) == ExtractiveWriter().write(QUESTION, found)
