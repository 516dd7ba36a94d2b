"""Two processes on one database file: nothing is done twice, and each can see and signal what the other runs."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rimedio.asl import Activities, Engine, Machine, SqliteJournal, TaskContext

WORK = "arn:aws:lambda:local:000000000000:function:work"
ASK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
SHIP = "arn:aws:states:local:000000000000:activity:ship"
PATIENCE_SECONDS = 60.0


def machine(**states: dict[str, Any]) -> Machine:
    names = list(states)
    body = {
        name: {"Type": "Task", **state, **({"Next": following} if following else {"End": True})}
        for (name, state), following in zip(states.items(), [*names[1:], ""], strict=True)
    }
    return Machine.parse({"QueryLanguage": "JSONata", "StartAt": names[0], "States": body})


MACHINE = machine(Ask={"Resource": ASK}, Ship={"Resource": SHIP}, Work={"Resource": WORK})


class Shared:
    """A folder that two processes share: the journal, and a file in which each notes what it does."""

    def __init__(self, folder: Path) -> None:
        self.journal_path, self.notes_path = folder / "runs.db", folder / "notes"

    def note(self, text: str) -> None:
        with self.notes_path.open("ab", buffering=0) as file:
            file.write(f"{os.getpid()} {text}\n".encode())

    def notes(self) -> list[str]:
        lines = self.notes_path.read_text().splitlines() if self.notes_path.exists() else []
        return [line.partition(" ")[2] for line in lines]

    def engine(self) -> Engine:
        def ask(_: Any, context: TaskContext) -> None:
            self.note(f"asked {context.token}")

        def work(_: Any, context: TaskContext) -> int:
            self.note(f"worked {context.key}")
            return os.getpid()

        return Engine(SqliteJournal.open(self.journal_path), {WORK: work, ASK: ask})


def in_another_process(work: Callable[[], None]) -> int:
    """Fork a process that does this and no more; its id."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    finally:
        os._exit(1)


def until(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.01)
    raise AssertionError("It did not come in time.")


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    return Shared(tmp_path)


def test_what_another_living_process_runs_is_seen_and_answered_but_not_run(shared: Shared) -> None:
    def run() -> None:
        engine = shared.engine()
        Activities(engine).create("ship")
        execution = engine.start(MACHINE, name="theirs")
        with engine.workers(2):
            until(lambda: engine.describe(execution).is_over)

    child = in_another_process(run)
    token = until(lambda: [note.split()[1] for note in shared.notes() if note.startswith("asked")])[0]
    mine = shared.engine()
    assert mine.resume() == 0
    execution = mine.list_executions()[0].execution_id
    assert mine.run(execution).status == "RUNNING"
    mine.send_task_success(token, "from next door")
    task = until(lambda: Activities(mine).get_task(SHIP, wait_seconds=0))
    mine.send_task_success(task.token, "shipped")
    assert os.waitpid(child, 0)[1] == 0
    assert mine.describe(execution).output == child
    assert len([note for note in shared.notes() if note.startswith("worked")]) == 1
    assert [event["type"] for event in mine.history(execution)][-1] == "ExecutionSucceeded"


def test_what_a_killed_process_ran_is_taken_up_by_the_next_at_once(shared: Shared) -> None:
    def run() -> None:
        engine = shared.engine()
        engine.run(engine.start(MACHINE, name="orphan"))
        os.kill(os.getpid(), 9)

    child = in_another_process(run)
    assert os.waitpid(child, 0)[1] == 9
    mine = shared.engine()
    assert mine.resume() == 0  # nothing to do yet: it waits for an answer
    mine.send_task_success(shared.notes()[0].split()[1], "late")
    assert mine.run_until_idle() == 1
    task = Activities(mine)._engine.journal.take(SHIP, None)
    assert task is not None
    mine.deliver(task[1])
    mine.send_task_success(task[0].token, "shipped")
    assert mine.run(mine.list_executions()[0].execution_id).output == os.getpid()
    assert list(shared.journal_path.parent.glob("*-owner-*")) != []  # mine; that of the dead is swept away
    assert len(list(shared.journal_path.parent.glob("*-owner-*"))) == 1


def test_two_processes_that_resume_at_once_share_what_is_left_between_them(shared: Shared) -> None:
    count = 40
    waiting = machine(Work={"Resource": WORK})

    def leave() -> None:
        engine = shared.engine()
        for number in range(count):
            engine.start(waiting, name=f"e{number}")
        os.kill(os.getpid(), 9)

    def take_up() -> None:
        engine = shared.engine()
        engine.resume()
        engine.run_until_idle()

    os.waitpid(in_another_process(leave), 0)
    assert len(list(shared.journal_path.parent.glob("*-owner-*"))) == 1
    for child in [in_another_process(take_up) for _ in range(2)]:
        assert os.waitpid(child, 0)[1] == 0
    mine = shared.engine()
    assert {e.status for e in mine.list_executions()} == {"SUCCEEDED"}
    assert len(shared.notes()) == len(set(shared.notes())) == count
    mine.start(waiting, name="later")
    assert len(list(shared.journal_path.parent.glob("*-owner-*"))) == 1  # what the others left is swept away
