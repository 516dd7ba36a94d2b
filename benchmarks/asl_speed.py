"""How fast the state machine engine is, beside moto in the same process, and what waiting executions cost.

.venv/bin/python -m benchmarks.asl_speed [--data DIR] [--json]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from benchmarks._report import Report, parse_args
from rimedio.asl import Engine, Machine, SqliteJournal
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
WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 86_400, "End": True}}}
WAITING = 10_000


def main() -> None:
    """Measure and report."""
    report = Report("asl_speed", parse_args("asl_speed", __doc__ or ""))
    small: JSON = {"order": 17, "customer": "Ada"}
    items: JSON = list(range(100))
    theirs = {name: _moto(machine, given, runs) for name, machine, given, runs in (
        ("pass5", PASS5, small, 30), ("map100", MAP100, items, 5))}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(SqliteJournal.open(Path(folder) / "speed.db"))
        pass5, map100 = Machine.parse(json.dumps(PASS5), "pass5"), Machine.parse(json.dumps(MAP100), "map100")
        ours = {
            "pass5": _rate(lambda: engine.run(engine.start(pass5, small)).status, 4_000),
            "map100": _rate(lambda: engine.run(engine.start(map100, items)).status, 200),
            "express": _rate(lambda: engine.start_sync(pass5, small).status, 4_000),
        }
        for name, rate in ours.items():
            report.add(f"{name}.per_s", rate)
            peer = theirs["pass5" if name == "express" else name]
            if peer is None:
                report.missing(f"{name}.ratio", "moto[stepfunctions] is not installed")
            else:
                report.note(f"{name}: {rate:.0f}/s here, {peer:.1f}/s in moto")
                report.add(f"{name}.ratio", rate / peer)
    _waiting(report)
    report.finish()


def _rate(run: Callable[[], str], runs: int) -> float:
    """Executions a second, one after the other, each awaited."""
    for _ in range(runs // 20 + 1):
        run()
    started = time.perf_counter()
    for _ in range(runs):
        assert run() == "SUCCEEDED"
    return runs / (time.perf_counter() - started)


def _moto(definition: object, given: object, runs: int) -> float | None:
    try:
        import boto3
        from moto import mock_aws
    except ImportError:
        return None
    os.environ.update(dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "testing"))
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        client = boto3.client("stepfunctions", region_name="eu-south-1")
        role = f"arn:aws:iam::{'1' * 12}:role/bench"
        machine = client.create_state_machine(name="m", definition=json.dumps(definition), roleArn=role)

        def run() -> str:
            started = client.start_execution(
                stateMachineArn=machine["stateMachineArn"], name=uuid.uuid4().hex, input=json.dumps(given)
            )
            while True:
                status = str(client.describe_execution(executionArn=started["executionArn"])["status"])
                if status != "RUNNING":
                    return status
                time.sleep(0.001)

        return _rate(run, runs)


def _waiting(report: Report) -> None:
    """10,000 executions in a Wait state: what a process weighs that holds them, and how long resuming takes."""
    with tempfile.TemporaryDirectory() as folder:
        for step in ("start", "resume"):
            command = [
                sys.executable,
                "-m",
                "benchmarks.asl_speed",
                "--waiting",
                step,
                f"{folder}/waiting.db",
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            report.note(f"waiting, {step}: {done.stdout.strip()}")
            figures = json.loads(done.stdout)
            if step == "start":
                report.add("waiting_10k.mb", figures["mb"], WAITING)
            else:
                report.add("waiting_10k.resume_s", figures["seconds"], WAITING)


def _waiting_step(step: str, path: str) -> None:
    started = time.perf_counter()
    engine = Engine(SqliteJournal.open(path))
    if step == "start":
        machine = Machine.parse(json.dumps(WAIT), "waiting")
        for number in range(WAITING):
            engine.start(machine, {"number": number})
            if number % 500 == 0:
                engine.run_until_idle(wait=False)
    else:
        assert engine.resume() == WAITING
    engine.run_until_idle(wait=False)
    seconds = time.perf_counter() - started
    print(json.dumps({"mb": round(_resident_mb(), 1), "seconds": round(seconds, 3)}))


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    if "--waiting" in sys.argv:
        _waiting_step(*sys.argv[2:4])
    else:
        main()
