"""What every archive must do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rimedio.domain.clock import SeededIds
from rimedio.domain.errors import Conflict, InvalidInput, NotFound
from rimedio.events.archive import DEFAULT_ARCHIVE, Archive, EventArchive, ReplayState
from rimedio.events.bus import EVERY_TENANT
from rimedio.events.sqlite_archive import SqliteArchive

ALL = {"source": ["rimedio.tickets"]}
AT_HOME = pytest.mark.parametrize("home", ["sqlite-memory", "sqlite-file"], indirect=True)
START = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)


@pytest.fixture
def archive(home) -> EventArchive:
    made = home.make_archive()
    made.put_archive(Archive(EVERY_TENANT, DEFAULT_ARCHIVE, 30))
    return made


def put(home, count: int, tenant: str = "acme", first: int = 0) -> None:
    """One event a minute, named by its number."""
    for n in range(first, first + count):
        home.bus.put_events((home.event(str(n), tenant),))
        home.clock.advance(60)
    home.work()


def replay_all(archive: EventArchive) -> None:
    while archive.run_once():
        pass
    archive.run_once()


def names(home) -> list[str]:
    return [event.detail["name"] for event in home.received]


def test_events_are_kept_and_found_by_time_and_kind(home, archive) -> None:
    put(home, 5)
    found = archive.events("acme").items
    assert [e.detail["name"] for e in found] == ["4", "3", "2", "1", "0"]
    since, until = START + timedelta(minutes=1), START + timedelta(minutes=3)
    assert [e.detail["name"] for e in archive.events("acme", since=since, until=until).items] == ["2", "1"]
    assert archive.events("acme", detail_type="Nothing").items == ()
    assert archive.events("other").items == ()


def test_archived_events_come_in_pages(home, archive) -> None:
    put(home, 5)
    seen, cursor = [], None
    for _ in range(3):
        page = archive.events("acme", limit=2, cursor=cursor)
        seen += [e.detail["name"] for e in page.items]
        cursor = page.cursor
    assert seen == ["4", "3", "2", "1", "0"]
    assert cursor is None
    with pytest.raises(InvalidInput):
        archive.events("acme", cursor="nonsense")


def test_an_archive_with_a_pattern_keeps_what_matches(home, archive) -> None:
    archive.put_archive(Archive("acme", "odd", 30, {"detail": {"name": ["1", "3"]}}))
    put(home, 4)
    home.listen(ALL)
    archive.start_replay("acme", START, home.clock.now(), archive="odd")
    replay_all(archive)
    home.work()
    assert sorted(names(home)) == ["1", "3"]


def test_a_replay_hands_a_range_to_the_rules_of_today_under_its_name(home, archive) -> None:
    put(home, 5)
    home.listen(ALL)
    made = archive.start_replay("acme", START + timedelta(minutes=1), START + timedelta(minutes=4))
    assert made.status is ReplayState.STARTING
    replay_all(archive)
    home.work()
    assert sorted(names(home)) == ["1", "2", "3"]
    assert {e.replay_name for e in home.received} == {made.name}
    done = archive.replay("acme", made.replay_id)
    assert (done.status, done.replayed) == (ReplayState.COMPLETED, 3)
    assert done.last_event_at == START + timedelta(minutes=3)
    assert len(archive.events("acme", limit=100).items) == 5


def test_a_replay_to_named_rules_reaches_no_others(home, archive) -> None:
    put(home, 2)
    home.listen(ALL, name="one")
    home.listen(ALL, name="two")
    archive.start_replay("acme", START, home.clock.now(), rules=["two"])
    replay_all(archive)
    home.work()
    assert sorted(names(home)) == ["0", "1"]
    with pytest.raises(NotFound):
        archive.start_replay("acme", START, home.clock.now(), rules=["three"])


def test_the_same_replay_twice_delivers_once_and_another_range_under_its_name_is_refused(
    home, archive
) -> None:
    put(home, 3)
    home.listen(ALL)
    until = home.clock.now()
    first = archive.start_replay("acme", START, until, name="mend")
    replay_all(archive)
    second = archive.start_replay("acme", START, until, name="mend")
    replay_all(archive)
    home.work()
    assert second.replay_id == first.replay_id
    assert sorted(names(home)) == ["0", "1", "2"]
    with pytest.raises(Conflict):
        archive.start_replay("acme", START, until - timedelta(minutes=1), name="mend")


@AT_HOME
def test_a_replay_goes_on_where_the_process_died(home, archive) -> None:
    put(home, 250)
    home.listen(ALL)
    archive.start_replay("acme", START, home.clock.now())
    archive.run_once()
    reborn = SqliteArchive(home.database, home.bus, home.clock, SeededIds(2))
    replay_all(reborn)
    home.work()
    assert names(home) == [str(n) for n in range(250)]


def test_a_tenant_replays_its_own_events_only(home, archive) -> None:
    put(home, 2, "acme")
    put(home, 2, "other", first=10)
    home.listen(ALL, tenant=EVERY_TENANT)
    archive.start_replay("other", START, home.clock.now())
    replay_all(archive)
    home.work()
    assert sorted(names(home)) == ["10", "11"]
    assert archive.replays("acme") == ()


@AT_HOME
def test_a_replay_can_be_stopped_and_is_not_stopped_twice(home, archive) -> None:
    put(home, 150)
    home.listen(ALL)
    made = archive.start_replay("acme", START, home.clock.now())
    archive.run_once()
    assert archive.cancel_replay("acme", made.replay_id).status is ReplayState.CANCELLED
    replay_all(archive)
    assert archive.replay("acme", made.replay_id).replayed == 100
    with pytest.raises(Conflict):
        archive.cancel_replay("acme", made.replay_id)
    with pytest.raises(NotFound):
        archive.cancel_replay("other", made.replay_id)


@AT_HOME
def test_a_replay_that_is_stopped_while_it_hands_over_stays_stopped(home, archive, monkeypatch) -> None:
    put(home, 3)
    home.listen(ALL)
    made = archive.start_replay("acme", START, home.clock.now())
    waiting = home.bus.waiting

    def stopped_just_now() -> int:
        archive.cancel_replay("acme", made.replay_id)
        return waiting()

    monkeypatch.setattr(home.bus, "waiting", stopped_just_now)
    assert archive.run_once() == 0
    stopped = archive.replay("acme", made.replay_id)
    assert (stopped.status, stopped.replayed) == (ReplayState.CANCELLED, 0)
    home.work()
    assert names(home) == []


@AT_HOME
def test_replays_are_bounded_and_ranges_checked(home, archive) -> None:
    with pytest.raises(InvalidInput):
        archive.start_replay("acme", START, START)
    for n in range(10):
        archive.start_replay("acme", START, START + timedelta(minutes=1), name=str(n))
    with pytest.raises(Conflict):
        archive.start_replay("acme", START, START + timedelta(minutes=1))


@AT_HOME
def test_an_archive_is_bounded_by_age_and_number(home, archive) -> None:
    put(home, 10)
    archive.trim(most=4)
    assert [e.detail["name"] for e in archive.events("acme").items] == ["9", "8", "7", "6"]
    home.clock.advance(30 * 86_400)
    archive.trim()
    assert archive.events("acme").items == ()
    assert home.database.rows("SELECT count(*) FROM event_log")[0][0] == 0


@AT_HOME
def test_a_removed_archive_keeps_nothing(home, archive) -> None:
    put(home, 1)
    archive.remove_archive(EVERY_TENANT, DEFAULT_ARCHIVE)
    put(home, 1, first=1)
    assert archive.events("acme").items == ()
    with pytest.raises(NotFound):
        archive.start_replay("acme", START, home.clock.now())


def test_a_removed_archive_cannot_be_replayed(home, archive) -> None:
    put(home, 1)
    archive.remove_archive(EVERY_TENANT, DEFAULT_ARCHIVE)
    assert archive.archives(EVERY_TENANT) == ()
    with pytest.raises(NotFound):
        archive.start_replay("acme", START, home.clock.now())


def test_archives_are_listed_as_they_were_put(home, archive) -> None:
    made = Archive("acme", "odd", 7, {"detail": {"name": ["1"]}})
    archive.put_archive(replace(made, retention_days=30))
    archive.put_archive(made)
    assert archive.archives("acme") == (made,)
    assert [a.name for a in archive.archives(EVERY_TENANT)] == [DEFAULT_ARCHIVE]
    assert archive.archives("other") == ()
