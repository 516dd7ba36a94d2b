"""What every journal must do."""

import json
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rimedio.asl import (
    Engine,
    InvalidToken,
    Journal,
    JournalUnusable,
    Machine,
    MemoryJournal,
    NotRedrivable,
    Route,
    SqliteJournal,
    TaskContext,
    TaskTimedOut,
    VirtualClock,
)
from rimedio.asl.journal.connections import FileConnections
from rimedio.asl.journal.port import STARTED_NOTE, Changes, Event, Execution
from rimedio.asl.journal.schema import MIGRATIONS

MACHINE = ("orders", "{}")
ASK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    made: Journal = MemoryJournal() if request.param == "memory" else SqliteJournal.open(tmp_path / "j.db")
    made.put_machine("d", "orders", "{}")
    return made


def execution(name: str, **more: Any) -> Execution:
    return Execution(id=f"arn:{name}", name=name, machine="d", input="{}", started=1.0, **more)


def event(number: int) -> Event:
    return Event(number, number - 1, 1.5, "PassStateEntered", "stateEnteredEventDetails", {"name": "A"})


def test_an_id_is_taken_once(journal: Journal) -> None:
    first, created = journal.create(execution("a"), MACHINE)
    assert created
    again, created = journal.create(execution("a")._replace(input="[]"), MACHINE)
    assert not created
    assert again.input == "{}"
    assert journal.record("arn:a") == again
    assert journal.record("arn:none") is None
    assert first.id == "arn:a"


def test_a_commit_is_there_when_the_execution_is_loaded(journal: Journal) -> None:
    made, _ = journal.create(execution("a"), MACHINE)
    first = Changes(
        made, frames={"": b"root", "/0": b"x", "/1": b"y", "/0/1": b"z"}, events=[event(1), event(2)]
    )
    assert journal.commit(first)
    second = Changes(
        made._replace(next_event=4), frames={"": b"root2"}, removed=["/1"], subtrees=["/0"], events=[event(3)]
    )
    assert journal.commit(second)
    saved = journal.load("arn:a")
    assert saved is not None
    assert dict(saved.frames) == {"": b"root2", "/0": b"x"}
    assert saved.execution.next_event == 4
    assert [e.id for e in journal.events("arn:a")] == [1, 2, 3]
    assert journal.events("arn:a")[0].details == {"name": "A"}


def test_nothing_is_written_for_an_execution_that_is_not_there(journal: Journal) -> None:
    assert not journal.commit(Changes(execution("ghost"), events=[event(1)]))
    assert list(journal.events("arn:ghost")) == []


def test_waiting_lists_what_has_something_to_wait_for(journal: Journal) -> None:
    wakes: dict[str, float | None] = {"ready": 0.0, "later": 99.0, "outside": None}
    for name, wake in wakes.items():
        made, _ = journal.create(execution(name), MACHINE)
        journal.commit(Changes(made, wake=wake, tokens={f"token-{name}": ""}))
    made, _ = journal.create(execution("over"), MACHINE)
    journal.commit(Changes(made._replace(status="SUCCEEDED"), wake=None))
    assert {key: at for at, key in journal.waiting()} == {"arn:ready": 0.0, "arn:later": 99.0}
    journal.signal("success", "token-outside", {"x": 1})
    assert (0.0, "arn:outside") in journal.waiting()


def test_a_token_takes_one_answer_and_any_number_of_heartbeats(journal: Journal) -> None:
    made, _ = journal.create(execution("a"), MACHINE)
    journal.commit(Changes(made, tokens={"t": ""}))
    for _ in range(2):
        assert journal.signal("heartbeat", "t", None).execution_id == "arn:a"
    answer = journal.signal("success", "t", {"x": [1, None]})
    with pytest.raises(TaskTimedOut):
        journal.signal("failure", "t", None)
    with pytest.raises(InvalidToken):
        journal.signal("success", "unknown", None)
    signals = journal.signals("arn:a")
    assert [s.kind for s in signals] == ["heartbeat", "heartbeat", "success"]
    assert signals[-1] == answer
    assert answer.body == {"x": [1, None]}
    assert list(journal.signals(after=signals[1].id)) == [answer]
    journal.commit(Changes(made, spent_signals=[s.id for s in signals]))
    assert list(journal.signals("arn:a")) == []


def test_records_are_listed_the_newest_first_by_machine_status_and_parent(journal: Journal) -> None:
    made = [journal.create(execution(name), MACHINE)[0] for name in "abc"]
    child = execution("child", parent="map:1", status="SUCCEEDED")
    journal.commit(Changes(made[1]._replace(status="FAILED"), children=[(child, (event(1),))]))
    assert [e.name for e in journal.records("orders", None, None, 2)] == ["c", "b"]
    assert [e.name for e in journal.records(None, "FAILED", None, 9)] == ["b"]
    assert [e.name for e in journal.records(None, None, "map:1", 9)] == ["child"]
    assert list(journal.records("other", None, None, 9)) == []
    assert [e.id for e in journal.events("arn:child")] == [1]


