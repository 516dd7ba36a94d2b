"""How long a ticket takes, how many a second, and what serving from thirty thousand passages costs."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks._demo import fresh_copy, sample_tickets, settings_for
from benchmarks._report import ROOT, Report, parse_args
from benchmarks._vectors import CachedEmbedder
from rimedio.bootstrap import laptop
from rimedio.domain.ticket import Status
from rimedio.knowledge.embedding.onnx import OnnxEmbedder
from rimedio.storage.tickets import TicketStore

SUSTAINED_S = 20.0
OPEN_AT_ONCE = 40
QUESTIONS = (
    "How do I delete an option group that is associated with a stopped DB instance?",
    "Come creo una funzione Lambda che legge da un flusso?",
    "What is the maximum number of security groups for a load balancer?",
)
COLD_STARTS = 5
EMBEDDED_AT_ONCE = 2048


def measure_latency(report: Report, folder: Path) -> None:
    """One ticket after the other, from the request to its end or to a person."""
    system = fresh_copy(folder)
    tickets = sample_tickets()
    try:
        for warm in tickets[:5]:
            system.runner.settle(system.open_ticket(system.tenant, warm.request))
        times = []
        for labelled in tickets:
            started = time.perf_counter()
            ticket = system.runner.settle(system.open_ticket(system.tenant, labelled.request))
            times.append((time.perf_counter() - started) * 1000)
            if ticket.status in (Status.NEW, Status.PROCESSING, Status.FAILED):
                raise SystemExit(f"{labelled.id} ended as {ticket.status}: {ticket.status_reason}")
    finally:
        system.close()
    report.add("demo.p50_ms", float(np.percentile(times, 50)), len(times))
    report.add("demo.p95_ms", float(np.percentile(times, 95)), len(times))


def measure_throughput(report: Report, folder: Path) -> None:
    """Tickets a second, kept up: new ones come as long as the clock runs, two workers work."""
    system = fresh_copy(folder)
    requests = [labelled.request for labelled in sample_tickets()]
    opened: list[str] = []
    try:
        with system.runner.working(system.settings.workers):
            started = time.perf_counter()
            while time.perf_counter() - started < SUSTAINED_S:
                done = _done(system.tickets, system.tenant, opened)
                while len(opened) - done < OPEN_AT_ONCE:
                    request = requests[len(opened) % len(requests)]
                    opened.append(system.open_ticket(system.tenant, request).ticket_id)
                time.sleep(0.05)
            while _done(system.tickets, system.tenant, opened) < len(opened):
                time.sleep(0.02)
            elapsed = time.perf_counter() - started
    finally:
        system.close()
    report.add("demo.per_s", len(opened) / elapsed, len(opened))


def _done(tickets: TicketStore, tenant: str, opened: list[str]) -> int:
    open_now = sum(
        len(tickets.list_by_status(tenant, status, limit=1000).tickets)
        for status in (Status.NEW, Status.PROCESSING)
    )
    return len(opened) - open_now


def measure_serving(report: Report, data: Path, folder: Path) -> None:
    """Memory and cold start of a process that answers from all of aws-docs."""
    source = data / "kb" / "aws-docs.tar.gz"
    if not source.exists():
        report.missing("serve_30k", f"{source} is not there")
        return
    system = laptop(settings_for(folder))
    embedder = CachedEmbedder(OnnxEmbedder.packaged())
    try:
        system.ingestor.ingest([source], system.tenant)
        while waiting := system.index.unembedded(embedder.model_id, EMBEDDED_AT_ONCE):
            vectors = embedder.embed_passages([text for _, text in waiting])
            keys = [key for key, _ in waiting]
            system.index.store_vectors(embedder.model_id, dict(zip(keys, vectors, strict=True)))
        chunks = system.coverage().chunks
    finally:
        system.close()
    report.note(f"serving from {chunks} passages")
    starts = [_cold_start(folder, QUESTIONS[i % len(QUESTIONS)]) for i in range(COLD_STARTS)]
    report.add("serve_30k.cold_start_s", float(np.median(starts)), chunks)
    serving = subprocess.run(
        [sys.executable, "-m", "benchmarks._serve", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    report.add("serve_30k.peak_mb", float(serving.stdout.strip().splitlines()[-1]), chunks)


def _cold_start(folder: Path, question: str) -> float:
    command = [sys.executable, "-m", "rimedio", "--data-dir", str(folder), "ask", question, "--json"]
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return time.perf_counter() - started


def main() -> None:
    """Latency, throughput, serving."""
    options = parse_args("ticket", __doc__ or "")
    report = Report("ticket", options)
    with tempfile.TemporaryDirectory() as scratch:
        measure_latency(report, Path(scratch) / "latency")
        measure_throughput(report, Path(scratch) / "throughput")
        measure_serving(report, options.data, Path(scratch) / "serving")
    report.finish()


if __name__ == "__main__":
    main()
