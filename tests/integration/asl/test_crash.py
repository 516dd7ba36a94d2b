"""The process dies at every single write of the journal; every execution must end the same."""

import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.integration.asl.crash_world import (
    PLAIN,
    SCENARIOS,
    Crash,
    CrashingJournal,
    Scenario,
    World,
    outcome,
)

from rimedio.asl import Machine, SqliteJournal


class Undisturbed:
    """A whole run of a scenario: what it comes to, which attempts it makes, how often it writes."""

    def __init__(self, folder: Path, scenario: Scenario, at_each_write: Callable[[int], None] | None = None):
        world, database = World(folder, scenario.answers), SqliteJournal.open(folder / "j.db")
        journal = CrashingJournal(database, world.log)
        journal.at_each_write = at_each_write or journal.at_each_write
        world.run_to_the_end(journal, scenario)
        self.writes, self.calls, self.outcome = journal.count, Counter(world.calls()), outcome(database)
        assert set(self.calls.values()) == {1}


def go_on(whole: Undisturbed, scenario: Scenario, folder: Path) -> World:
    """Start again after a crash: all comes to the same as undisturbed."""
    world, journal = World(folder, scenario.answers), SqliteJournal.open(folder / "j.db")
    world.run_to_the_end(journal, scenario)
    assert_same(outcome(journal), whole.outcome, exact=scenario.exact)
    assert set(world.calls()) == set(whole.calls)  # a repeated attempt has its idempotency key again
    return world


def check(whole: Undisturbed, scenario: Scenario, folder: Path, threads: int = 1) -> None:
    """So it is, and nothing that was recorded is repeated: at most what each thread had in hand."""
    unrecorded = World(folder).unrecorded()
    world = go_on(whole, scenario, folder)
    again = {key for key, times in Counter(world.calls()).items() if times > 1}
    assert again <= unrecorded if threads == 1 else len(again) <= threads, (again, unrecorded)
    tokens: dict[str, set[str]] = {}
    for row in world.log.rows("call"):
        tokens.setdefault(row["key"], set()).add(row.get("token", ""))
    assert all(len(handed) == 1 for handed in tokens.values())  # and its token


def assert_same(found: Mapping[str, Any], expected: Mapping[str, Any], *, exact: bool) -> None:
    """Same results; same events, in the same order too unless branches ran side by side."""
    assert sorted(found) == sorted(expected)
    for name, rows in expected.items():
        assert [row[0] for row in found[name]] == [row[0] for row in rows], name
        for (_, events), (_, others) in zip(found[name], rows, strict=True):
            assert events == others if exact else Counter(events) == Counter(others), name


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_crash_at_any_write_changes_nothing_and_repeats_nothing_that_was_recorded(
    tmp_path: Path, name: str, after: bool
) -> None:
    scenario = SCENARIOS[name]
    whole = Undisturbed(tmp_path / "whole", scenario)
    assert whole.writes > 5
    for at in range(1, whole.writes + 1):
        folder = tmp_path / str(at)
        world = World(folder, scenario.answers)
        journal = CrashingJournal(SqliteJournal.open(folder / "j.db"), world.log, at, after=after)
        with pytest.raises(Crash):
            world.run_to_the_end(journal, scenario)
        if after and journal.died_in == "take":
            continue  # the answer got lost: the worker never saw the task, and its heartbeat runs out
        check(whole, scenario, folder)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_executions_on_three_threads_survive_a_crash_at_any_write(tmp_path: Path, after: bool) -> None:
    scenario = SCENARIOS["several"]
    whole = Undisturbed(tmp_path / "whole", scenario)
    for at in range(1, whole.writes + 1):
        folder = tmp_path / str(at)
        world = World(folder, threads=3)
        journal = CrashingJournal(SqliteJournal.open(folder / "j.db"), world.log, at, after=after)
        with pytest.raises(Crash):
            world.run_to_the_end(journal, scenario)
        check(whole, scenario, folder, world.threads)


@pytest.mark.parametrize("name", ["plain", "distributed", "tokens"])
def test_after_a_power_cut_at_any_write_the_file_opens_and_all_goes_on(tmp_path: Path, name: str) -> None:
    scenario = SCENARIOS[name]
    home = tmp_path / "whole"
    cuts: list[Path] = []

    def cut(number: int) -> None:
        """What the disk holds: all of it, or all but the end of what was written last."""
        for lost_bytes in (0, 1 + 997 * number):
            cuts.append(tmp_path / f"{number}-{lost_bytes}")
            shutil.copytree(home, cuts[-1], ignore=shutil.ignore_patterns("*-owner-*", "*-shm"))
            log = cuts[-1] / "j.db-wal"
            os.truncate(log, max(0, log.stat().st_size - lost_bytes))

    whole = Undisturbed(home, scenario, cut)
    assert len(cuts) == 2 * whole.writes
    for folder in cuts:
        go_on(whole, scenario, folder)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", SCENARIOS)
def test_kill_9_of_a_real_process_at_every_write(tmp_path: Path, name: str, threads: int) -> None:
    scenario = SCENARIOS[name]
    whole = Undisturbed(tmp_path / "whole", scenario)
    for at in range(1, whole.writes + 1):
        folder = tmp_path / str(at)
        folder.mkdir()
        child = os.fork()
        if child == 0:
            try:
                world = World(folder, scenario.answers, threads)
                journal = CrashingJournal(SqliteJournal.open(folder / "j.db"), world.log, at, kill=True)
                world.run_to_the_end(journal, scenario)
            finally:
                os._exit(1)
        status = os.waitpid(child, 0)[1]
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert killed or threads > 1  # threads may join two writes into one, and the last ones never come
        check(whole, scenario, folder, threads)


def test_the_journal_shares_the_applications_own_database_and_its_transactions(tmp_path: Path) -> None:
    from rimedio.storage.database import Database

    database = Database(tmp_path / "app.db")
    world = World(tmp_path / "world")
    engine = world.engine(SqliteJournal(database))
    machine = Machine.parse(PLAIN)

    def start_and_fail() -> None:
        with database.transaction():
            engine.start(machine, {}, name="rolled back")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        start_and_fail()
    assert engine.list_executions() == []
    with database.transaction():
        execution = engine.start(machine, {}, name="kept")
    engine.run_until_idle()
    assert [e.name for e in engine.list_executions()] == ["kept"]
    assert engine.describe(execution).status == "RUNNING"
    later = world.engine(SqliteJournal(database))  # which has to read the definition from the journal
    token = next(row["token"] for row in world.log.rows("call") if "token" in row)
    later.send_task_success(token, {})
    assert later.run(execution).output == ["AFIRST", "BFIRST", "CFIRST"]
    database.close()