def test_an_execution_goes_on_with_the_definition_it_was_started_with(journal: Journal) -> None:
    def machine(result: int) -> Machine:
        states: Any = {
            "W": {"Type": "Wait", "Seconds": 9, "Next": "P"},
            "P": {"Type": "Pass", "Result": result, "End": True},
        }
        return Machine.parse({"StartAt": "W", "States": states}, "orders")

    clock = VirtualClock()
    old = Engine(journal, clock=clock)
    execution_id = old.start(machine(1))
    old.run_until_idle(wait=False)
    new = Engine(journal, clock=clock)
    other = new.start(machine(2))
    new.resume()
    assert (new.run(execution_id).output, new.run(other).output) == (1, 2)


def test_what_ended_long_ago_is_forgotten_with_all_it_left_and_its_name_is_free(journal: Journal) -> None:
    clock = VirtualClock()
    engine = Engine(journal, {ASK: lambda payload, context: None}, clock=clock)
    made = Machine.parse({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}, "orders")
    asking = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": ASK, "End": True}}}
    old = engine.run(engine.start(made, name="old"))
    waiting = engine.run(engine.start(Machine.parse(asking), name="waiting"))
    journal.put_note(f"{STARTED_NOTE}{old.execution_id}", "by an alias")
    clock.sleep(90 * 86_400)
    young = engine.run(engine.start(made, name="young"))
    assert engine.forget(clock.now() - timedelta(days=89)) == 1
    assert engine.forget(clock.now() - timedelta(days=89)) == 0
    assert {e.execution_id for e in engine.list_executions()} == {waiting.execution_id, young.execution_id}
    assert list(journal.events(old.execution_id)) == []
    assert journal.note(f"{STARTED_NOTE}{old.execution_id}") is None
    again = engine.run(engine.start(made, {"other": "input"}, name="old"))
    assert len(engine.history(again.execution_id)) == 4
    assert len(engine.history(young.execution_id)) == 4


def test_a_stop_that_comes_too_late_is_not_kept(journal: Journal) -> None:
    made, _ = journal.create(execution("a"), MACHINE)
    assert journal.stop_signal("arn:a", {}) is not None
    journal.commit(Changes(made._replace(status="FAILED"), wake=None))
    assert journal.stop_signal("arn:a", {}) is None
    assert list(journal.signals()) == []


def test_a_redriven_childs_history_takes_the_place_of_the_first(journal: Journal) -> None:
    made, _ = journal.create(execution("a"), MACHINE)
    child = execution("child", parent="map:1", status="FAILED")
    journal.commit(Changes(made, children=[(child, (event(1), event(2)))]))
    journal.create(execution("b"), MACHINE)
    journal.commit(Changes(made, children=[(child._replace(status="SUCCEEDED"), (event(1),))]))
    assert [e.status for e in journal.records(None, None, "map:1", 9)] == ["SUCCEEDED"]
    assert [e.id for e in journal.events("arn:child")] == [1]


def test_a_file_of_the_first_release_is_brought_up_to_date(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "old.db")
    connection.executescript(MIGRATIONS[0])
    connection.execute(
        "INSERT INTO asl_executions VALUES "
        "(1, 'arn:a', 'a', 'd', '{}', 1.0, 'RUNNING', NULL, NULL, NULL, NULL, 1, 0, NULL, 5.0)"
    )
    connection.commit()
    connection.close()
    journal = SqliteJournal.open(tmp_path / "old.db")
    assert list(journal.waiting()) == [(5.0, "arn:a")]


def test_a_file_of_a_newer_release_or_no_database_is_refused_in_words(tmp_path: Path) -> None:
    connections = FileConnections(tmp_path / "new.db")
    SqliteJournal(connections)
    connections.connection.execute("INSERT INTO asl_schema VALUES (99)")
    connections.close()
    with pytest.raises(JournalUnusable, match="its schema is 99, this one knows up to"):
        SqliteJournal.open(tmp_path / "new.db")
    (tmp_path / "letter.txt").write_text("Dear Ada, " * 99)
    with pytest.raises(JournalUnusable, match=r"letter\.txt cannot be used as a journal"):
        SqliteJournal.open(tmp_path / "letter.txt")


def test_threads_that_share_a_journal_in_memory_see_whole_steps_only() -> None:
    journal = MemoryJournal()
    made, _ = journal.create(execution("a"), MACHINE)
    seen: set[tuple[int, int]] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            record, saved = journal.record("arn:a"), journal.load("arn:a")
            if record is not None and saved is not None and saved.frames:
                seen.add((record.next_event, len(saved.frames)))

    watcher = threading.Thread(target=look)
    watcher.start()
    for number in range(1, 200):
        paths = [f"/{n}" for n in range(number)]
        journal.commit(Changes(made._replace(next_event=number), frames=dict.fromkeys(paths, b"x")))
    over.set()
    watcher.join()
    assert all(count >= number for number, count in seen)


