"""How fast the state machine engine is, beside moto in the same process, and what waiting executions cost.

.venv/bin/python -m benchmarks.asl_speed [--data DIR] [--json]
"""

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks._report import Report, parse_args
from rimedio.asl import Engine, Machine, SqliteJournal, VirtualClock
from rimedio.asl.jsontext import JSON

PASS5 = {
    "StartAt": "S1",
    "States": {
        **{f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(1, 5)},
        "S5": {"Type": "Pass", "End": True},
    },
}
MAP100 = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Item",
                "States": {"Item": {"Type": "Pass", "End": True}},
            },
            "End": True,
        }
    },
}
SLOW = "arn:aws:lambda:local:000000000000:function:slow"
SLOW_SECONDS = 0.01
THREADS = 4
THREE_TASKS = {
    "StartAt": "T1",
    "States": {
        **{f"T{n}": {"Type": "Task", "Resource": SLOW, "Next": f"T{n + 1}"} for n in range(1, 3)},
        "T3": {"Type": "Task", "Resource": SLOW, "End": True},
    },
}
ROUNDS = 3
WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 86_400, "End": True}}}
ASK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
ACTIVITY = "arn:aws:states:local:000000000000:activity:work"
ITEMS = 10
WAIT_IN_MAP = {
    "StartAt": "Each",
    "States": {"Each": {"Type": "Map", "ItemProcessor": WAIT, "End": True}},
}
WAITING_MACHINES: dict[str, object] = {
    "waiting_10k": WAIT,
    "waiting_10k_tokens": {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": ASK, "End": True}}},
    "waiting_10k_activities": {
        "StartAt": "T",
        "States": {"T": {"Type": "Task", "Resource": ACTIVITY, "End": True}},
    },
    "waiting_10k_items": WAIT_IN_MAP,
}
WAITING = 10_000


def main() -> None:
    """Measure and report."""
    report = Report("asl_speed", parse_args("asl_speed", __doc__ or ""))
    with tempfile.TemporaryDirectory() as folder, _moto() as moto:
        journal = SqliteJournal.open(Path(folder) / "speed.db")
        for case in _cases(Engine(journal), moto):
            _compare(report, case)
    _threads(report)
    _waiting(report)
    report.finish()


@dataclass(frozen=True)
class Case:
    """One figure: what runs here and how often, what runs beside it in moto and how often."""

    name: str
    ours: Callable[[], str]
    runs: int
    theirs: Callable[[], str] | None
    their_runs: int


def _cases(engine: Engine, moto: "Moto | None") -> list[Case]:
    small: JSON = {"order": 17, "customer": "Ada"}
    items: JSON = list(range(100))
    pass5, map100 = Machine.parse(json.dumps(PASS5), "pass5"), Machine.parse(json.dumps(MAP100), "map100")
    their5 = moto.machine("pass5", PASS5, small) if moto else None
    their100 = moto.machine("map100", MAP100, items) if moto else None
    return [
        Case("pass5", lambda: engine.run(engine.start(pass5, small)).status, 1_500, their5, 15),
        Case("map100", lambda: engine.run(engine.start(map100, items)).status, 100, their100, 3),
        Case("express", lambda: engine.start_sync(pass5, small).status, 4_000, their5, 15),
    ]


def _compare(report: Report, case: Case) -> None:
    """Both sides by turns, so that a noisy moment of the machine strikes both; the median of the rounds counts."""
    rates, ratios = [], []
    for _ in range(ROUNDS):
        ours = _rate(case.ours, case.runs)
        rates.append(ours)
        if case.theirs is not None:
            theirs = _rate(case.theirs, case.their_runs)
            ratios.append(ours / theirs)
            report.note(f"{case.name}: {ours:.0f}/s here, {theirs:.1f}/s in moto")
    report.add(f"{case.name}.per_s", median(rates), case.runs)
    if ratios:
        report.add(f"{case.name}.ratio", median(ratios), ROUNDS)
    else:
        report.missing(f"{case.name}.ratio", "moto[stepfunctions] is not installed")


def _rate(run: Callable[[], str], runs: int) -> float:
    """Executions a second, one after the other, each awaited."""
    for _ in range(runs // 20 + 1):
        run()
    gc.collect()
    started = time.perf_counter()
    for _ in range(runs):
        assert run() == "SUCCEEDED"
    return runs / (time.perf_counter() - started)


@dataclass(frozen=True)
class Moto:
    """Step Functions as moto runs it, in this process."""

    client: Any

    def machine(self, name: str, definition: object, given: object) -> Callable[[], str]:
        """Creates a machine; the answer runs it once and tells the status."""
        role = f"arn:aws:iam::{'1' * 12}:role/bench"
        made = self.client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)

        def run() -> str:
            started = self.client.start_execution(
                stateMachineArn=made["stateMachineArn"], name=uuid.uuid4().hex, input=json.dumps(given)
            )
            while True:
                status = str(self.client.describe_execution(executionArn=started["executionArn"])["status"])
                if status != "RUNNING":
                    return status
                time.sleep(0.001)

        return run


@contextmanager
def _moto() -> Iterator[Moto | None]:
    try:
        import boto3
        from moto import mock_aws
    except ImportError:
        yield None
        return
    os.environ.update(dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "testing"))
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield Moto(boto3.client("stepfunctions", region_name="eu-south-1"))


