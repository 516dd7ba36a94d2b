"""A gap is decided by a person while questions join it: neither is lost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import Conflict
from rimedio.learning.gaps import Gap, GapExample, GapStatus, GapStore, GroupQuestions
from rimedio.learning.joining import JoinGaps
from rimedio.learning.likeness import Likeness
from rimedio.learning.questions import Asker, QuestionStore, UnansweredQuestion
from rimedio.learning.state import LearningState
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable

NOW = datetime(2026, 5, 1, tzinfo=UTC)
TEXT = "How loud is the outdoor unit at night?"


@pytest.fixture
def table() -> SqliteTable:
    return SqliteTable(Database(None), FakeClock(NOW))


@pytest.fixture
def gaps(table: SqliteTable) -> GapStore:
    return GapStore(table)


def gap(number: int, count: int = 1) -> Gap:
    at = NOW + timedelta(hours=number)
    examples = (GapExample(TEXT, "en", "TP-8"),)
    return Gap(f"gap_{number}", "acme", TEXT, "en", count, at, at, models=("TP-8",), examples=examples)


def question(number: int) -> UnansweredQuestion:
    return UnansweredQuestion(f"qst_{number}", "acme", TEXT, "en", Asker.ASK, NOW, model="TP-8")


def once(act: Callable[[], object]) -> Callable[[str], Likeness]:
    """Likeness, which is asked for right after the gaps' questions and before the gaps are written."""
    acts = [act]

    class Meanwhile(Likeness):
        def same(self, *args: object) -> float:
            if acts:
                acts.pop()()
            return super().same(*args)  # type: ignore[arg-type]

    return lambda _tenant: Meanwhile()


def test_a_gap_dismissed_while_questions_are_grouped_stays_dismissed_and_counts_them(
    table: SqliteTable, gaps: GapStore
) -> None:
    gaps.save(gap(1))
    questions = QuestionStore(table)
    for number in (1, 2):
        questions.add(question(number))
    likeness = once(lambda: gaps.dismiss("acme", "gap_1", "anna"))
    assert GroupQuestions(questions, gaps, likeness).run("acme") == 2
    now = gaps.get("acme", "gap_1")
    assert (now.status, now.decided_by, now.count) == (GapStatus.DISMISSED, "anna", 3)
    assert questions.waiting("acme") == ()


def test_a_question_that_joins_while_a_gap_is_dismissed_is_not_lost(
    table: SqliteTable, gaps: GapStore
) -> None:
    gaps.save(gap(1))

    class Meanwhile(GapStore):
        def get(self, tenant_id: str, gap_id: str) -> Gap:
            found = super().get(tenant_id, gap_id)
            if found.count == 1:
                gaps.save(gap(1, count=2))
            return found

    dismissed = Meanwhile(table).dismiss("acme", "gap_1", "anna")
    assert (dismissed.status, dismissed.count) == (GapStatus.DISMISSED, 2)
    assert gaps.get("acme", "gap_1") == dismissed


def test_a_gap_that_somebody_else_decided_is_not_decided_again(table: SqliteTable, gaps: GapStore) -> None:
    gaps.save(gap(1))
    read = gaps.get("acme", "gap_1")
    gaps.dismiss("acme", "gap_1", "anna")
    with pytest.raises(Conflict, match="DISMISSED"):
        gaps.change_open(read, status=GapStatus.CLOSED, closed_by=("doc_1",))
    assert gaps.get("acme", "gap_1").decided_by == "anna"


@pytest.mark.parametrize("number", [1, 2])
def test_a_gap_dismissed_while_gaps_are_joined_stays_as_it_was_decided(
    table: SqliteTable, gaps: GapStore, number: int
) -> None:
    for each in (1, 2):
        gaps.save(gap(each))
    likeness = once(lambda: gaps.dismiss("acme", f"gap_{number}", "anna"))
    join = JoinGaps(gaps, likeness, LearningState(table), FakeClock(NOW))
    assert join.run("acme") == 0
    assert gaps.get("acme", f"gap_{number}").status is GapStatus.DISMISSED
    assert gaps.get("acme", f"gap_{3 - number}").status is GapStatus.OPEN
