"""Many executions, many threads, one file: everything ends, and nothing is done twice."""

import threading
from collections import Counter
from pathlib import Path
from typing import Any

from rimedio.asl import Engine, Machine, SqliteJournal, TaskContext

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
            assert asked.acquire(timeout=30)
            engine.send_task_heartbeat(tokens[number])
            engine.send_task_success(tokens[number], {})
        found = [engine.wait_for(execution, 30) for execution in executions]
    assert [f.output for f in found] == [["i1", "i2", "i3"]] * EXECUTIONS
    assert len(done) == EXECUTIONS * 5
    assert set(done.values()) == {1}
