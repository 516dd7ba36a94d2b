"""Gaps that turn out to be one become one, once a day."""

from datetime import UTC, datetime, timedelta

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.learning.gaps import Gap, GapExample, GapStatus, GapStore
from rimedio.learning.joining import JoinGaps
from rimedio.learning.likeness import Likeness
from rimedio.learning.state import LearningState
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def gap(
    number: int, *wordings: str, tickets: tuple[str, ...] = (), status: GapStatus = GapStatus.OPEN
) -> Gap:
    at = NOW + timedelta(hours=number)
    return Gap(
        gap_id=f"gap_{number}",
        tenant_id="acme",
        question=wordings[0],
        language="en",
        count=max(1, len(tickets)),
        first_at=at,
        last_at=at,
        status=status,
        tickets=tickets,
        models=("TP-8",),
        examples=tuple(GapExample(text, "en", "TP-8") for text in wordings),
    )


@pytest.fixture
def store() -> GapStore:
    return GapStore(SqliteTable(Database(None), FakeClock(NOW)))


def joining(store: GapStore, clock: FakeClock) -> JoinGaps:
    return JoinGaps(store, lambda _: Likeness(), LearningState(SqliteTable(Database(None), clock)), clock)


def test_the_older_gap_takes_the_younger_in_and_keeps_its_id(store: GapStore) -> None:
    store.save(gap(1, "How loud is the outdoor unit?", tickets=("t1", "t2")))
    store.save(gap(2, "Noise at night", "outdoor unit loud noise at night", tickets=("t2", "t3")))
    store.save(gap(3, "Which subsidies exist?"))
    assert joining(store, FakeClock(NOW)).run("acme") == 1
    left = {g.gap_id: g for g in store.all("acme", GapStatus.OPEN)}
    assert sorted(left) == ["gap_1", "gap_3"]
    assert (left["gap_1"].count, left["gap_1"].tickets) == (3, ("t1", "t2", "t3"))
    assert left["gap_1"].last_at == NOW + timedelta(hours=2)


def test_decided_gaps_are_left_alone(store: GapStore) -> None:
    store.save(gap(1, "How loud is the outdoor unit?", status=GapStatus.DISMISSED))
    store.save(gap(2, "How loud is the outdoor unit?"))
    assert joining(store, FakeClock(NOW)).run("acme") == 0


def test_it_is_done_once_a_day(store: GapStore) -> None:
    clock = FakeClock(NOW)
    join = joining(store, clock)
    store.save(gap(1, "How loud is the outdoor unit?"))
    assert join.run_when_due("acme") == 0
    store.save(gap(2, "How loud is the outdoor unit?"))
    assert join.run_when_due("acme") == 0
    clock.advance(24 * 3600)
    assert join.run_when_due("acme") == 1
