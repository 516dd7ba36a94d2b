"""Many executions, many threads, one file: everything ends, and nothing is done twice."""

import itertools
import random
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from rimedio.asl import Engine, Machine, SqliteJournal, TaskContext, VirtualClock
from rimedio.asl.integrations.functions import START, nested

WORK = "arn:aws:lambda:local:000000000000:function:work"
ASK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
EXECUTIONS = 30


def task(name: str) -> dict[str, Any]:
    arguments = {"id": "{% $states.context.Execution.Name %}", "name": name}
    return {"Type": "Task", "Resource": WORK, "Arguments": arguments, "End": True}


def branch(name: str, state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: state}}


def test_thirty_executions_on_three_threads_do_every_task_once(tmp_path: Path) -> None:
    ask = {"Type": "Task", "Resource": ASK, "HeartbeatSeconds": 60, "End": True}
    branches = [branch("B1", task("b1")), branch("B2", task("b2")), branch("Ask", ask)]
    items = {
        "Type": "Map",
        "Items": [1, 2, 3],
        "ItemProcessor": branch("Item", task("{% 'i' & $states.input %}")),
    }
    states = {"P": {"Type": "Parallel", "Branches": branches, "Next": "M"}, "M": {**items, "End": True}}
    machine = Machine.parse({"QueryLanguage": "JSONata", "StartAt": "P", "States": states})
    done: Counter[tuple[str, str]] = Counter()
    lock, tokens, asked = threading.Lock(), [], threading.Semaphore(0)  # type: ignore[var-annotated]

    def work(payload: Any, _: TaskContext) -> Any:
        with lock:
            done[payload["id"], payload["name"]] += 1
        return payload["name"]

    def hand_out(_: Any, context: TaskContext) -> None:
        tokens.append(context.token)
        asked.release()

    engine = Engine(SqliteJournal.open(tmp_path / "runs.db"), {WORK: work, ASK: hand_out})
    with engine.workers(3):
        executions = [engine.start(machine, {}, name=f"e{number}") for number in range(EXECUTIONS)]
        for number in range(EXECUTIONS):
            assert asked.acquire(timeout=60)
            engine.send_task_heartbeat(tokens[number])
            engine.send_task_success(tokens[number], {})
        found = [engine.wait_for(execution, 60) for execution in executions]
    assert [f.output for f in found] == [["i1", "i2", "i3"]] * EXECUTIONS
    assert len(done) == EXECUTIONS * 5
    assert set(done.values()) == {1}


def test_a_thousand_nested_executions_need_one_thread() -> None:
    handlers: dict[str, Any] = {}
    engine = Engine(handlers=handlers, clock=VirtualClock())
    handlers.update(nested(engine, engine.registry.find))
    inner = branch("Wait", {"Type": "Wait", "Seconds": 5, "End": True})
    engine.registry.put(Machine.parse(inner, "inner"))
    arguments = {"StateMachineArn": "inner", "Input": {}}
    start = {"Type": "Task", "Resource": f"{START}.sync:2", "Arguments": arguments, "End": True}
    outer = Machine.parse({"QueryLanguage": "JSONata", **branch("Start", start)})
    executions = [engine.start(outer, name=f"e{number}") for number in range(1_000)]
    engine.run_until_idle()
    assert {engine.describe(execution).status for execution in executions} == {"SUCCEEDED"}


def test_workers_make_the_most_of_handlers_that_wait(tmp_path: Path) -> None:
    """Eight threads, eight handlers under way: the first eighty calls end only together with seven others."""
    together = threading.Barrier(8, timeout=60)
    calls = itertools.count()

    def slow(payload: Any, _: TaskContext) -> Any:
        if next(calls) < 80:
            together.wait()
        return payload["name"]

    items = {"Type": "Map", "Items": "{% [1..20] %}", "ItemProcessor": branch("Item", task("x")), "End": True}
    machine = Machine.parse({"QueryLanguage": "JSONata", **branch("M", items)})
    engine = Engine(SqliteJournal.open(tmp_path / "runs.db"), {WORK: slow})
    with engine.workers(8):
        executions = [engine.start(machine, {}, name=f"e{number}") for number in range(20)]
        found = [engine.wait_for(execution, 60) for execution in executions]
    assert [len(f.output) for f in found] == [20] * 20  # type: ignore[arg-type]
    assert next(calls) == 400
    assert not together.broken


def test_a_nested_execution_is_stopped_with_the_task_that_started_it() -> None:
    handlers: dict[str, Any] = {}
    engine = Engine(handlers=handlers, clock=VirtualClock())
    handlers.update(nested(engine, engine.registry.find))
    engine.registry.put(Machine.parse(branch("Wait", {"Type": "Wait", "Seconds": 900, "End": True}), "inner"))
    arguments = {"StateMachineArn": "inner", "Input": {}, "Name": "{% $states.input.name %}"}
    start = {"Type": "Task", "Resource": f"{START}.sync", "Arguments": arguments, "End": True}
    caught = {"TimeoutSeconds": 60, "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]}
    states = {"Start": {**start, **caught}, "Late": {"Type": "Succeed"}}
    timed = Machine.parse({"QueryLanguage": "JSONata", "StartAt": "Start", "States": states}, "timed")
    patient = Machine.parse({"QueryLanguage": "JSONata", **branch("Start", start)}, "patient")
    assert engine.run(engine.start(timed, {"name": "a"})).status == "SUCCEEDED"
    stopped = engine.start(patient, {"name": "b"})
    engine.run_until_idle(wait=False)
    engine.stop(stopped)
    engine.run_until_idle(wait=False)
    assert [(e.name, e.status) for e in engine.list_executions("inner")] == [
        ("b", "ABORTED"),
        ("a", "ABORTED"),
    ]
    assert engine.describe(stopped).status == "ABORTED"
    assert engine.run_until_idle() == 0


class BrokenChance(random.Random):
    """Works until it is told to break."""

    broken = False

    def getrandbits(self, k: int, /) -> int:
        if self.broken:
            raise ZeroDivisionError
        return super().getrandbits(k)


def test_a_fault_of_the_engine_ends_one_execution_and_no_other() -> None:
    chance = BrokenChance(7)
    engine = Engine(clock=VirtualClock(), randomness=chance)
    unique = {"Type": "Pass", "Parameters": {"id.$": "States.UUID()"}, "End": True}
    chance.broken = True
    broken = engine.start(Machine.parse(branch("Unique", unique)), name="broken")
    other = engine.start(Machine.parse(branch("Pass", {"Type": "Pass", "End": True})), name="other")
    engine.run_until_idle()
    found = engine.describe(broken)
    assert (found.status, found.error) == ("FAILED", "States.Runtime")
    assert "ZeroDivisionError" in str(found.cause)
    assert engine.describe(other).status == "SUCCEEDED"
    chance.broken = False
    engine.redrive(broken)
    assert engine.run(broken).status == "SUCCEEDED"
