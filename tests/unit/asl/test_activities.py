"""Tasks that workers fetch."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from rimedio.asl import (
    Activities,
    ActivityDoesNotExist,
    Engine,
    Journal,
    Machine,
    MemoryJournal,
    SqliteJournal,
    TaskTimedOut,
    VirtualClock,
)


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    return MemoryJournal() if request.param == "memory" else SqliteJournal.open(tmp_path / "j.db")


def machine(arn: str, **fields: Any) -> Machine:
    state = {"Type": "Task", "Resource": arn, "End": True, **fields}
    return Machine.parse({"StartAt": "A", "States": {"A": state}})


def types(engine: Engine, execution: str) -> list[Any]:
    return [event["type"] for event in engine.history(execution)]


def test_a_worker_takes_a_task_once_and_answers_it(journal: Journal) -> None:
    engine = Engine(journal, clock=VirtualClock())
    activities = Activities(engine)
    arn = activities.create("ship")
    execution = engine.start(machine(arn), {"n": 1})
    assert engine.run(execution).status == "RUNNING"
    assert types(engine, execution)[-1] == "ActivityScheduled"
    task = activities.get_task(arn, "van-1", wait_seconds=0)
    assert task is not None
    assert json.loads(task.input) == {"n": 1}
    assert activities.get_task(arn, "van-2", wait_seconds=0) is None
    engine.send_task_success(task.token, "shipped")
    assert engine.run(execution).output == "shipped"
    assert types(engine, execution)[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    assert engine.history(execution)[3]["activityStartedEventDetails"] == {"workerName": "van-1"}


def test_a_task_waits_for_its_worker_through_a_crash(journal: Journal) -> None:
    first = Engine(journal, clock=VirtualClock())
    arn = Activities(first).create("ship")
    execution = first.start(machine(arn))
    first.run_until_idle()
    engine = Engine(journal, clock=VirtualClock())
    engine.resume()
    activities = Activities(engine)
    activities.create("ship")
    task = activities.get_task(arn, wait_seconds=0)
    assert task is not None
    engine.send_task_failure(task.token, "Lost", "at sea")
    assert (engine.run(execution).error, engine.describe(execution).cause) == ("Lost", "at sea")


def test_heartbeats_count_from_the_moment_a_worker_takes_the_task(journal: Journal) -> None:
    clock = VirtualClock()
    engine = Engine(journal, clock=clock)
    activities = Activities(engine)
    arn = activities.create("ship")
    execution = engine.start(machine(arn, TimeoutSeconds=100, HeartbeatSeconds=10))
    engine.run_until_idle(wait=False)
    clock.sleep(50)
    engine.run_until_idle(wait=False)
    task = activities.get_task(arn, wait_seconds=0)
    assert task is not None
    engine.run_until_idle(wait=False)
    clock.sleep(9)
    engine.send_task_heartbeat(task.token)
    engine.run_until_idle(wait=False)
    assert engine.describe(execution).status == "RUNNING"
    clock.sleep(11)
    engine.run_until_idle(wait=False)
    assert engine.describe(execution).error == "States.Timeout"
    with pytest.raises(TaskTimedOut):
        engine.send_task_success(task.token, None)


def test_a_task_that_timed_out_is_not_handed_out(journal: Journal) -> None:
    engine = Engine(journal, clock=VirtualClock())
    activities = Activities(engine)
    arn = activities.create("ship")
    execution = engine.start(machine(arn, TimeoutSeconds=5))
    assert engine.run(execution).error == "States.Timeout"
    assert activities.get_task(arn, wait_seconds=0) is None


def test_a_worker_that_polls_gets_what_is_scheduled_later() -> None:
    engine = Engine(MemoryJournal())
    activities = Activities(engine)
    arn = activities.create("ship")

    def work() -> None:
        task = activities.get_task(arn, wait_seconds=60)
        if task is not None:
            engine.send_task_success(task.token, "done")

    worker = threading.Thread(target=work)
    worker.start()
    with engine.workers(1):
        execution = engine.start(machine(arn))
        assert engine.wait_for(execution, 60).output == "done"
    worker.join()


def test_a_registered_handler_is_called_as_a_function() -> None:
    engine = Engine(handlers={"arn:aws:states:local:000000000000:activity:ship": lambda *_: 1})
    assert engine.run(engine.start(machine("arn:aws:states:local:000000000000:activity:ship"))).output == 1


def test_activities_are_created_listed_and_deleted() -> None:
    activities = Activities(Engine())
    assert activities.create("a") == activities.create("a")
    assert activities.list() == [activities.create("a")]
    activities.delete(activities.create("a"))
    with pytest.raises(ActivityDoesNotExist):
        activities.get_task("arn:aws:states:local:000000000000:activity:a", wait_seconds=0)
    with pytest.raises(ValueError, match="no activity name"):
        activities.create("a b")
