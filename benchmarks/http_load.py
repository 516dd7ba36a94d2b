"""Reads a second through the whole stack, and a thousand users at once."""

import argparse
import json
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
    report.finish()


if __name__ == "__main__":
    main()
