"""Reads a second through the whole stack, and a thousand users at once."""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from benchmarks._demo import fresh_copy, sample_tickets
from benchmarks._report import DEFAULT_DATA, ROOT, Options, Report

READ_SECONDS = 10.0
CONNECTIONS = 16
TICKETS = 50
USERS = 1000
MIXED_SECONDS = 300
RAMP = (500, 1000, 1500, 2000, 3000, 4000)
RAMP_SECONDS = 20
BENT_MS = 200.0
LOCUSTFILE = ROOT / "tests" / "load" / "locustfile.py"


@dataclass(frozen=True)
class Served:
    """A running service."""

    address: str
    token: str
    tickets: tuple[str, ...]


@contextmanager
def service(folder: Path) -> Iterator[Served]:
    """The service on a copy of the demo, with some tickets in it."""
    system = fresh_copy(folder)
    try:
        samples = sample_tickets()
        opened = [
            system.runner.settle(system.open_ticket(system.tenant, samples[i % len(samples)].request))
            for i in range(TICKETS)
        ]
    finally:
        system.close()
    command = [sys.executable, "-m", "benchmarks._http_server", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            yield Served(told["address"], told["token"], tuple(t.ticket_id for t in opened))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def measure_reads(report: Report, served: Served) -> None:
    """`GET /v1/tickets/{id}` as fast as the server answers, from another process."""
    parts = urlsplit(served.address)
    head = f"Host: {parts.netloc}\r\nAuthorization: Bearer {served.token}\r\nAccept: application/json\r\n\r\n"
    task = {
        "host": parts.hostname,
        "port": parts.port,
        "requests": [f"GET /v1/tickets/{ticket} HTTP/1.1\r\n{head}" for ticket in served.tickets],
        "connections": CONNECTIONS,
        "seconds": READ_SECONDS,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks._http_client"],
        cwd=ROOT, input=json.dumps(task), capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    found = json.loads(done.stdout)
    report.add("reads.per_s", found["requests"] / found["seconds"], found["requests"])
    report.add("reads.p95_ms", float(np.percentile(found["latencies_ms"], 95)), found["requests"])
    report.add("reads.errors", found["errors"], found["requests"])


@dataclass(frozen=True)
class Load:
    """What Locust saw."""

    users: int
    requests: int
    errors: int
    read_p95_ms: float
    per_s: float
    reads_per_s: float
    by_name: dict[str, tuple[int, int, float]]  # requests, errors, p95


def run_locust(served: Served, users: int, seconds: int) -> Load:
    """Put a number of users on the service for a while; statistics begin when all of them are there."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "stats"
        command = [
            sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--host", served.address,
            "-u", str(users), "-r", str(max(20, users // 10)), "-t", f"{seconds + 10}s", "--reset-stats",
            "--only-summary", "--json-file", str(out), "--loglevel", "ERROR", "--stop-timeout", "2",
        ]  # fmt: skip
        environment = os.environ | {
            "RIMEDIO_TOKEN": served.token,
            "RIMEDIO_TICKETS": ",".join(served.tickets),
        }
        subprocess.run(
            command, cwd=ROOT, env=environment, check=False, capture_output=True, timeout=seconds + 120
        )
        stats = json.loads(out.with_suffix(".json").read_text())
    by_name = {
        row["name"]: (row["num_requests"], row["num_failures"], _p95(row["response_times"])) for row in stats
    }
    requests = sum(row["num_requests"] for row in stats)
    errors = sum(row["num_failures"] for row in stats)
    lasted = max(row["last_request_timestamp"] for row in stats) - min(row["start_time"] for row in stats)
    reads = by_name.get("read", (0, 0, float("nan")))
    return Load(users, requests, errors, reads[2], requests / lasted, reads[0] / lasted, by_name)


def _p95(histogram: dict[str, int]) -> float:
    """Of a histogram of rounded milliseconds."""
    times = sorted((float(ms), count) for ms, count in histogram.items())
    wanted, seen = 0.95 * sum(count for _, count in times), 0
    for ms, count in times:
        seen += count
        if seen >= wanted:
            return ms
    return float("nan")


def measure_mixed(report: Report, served: Served, users: int, seconds: int) -> None:
    """Reads, lists, new tickets, streams; 429 is not an error."""
    load = run_locust(served, users, seconds)
    report.note(f"mixed: {users} users, {load.per_s:.0f} requests/s, of these {load.reads_per_s:.0f} reads/s")
    for name, (count, errors, p95) in sorted(load.by_name.items()):
        report.note(f"  {name:14} {count:7} requests  {errors:4} errors  p95 {p95:6.0f} ms")
    report.add("mixed.users", users, load.requests)
    report.add("mixed.errors", load.errors, load.requests)
    report.add("mixed.p95_ms", load.read_p95_ms, load.by_name["read"][0])


def measure_ramp(report: Report, served: Served, seconds: int) -> None:
    """More and more users, until reads take longer than 200 ms or less is served than asked for."""
    for users in RAMP:
        load = run_locust(served, users, seconds)
        report.note(
            f"ramp: {users:5} users  {load.per_s:6.0f} requests/s  reads p95 {load.read_p95_ms:6.0f} ms  "
            f"{load.errors} errors"
        )
        if load.read_p95_ms > BENT_MS:
            report.note(f"ramp: it bends at {users} users ({load.per_s:.0f} requests/s)")
            report.add("ramp.bends_at_users", users)
            report.add("ramp.bends_at_per_s", load.per_s)
            return
    report.note(f"ramp: it does not bend up to {RAMP[-1]} users")


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.http_load", description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder with the data sets")
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    parser.add_argument("--seconds", type=int, default=MIXED_SECONDS, help="length of the mixed load")
    parser.add_argument("--users", type=int, default=USERS, help="users of the mixed load")
    parser.add_argument("--only", choices=("reads", "mixed", "ramp"), help="measure one part")
    given = parser.parse_args(argv)
    report = Report("http_load", Options(given.data.resolve(), given.json))
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as served:
        if given.only in (None, "reads"):
            measure_reads(report, served)
        if given.only in (None, "mixed"):
            measure_mixed(report, served, given.users, given.seconds)
        if given.only in (None, "ramp"):
            measure_ramp(report, served, min(given.seconds, RAMP_SECONDS))
    report.finish()


if __name__ == "__main__":
    main()
