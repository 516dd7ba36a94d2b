"""A process that dies at a chosen write of its journal, and the world around it, which does not.

The world's log is the only memory of what happened outside the engine: calls of handlers, tokens handed out,
writes that were completed. It is a file, so that it outlives a real SIGKILL as well.
"""

import json
import os
import re
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rimedio.asl import (
    Activities,
    Engine,
    ExecutionAlreadyExists,
    InvalidToken,
    Journal,
    Machine,
    TaskContext,
    TaskFailed,
    TaskTimedOut,
    VirtualClock,
)
from rimedio.asl.integrations.functions import nested
from rimedio.asl.integrations.objects import FolderStore, objects

WRITES = ("put_machine", "put_note", "create", "commit", "signal", "take", "stop_signal")
WORK = "arn:aws:lambda:local:000000000000:function:work"
ASK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
UNIQUE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
START = datetime(2026, 1, 1, tzinfo=UTC)
STEP_SECONDS = 20.0
STEPS_MAX = 2_000

Definition = dict[str, Any]


class Crash(BaseException):
    """Stands for kill -9: nothing in the process catches it."""


class Log:
    """What has happened, in order."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        lines = path.read_bytes().splitlines() if path.exists() else []
        self._rows: list[dict[str, Any]] = [json.loads(line) for line in lines]

    def add(self, kind: str, **fields: Any) -> None:
        row = {"kind": kind, **fields}
        with self._lock, self._path.open("ab", buffering=0) as file:
            self._rows.append(row)
            file.write(json.dumps(row).encode() + b"\n")

    def rows(self, *kinds: str) -> list[dict[str, Any]]:
        return [row for row in self._rows if row["kind"] in kinds]


class CrashingJournal:
    """The real journal until its n-th write; there the process dies, just before the write or just after."""

    def __init__(
        self, inner: Journal, log: Log, crash_at: int = -1, *, after: bool = False, kill: bool = False
    ):
        self.inner, self.log, self.after, self.kill = inner, log, after, kill
        self.left, self.count, self.died_in = crash_at, 0, ""
        self.lock = threading.RLock()
        self.at_each_write: Callable[[int], None] = lambda _: None

    def __getattr__(self, name: str) -> object:
        found = getattr(self.inner, name)
        if name not in WRITES:
            return found

        def write(*arguments: Any) -> object:
            with self.lock:
                return self.write(name, found, *arguments)

        return write

    def write(self, name: str, method: Any, *arguments: Any) -> object:
        if self.died_in:
            raise Crash  # a dead process has no other threads
        self.left -= 1
        self.count += 1
        if self.left == 0 and not self.after:
            self.die(name)
        answer: object = method(*arguments)
        self.log.add("write", name=name)
        self.at_each_write(self.count)
        if self.left == 0:
            self.die(name)
        return answer

    def die(self, name: str) -> None:
        if self.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        self.died_in = name
        raise Crash


@dataclass
class World:
    """Handlers, a clock, a store of objects, a worker of activities, people who answer."""

    folder: Path
    answers: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1
    log: Log = field(init=False)
    clock: VirtualClock = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.log = Log(self.folder / "log")
        times = [row["at"] for row in self.log.rows("clock")]
        self.clock = VirtualClock(datetime.fromtimestamp(times[-1], UTC) if times else START)
        bucket = self.folder / "bucket"
        bucket.mkdir(exist_ok=True)
        (bucket / "items.jsonl").write_text("".join(f'{{"name": "i{n}"}}\n' for n in range(5)))

    def engine(self, journal: Journal) -> Engine:
        handlers: dict[str, Any] = {WORK: self.work, ASK: self.ask, **objects(FolderStore(self.folder))}
        made = Engine(journal, handlers, clock=self.clock)
        handlers.update(nested(made, made.registry.find))
        self._current = made
        return made

    # -- handlers

    def work(self, payload: Any, context: TaskContext) -> Any:
        name = payload.get("name") or ",".join(item["name"] for item in payload["Items"])
        self.log.add("call", key=context.key, name=name)
        times = int(payload.get("fail", 0))
        redriven = self._current.describe(context.execution_id).redrive_count > 0
        if context.retry_count < times or (payload.get("broken") in (True, name) and not redriven):
            self.log.add("return", key=context.key)
            raise TaskFailed(str(payload.get("error", "Flaky")), "try again")
        self.log.add("return", key=context.key)
        return {"name": name}

    def ask(self, payload: Any, context: TaskContext) -> Any:
        self.log.add("call", key=context.key, name=payload["name"], token=context.token)
        if payload["name"] == "early":
            with suppress(TaskTimedOut):  # it was answered before the crash
                self._current.send_task_success(str(context.token), {"by": "the handler itself"})
        self.log.add("return", key=context.key)
        return {}

    # -- what people and workers do

    def act(self, engine: Engine) -> bool:
        """Answer what is asked; whether there was anything to do."""
        acted = False
        done = {row["what"] for row in self.log.rows("acted")}
        for row in self.log.rows("call", "took"):
            token, answer = row.get("token"), self.answers.get(str(row["name"]))
            for part in (answer or "").split():
                what = f"{token} {part}"
                if token is None or what in done:
                    continue
                if part == "slowly" and not self._is_later(row["key"]):
                    break
                with suppress(TaskTimedOut, InvalidToken):  # over, or lost with the power
                    self._answer(engine, token, part)
                self.log.add("acted", what=what)
                acted = True
        return self._poll(engine) or acted

    def _is_later(self, key: str) -> bool:
        """The clock has moved since."""
        rows = self.log.rows("call", "took", "clock")
        first = next(place for place, row in enumerate(rows) if row.get("key") == key)
        return any(row["kind"] == "clock" for row in rows[first:])

    @staticmethod
    def _answer(engine: Engine, token: str, part: str) -> None:
        if part == "beat":
            engine.send_task_heartbeat(token)
        elif part == "fail":
            engine.send_task_failure(token, "Refused", "no")
        elif part == "yes":
            engine.send_task_success(token, {"by": "a person"})

    def _poll(self, engine: Engine) -> bool:
        activities = Activities(engine)
        acted = False
        for arn in activities.list():
            while (task := activities.get_task(arn, "w", wait_seconds=0)) is not None:
                number = len(self.log.rows("took")) + 1
                self.log.add("took", key=task.token, token=task.token, name=f"take{number}")
                acted = True
        return acted

    # -- driving

    def run_to_the_end(self, journal: Any, scenario: "Scenario") -> None:
        """Start what has not been started, work, answer, let time pass, until all is over."""
        engine = self.engine(journal)
        self.act(Engine(journal, clock=self.clock))  # while nobody runs the executions
        engine.resume()
        for name, definition in scenario.machines.items():
            engine.registry.put(Machine.parse(definition, name))
        if scenario.activity:
            Activities(engine).create(scenario.activity)
        executions = []
        for name in scenario.executions:
            try:
                executions.append(engine.start("main", {"name": name}, name=name))
            except ExecutionAlreadyExists as error:  # it had ended before the crash
                executions.append(error.execution_id)
        for _ in range(STEPS_MAX):
            self._work(engine)
            if journal_is_dead(journal):
                raise Crash
            if self.act(Engine(journal, clock=self.clock)):  # another process's door to the same journal
                continue
            found = [engine.describe(execution) for execution in executions]
            if scenario.intervene(
                engine, [row.execution_id for row in found if row.status == scenario.until]
            ):
                continue
            if all(row.is_over for row in found):
                return
            self.clock.sleep(STEP_SECONDS)
            self.log.add("clock", at=self.clock.now().timestamp())
        raise AssertionError([engine.describe(execution) for execution in executions])

    def _work(self, engine: Engine) -> None:
        """On threads, each of which dies with the process."""
        if self.threads == 1:
            engine.run_until_idle(wait=False)
            return

        def work() -> None:
            with suppress(Crash):
                engine.run_until_idle(wait=False)

        pool = [threading.Thread(target=work) for _ in range(self.threads)]
        for thread in pool:
            thread.start()
        for thread in pool:
            thread.join()

    def unrecorded(self) -> set[str]:
        """Keys of calls that had not returned, or had returned and nothing was written since."""
        open_calls: set[str] = set()
        returned: set[str] = set()
        for row in self.log.rows("call", "return", "write"):
            if row["kind"] == "call":
                open_calls.add(row["key"])
            elif row["kind"] == "return":
                open_calls.discard(row["key"])
                returned.add(row["key"])
            else:
                returned.clear()
        return open_calls | returned

    def calls(self) -> list[str]:
        """The key of every call, in order."""
        return [row["key"] for row in self.log.rows("call")]


@dataclass(frozen=True)
class Scenario:
    """Machines, of which `main` is started, once for each name; how people answer; what else happens."""

    machines: Mapping[str, Definition]
    executions: tuple[str, ...] = ("one",)
    answers: Mapping[str, str] = field(default_factory=dict)
    activity: str = ""
    until: str = ""
    exact: bool = True

    def intervene(self, engine: Engine, executions: list[str]) -> bool:
        """Redrive what has failed, stop what waits."""
        for execution in executions:
            if self.until == "FAILED":
                engine.redrive(execution)
            else:
                engine.stop(execution, "Enough", "of this")
        return bool(executions)


def journal_is_dead(journal: Any) -> bool:
    return isinstance(journal, CrashingJournal) and bool(journal.died_in)


def outcome(journal: Journal) -> dict[str, Any]:
    """How every execution in a journal has ended, with the types of its events; unique parts made alike."""
    told: dict[str, list[Any]] = {}
    records = list(journal.records(None, None, None, 1000))
    labels = {
        str(e.details["mapRunArn"]) for r in records for e in journal.events(r.id) if "mapRunArn" in e.details
    }
    for label in labels:
        records += journal.records(None, None, label, 1000)
    for record in records:
        events = journal.events(record.id)
        assert [event.id for event in events] == list(range(1, len(events) + 1))
        text = json.dumps([record.status, record.output, record.error, record.cause])
        row = [UNIQUE.sub("U", text), [event.type for event in events]]
        told.setdefault(UNIQUE.sub("U", record.id), []).append(row)
    return {name: sorted(rows) for name, rows in told.items()}


# -- the machines


def task(name: str, **more: Any) -> Definition:
    arguments = {"name": name, **{key: more.pop(key) for key in ("fail", "broken", "error") if key in more}}
    return {"Type": "Task", "Resource": WORK, "Arguments": arguments, "End": True, **more}


def asking(name: str, **more: Any) -> Definition:
    return {"Type": "Task", "Resource": ASK, "Arguments": {"name": name}, "End": True, **more}


def graph(**states: Definition) -> Definition:
    """States one after the other."""
    names = list(states)
    body = {}
    for name, following in zip(names, [*names[1:], None], strict=True):
        state = dict(states[name])
        if following is not None:
            state.pop("End", None)
            state["Next"] = following
        body[name] = state
    return {"StartAt": names[0], "States": body}


def machine(**states: Definition) -> Definition:
    return {"QueryLanguage": "JSONata", **graph(**states)}


RETRY = [{"ErrorEquals": ["Flaky"], "IntervalSeconds": 60, "MaxAttempts": 3}]
PLAIN = machine(
    First=task("first", fail=2, Retry=RETRY, Assign={"seen": "{% $states.result.name %}"}),
    Both={
        "Type": "Parallel",
        "Branches": [
            graph(Ask=asking("ask")),
            graph(Pause={"Type": "Wait", "Seconds": 90, "End": True}, Side=task("side")),
        ],
        "End": True,
    },
    Each={
        "Type": "Map",
        "Items": ["a", "b", "c"],
        "ItemProcessor": graph(
            Item=task("{% $states.input & $seen %}"),
            Shape={"Type": "Pass", "Output": "{% $uppercase($states.input.name) %}", "End": True},
        ),
        "End": True,
    },
)
BATCHES: Definition = {
    "Type": "Map",
    "MaxConcurrency": 2,
    "ToleratedFailureCount": 2,  # a batch fails with all its items
    "ItemReader": {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSONL"},
        "Arguments": {"Bucket": "bucket", "Key": "items.jsonl"},
    },
    "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"fail": 1, "broken": "i2,i3", "error": "Flaky"}},
    "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        **graph(
            Pause={"Type": "Wait", "Seconds": 30, "End": True},
            Work={
                "Type": "Task",
                "Resource": WORK,
                "Arguments": "{% $merge([$states.input.BatchInput, {'Items': $states.input.Items}]) %}",
                "Retry": [{"ErrorEquals": ["Flaky"], "IntervalSeconds": 10, "MaxAttempts": 1}],
                "End": True,
            },
        ),
    },
    "End": True,
}
WRITTEN = {
    "ResultWriter": {
        "Resource": "arn:aws:states:::s3:putObject",
        "Arguments": {"Bucket": "bucket", "Prefix": "results"},
    }
}
SYNC = "arn:aws:states:::states:startExecution.sync:2"


def starting(name: str, **more: Any) -> Definition:
    named = {"Name": more.pop("called")} if "called" in more else {}
    arguments = {"StateMachineArn": name, "Input": {"name": name}, **named}
    return {"Type": "Task", "Resource": SYNC, "Arguments": arguments, "End": True, **more}


CATCH = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
SCENARIOS: dict[str, Scenario] = {
    "plain": Scenario({"main": PLAIN}, answers={"ask": "slowly yes"}, exact=False),
    "distributed": Scenario({"main": machine(Each={**BATCHES, **WRITTEN}, After=task("after"))}),
    "nested": Scenario(
        {
            "good": machine(Pause={"Type": "Wait", "Seconds": 30, "End": True}, Work=task("inner")),
            "bad": machine(Work=task("bad", broken=True)),
            "main": machine(
                One=starting("good"),
                Two=starting("good", called="my-own"),
                Three=starting("bad", Catch=CATCH),
                Caught=task("caught"),
            ),
        }
    ),
    "activity": Scenario(
        {
            "main": machine(
                Ship={
                    "Type": "Task",
                    "Resource": "arn:aws:states:local:000000000000:activity:ship",
                    "HeartbeatSeconds": 50,
                    "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 5, "MaxAttempts": 4}],
                    "End": True,
                },
                After=task("after"),
            )
        },
        activity="ship",
        answers={"take2": "beat slowly beat yes"},
    ),
    "tokens": Scenario(
        {
            "main": machine(
                Early=asking("early"),
                Beating=asking("beating", HeartbeatSeconds=30),
                Refused=asking("refused", Catch=[{"ErrorEquals": ["Refused"], "Next": "Late"}]),
                Late=asking(
                    "late", TimeoutSeconds=70, Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "Last"}]
                ),
                Last=asking("last"),
            )
        },
        answers={"beating": "beat slowly beat yes", "refused": "fail", "last": "slowly yes"},
    ),
    "caught": Scenario(
        {
            "main": machine(
                Both={
                    "Type": "Parallel",
                    "Branches": [
                        graph(Ask=asking("never")),
                        graph(Long={"Type": "Wait", "Seconds": 9000, "End": True}),
                        graph(
                            Pause={"Type": "Wait", "Seconds": 30, "End": True}, Work=task("x", broken=True)
                        ),
                    ],
                    "Retry": [{"ErrorEquals": ["Flaky"], "MaxAttempts": 1, "IntervalSeconds": 7}],
                    "Catch": [{"ErrorEquals": ["Flaky"], "Next": "Each"}],
                    "End": True,
                },
                Each={
                    "Type": "Map",
                    "Items": ["a", "b", "c"],
                    "MaxConcurrency": 1,
                    "ItemProcessor": graph(Item=task("{% $states.input %}", broken="b")),
                    "Catch": CATCH,
                    "End": True,
                },
                Caught=task("caught"),
            )
        },
        exact=False,
    ),
    "redrive": Scenario(
        {
            "main": machine(
                First=task("first"),
                # One after the other: which of the others a failure aborts would be chance.
                Each={**BATCHES, "ToleratedFailureCount": 0, "MaxConcurrency": 1},
                Both={
                    "Type": "Parallel",
                    "Branches": [graph(Good=task("good")), graph(Bad=task("bad"))],
                    "End": True,
                },
            )
        },
        until="FAILED",
        exact=False,
    ),
    "stop": Scenario({"main": machine(First=task("first"), Ask=asking("never"))}, until="RUNNING"),
    "several": Scenario(
        {
            "main": machine(
                First=task("{% $states.input.name & '1' %}", fail=1, Retry=RETRY),
                Second=task("{% $states.input.name & '2' %}"),
            )
        },
        executions=("one", "two", "three"),
    ),
}