def test_a_stop_that_came_when_the_execution_had_just_failed_does_not_stop_its_redrive(
    journal: Journal,
) -> None:
    def fail_once(_: Any, context: TaskContext) -> None:
        if engine.describe(context.execution_id).redrive_count == 0:
            journal.stop_signal(context.execution_id, {})  # from another process, and not yet heard
            raise ValueError

    engine = Engine(journal, {ASK: fail_once}, clock=VirtualClock())
    state = {"Type": "Task", "Resource": ASK, "End": True}
    execution_id = engine.start(Machine.parse({"StartAt": "A", "States": {"A": state}}))
    assert engine.run(execution_id).status == "FAILED"
    engine.redrive(execution_id)
    assert engine.run(execution_id).status == "RUNNING"


def test_an_execution_that_an_earlier_release_left_waiting_goes_on(tmp_path: Path) -> None:
    path, clock = tmp_path / "runs.db", VirtualClock()
    machine = Machine.parse({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}})
    earlier = Engine(SqliteJournal.open(path), clock=clock)
    execution = earlier.start(machine, {"a": 1})
    earlier.run_until_idle(wait=False)
    with sqlite3.connect(path) as connection:
        ((body,),) = connection.execute("SELECT body FROM asl_frames").fetchall()
        *fields, _redriven, log = json.loads(body)  # the last field is younger than the others
        connection.execute("UPDATE asl_frames SET body = ?", (json.dumps([*fields, log]).encode(),))
    connection.close()
    engine = Engine(SqliteJournal.open(path), clock=clock)
    assert engine.resume() == 1
    assert engine.run(execution).output == {"a": 1}


def left_waiting(path: Path, machine: dict[str, Any], change: str) -> tuple[Engine, str]:
    """An execution that an earlier release left, whose file `change` has made one of that release."""
    clock = VirtualClock()
    execution = Engine(SqliteJournal.open(path), clock=clock).start(Machine.parse(machine), {"a": 1})
    earlier = Engine(SqliteJournal.open(path), clock=clock)
    earlier.resume()
    earlier.run_until_idle(wait=False)
    with sqlite3.connect(path) as connection:
        connection.execute(change)
    connection.close()
    return Engine(SqliteJournal.open(path), clock=clock), execution


def test_a_definition_that_this_release_would_refuse_is_run_to_its_end(tmp_path: Path) -> None:
    machine = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}}
    loosened = 'UPDATE asl_machines SET definition = replace(definition, \'"End"\', \'"Once": 1, "End"\')'
    engine, execution = left_waiting(tmp_path / "runs.db", machine, loosened)
    assert engine.resume() == 1
    assert engine.run(execution).output == {"a": 1}
    assert [found.status for found in engine.list_executions()] == ["SUCCEEDED"]


def test_an_execution_that_cannot_be_read_fails_clearly_and_hinders_no_other(tmp_path: Path) -> None:
    wait = {"Type": "Wait", "Seconds": 60, "End": True}
    each = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "W",
        "States": {"W": wait},
    }
    map_ = {"Type": "Map", "ItemsPath": "$.l", "ItemProcessor": each, "End": True}
    change = "UPDATE asl_frames SET body = '[\"gone\"]' WHERE path = ''"
    engine, execution = left_waiting(
        tmp_path / "runs.db",
        {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": {"l": [1]}, "Next": "M"}, "M": map_}},
        change,
    )
    other = engine.start(Machine.parse({"StartAt": "W", "States": {"W": wait}}, "other"))
    engine.resume()
    assert engine.run(other).status == "SUCCEEDED"
    found = engine.describe(execution)
    assert (found.status, found.error) == ("FAILED", "States.Runtime")
    assert "cannot be read by this release" in str(found.cause)
    assert engine.history(execution)[-1]["type"] == "ExecutionFailed"
    assert [run.status for run in engine.map_runs(execution)] == ["ABORTED"]
    with pytest.raises(NotRedrivable, match="its record cannot be read"):
        engine.redrive(execution)


def test_what_an_alias_has_started_tells_so_also_when_it_begins_later(tmp_path: Path) -> None:
    first = Engine(SqliteJournal.open(tmp_path / "runs.db"))
    first.registry.put(Machine.parse({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, "orders"))
    first.registry.alias("orders", "live", Route({first.registry.publish("orders"): 100}))
    execution = first.start("orders:live")
    later = Engine(SqliteJournal.open(tmp_path / "runs.db"))
    later.resume()
    later.run_until_idle(wait=False)
    told: Any = later.history(execution)[0]["executionStartedEventDetails"]
    arn = "arn:aws:states:local:000000000000:stateMachine:orders"
    assert (told["stateMachineVersionArn"], told["stateMachineAliasArn"]) == (f"{arn}:1", f"{arn}:live")