def _threads(report: Report) -> None:
    """Tasks a second with four workers and handlers that wait 10 ms; 400 is what the handlers alone allow."""
    with tempfile.TemporaryDirectory() as folder:
        handlers = {SLOW: lambda payload, context: time.sleep(SLOW_SECONDS)}
        engine = Engine(SqliteJournal.open(Path(folder) / "threads.db"), handlers)
        machine = Machine.parse(json.dumps(THREE_TASKS), "tasks")
        started = time.perf_counter()
        with engine.workers(THREADS):
            executions = [engine.start(machine, {}) for _ in range(200)]
            assert all(engine.wait_for(execution, 60).status == "SUCCEEDED" for execution in executions)
        report.add("workers4.tasks_per_s", 3 * len(executions) / (time.perf_counter() - started), THREADS)


def _waiting(report: Report) -> None:
    """10,000 things that wait: what they weigh, how long resuming takes, and how long it takes when all are due."""
    for kind, machine in WAITING_MACHINES.items():
        with tempfile.TemporaryDirectory() as folder:
            for step in ("start", "resume", "due"):
                command = [
                    sys.executable,
                    "-m",
                    "benchmarks.asl_speed",
                    "--waiting",
                    step,
                    kind,
                    f"{folder}/w.db",
                ]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                report.note(f"waiting, {kind}, {step}: {done.stdout.strip()}")
                figures = json.loads(done.stdout)
                if step == "start":
                    report.add(f"{kind}.mb", figures["mb"], WAITING)
                    report.add(f"{kind}.file_mb", figures["file_mb"], WAITING)
                elif step == "resume":
                    report.add(f"{kind}.resume_s", figures["seconds"], WAITING)
                elif machine is WAIT or machine is WAIT_IN_MAP:
                    report.add(f"{kind}.all_due_s", figures["seconds"], WAITING)


def _waiting_step(step: str, kind: str, path: str) -> None:
    started = time.perf_counter()
    clock = VirtualClock(datetime.now(UTC) + timedelta(days=2 if step == "due" else 0))
    engine = Engine(SqliteJournal.open(path), {ASK: lambda payload, context: None}, clock=clock)
    definition = WAITING_MACHINES[kind]
    if step == "start":
        machine = Machine.parse(json.dumps(definition), "waiting")
        items: JSON = list(range(ITEMS))
        for number in range(WAITING // ITEMS if definition is WAIT_IN_MAP else WAITING):
            engine.start(machine, items if definition is WAIT_IN_MAP else {"number": number})
            if number % 500 == 0:
                engine.run_until_idle(wait=False)
    else:
        engine.resume()
    engine.run_until_idle(wait=False)
    seconds = time.perf_counter() - started
    size = sum(file.stat().st_size for file in Path(path).parent.glob("w.db*"))
    told = {"mb": _resident_mb(), "seconds": seconds, "file_mb": size / 1e6}
    print(json.dumps({name: round(value, 3) for name, value in told.items()}))


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    if "--waiting" in sys.argv:
        _waiting_step(*sys.argv[2:5])
    else:
        main()
