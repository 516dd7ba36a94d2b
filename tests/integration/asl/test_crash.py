"""The process dies at every single write of the journal; every execution must end the same."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rimedio.asl import (
    Engine,
    ExecutionAlreadyExists,
    Journal,
    Machine,
    SqliteJournal,
    TaskContext,
    TaskFailed,
    TaskTimedOut,
    VirtualClock,
)
from rimedio.asl.jsontext import JSON

WORK = "arn:aws:lambda:local:000000000000:function:work"
ASK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
WRITES = ("put_machine", "create", "commit", "signal")


def task(name: str, fail: int, **more: JSON) -> dict[str, JSON]:
    return {"Type": "Task", "Resource": WORK, "Arguments": {"name": name, "fail": fail}, **more}


ASKING: dict[str, JSON] = {
    "Type": "Task",
    "Resource": ASK,
    "Arguments": {"token": "{% $states.context.Task.Token %}"},
    "End": True,
}
DEFINITION: dict[str, JSON] = {
    "QueryLanguage": "JSONata",
    "StartAt": "First",
    "States": {
        "First": task(
            "first",
            2,
            Retry=[{"ErrorEquals": ["Flaky"], "IntervalSeconds": 60, "MaxAttempts": 3}],
            Assign={"seen": "{% $states.result.name %}"},
            Next="Both",
        ),
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Ask", "States": {"Ask": ASKING}},
                {
                    "StartAt": "Pause",
                    "States": {
                        "Pause": {"Type": "Wait", "Seconds": 3600, "Next": "Side"},
                        "Side": task("side", 0, End=True),
                    },
                },
            ],
            "Next": "Each",
        },
        "Each": {
            "Type": "Map",
            "Items": ["a", "b", "c"],
            "ItemProcessor": {
                "StartAt": "Item",
                "States": {
                    "Item": task("{% $states.input & $seen %}", 0, Next="Shape"),
                    "Shape": {"Type": "Pass", "Output": "{% $uppercase($states.input.name) %}", "End": True},
                },
            },
            "End": True,
        },
    },
}
EXPECTED = ["AFIRST", "BFIRST", "CFIRST"]


class Crash(BaseException):
    """Stands for kill -9: nothing in the process catches it."""


class CrashingJournal:
    """The real journal until its n-th write; there the process dies, just before the write or just after."""

    def __init__(self, inner: Journal, crash_at: int, *, after: bool, kill: bool = False) -> None:
        self.inner, self.left, self.after, self.kill = inner, crash_at, after, kill

    def __getattr__(self, name: str) -> object:
        found = getattr(self.inner, name)
        if name not in WRITES:
            return found

        def write(*arguments: object) -> object:
            self.left -= 1
            if self.left == 0 and not self.after:
                self.die()
            answer = found(*arguments)
            if self.left == 0:
                self.die()
            return answer

        return write

    def die(self) -> None:
        if self.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        raise Crash


class World:
    """What lies outside the engine and outlives a crash: the clock, what handlers did, the tokens they got."""

    def __init__(self, mailbox: Path | None = None) -> None:
        self.clock = VirtualClock()
        self.done: list[tuple[str, str]] = []
        self.tokens: list[str] = []
        self.mailbox = mailbox
        if mailbox is not None and mailbox.exists():
            self.tokens = mailbox.read_text().split()

    def work(self, payload: JSON, context: TaskContext) -> JSON:
        assert isinstance(payload, dict)
        if context.retry_count < int(str(payload["fail"])):
            raise TaskFailed("Flaky", "try again")
        self.done.append((str(payload["name"]), context.key))
        return {"name": payload["name"]}

    def ask(self, payload: JSON, context: TaskContext) -> JSON:
        assert isinstance(payload, dict)
        assert payload["token"] == context.token
        self.tokens.append(str(context.token))
        if self.mailbox is not None:
            self.mailbox.write_text("\n".join(self.tokens))
        return {}

    def run_to_the_end(self, journal: Journal) -> JSON:
        engine = Engine(journal, {WORK: self.work, ASK: self.ask}, clock=self.clock)
        engine.resume()
        try:
            execution = engine.start(Machine.parse(DEFINITION), {}, name="one")
        except ExecutionAlreadyExists as error:  # it had ended before the crash
            execution = error.execution_id
        engine.run(execution)
        for token in dict.fromkeys(self.tokens):
            with contextlib.suppress(TaskTimedOut):  # answered before the crash
                engine.send_task_success(token, {"yes": True})
        found = engine.run(execution)
        assert found.status == "SUCCEEDED", found
        return found.output


def count_writes(path: Path) -> int:
    journal = CrashingJournal(SqliteJournal.open(path), -1, after=True)
    assert World().run_to_the_end(journal) == EXPECTED  # type: ignore[arg-type]
    return -1 - journal.left


def successes(path: Path) -> int:
    """How many task results stand in the journal."""
    journal = SqliteJournal.open(path)
    events = [event for e in journal.records(None, None, None, 9) for event in journal.events(e.id)]
    return sum(event.type == "LambdaFunctionSucceeded" for event in events)


@pytest.mark.parametrize("after", [False, True], ids=["before_the_write", "after_the_write"])
def test_a_crash_at_any_write_neither_changes_the_output_nor_repeats_a_finished_task(
    tmp_path: Path, after: bool
) -> None:
    writes = count_writes(tmp_path / "count.db")
    assert writes > 12
    for at in range(1, writes + 1):
        path = tmp_path / f"{at}.db"
        world = World()
        with pytest.raises(Crash):
            world.run_to_the_end(CrashingJournal(SqliteJournal.open(path), at, after=after))  # type: ignore[arg-type]
        before, finished = list(world.done), successes(path)
        assert world.run_to_the_end(SqliteJournal.open(path)) == EXPECTED, at
        again = world.done[len(before) :]
        assert len(again) == 5 - finished, (at, before, again)  # five tasks succeed in a whole run
        for name, key in again:
            earlier = [other for other_name, other in before if other_name == name]
            assert earlier in ([], [key]), (at, name)  # a repeated attempt has its idempotency key again


PROGRAM = """
import sys
from pathlib import Path
from test_crash import CrashingJournal, World
from rimedio.asl import SqliteJournal
path, at = sys.argv[1], int(sys.argv[2])
print(World(Path(path).with_suffix(".tokens")).run_to_the_end(CrashingJournal(SqliteJournal.open(path), at, after=False, kill=True)))
"""


@pytest.mark.slow
def test_kill_9_of_a_real_process_at_every_write(tmp_path: Path) -> None:
    writes = count_writes(tmp_path / "count.db")
    for at in range(1, writes + 1):
        path = tmp_path / f"{at}.db"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
        command = [sys.executable, "-c", PROGRAM, str(path), str(at)]
        ended = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        world = World(path.with_suffix(".tokens"))
        assert world.run_to_the_end(SqliteJournal.open(path)) == EXPECTED, at


def test_the_journal_shares_the_applications_own_database_and_its_transactions(tmp_path: Path) -> None:
    from rimedio.storage.database import Database

    database = Database(tmp_path / "app.db")
    world = World()
    handlers = {WORK: world.work, ASK: world.ask}
    engine = Engine(SqliteJournal(database), handlers, clock=world.clock)
    machine = Machine.parse(DEFINITION)

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
    engine.send_task_success(world.tokens[0], {})
    assert engine.run(execution).output == EXPECTED
    database.close()
