"""Kill `rimedio serve` under load, again and again; count what was accepted, ended and told to a webhook.

Clients send tickets over HTTP, each under its idempotency key, and keep those that were accepted (202). The
service is killed with SIGKILL at random moments. At last it lives until all is done, and the ordered change stream
says which outcomes there were; the webhook's receiver says which it heard of, and under how many ids.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks._demo import fresh_copy, sample_tickets, settings_for
from benchmarks._report import ROOT, Report, parse_args
from benchmarks._webhook_receiver import Outcome, Received, receiving
from rimedio.bootstrap import laptop
from rimedio.bootstrap.identity import HomeIdentity
from rimedio.domain.ticket import AccountTier, Status
from rimedio.security.permissions import Role

KILLS = 50
CLIENTS = 2
LIFE_S = (0.3, 2.5)  # after it answers
START_S_MAX = 180  # on a busy machine
SETTLE_S_MAX = 600
QUIET_S = 8  # without a message after the last ticket has ended: longer than the first retry
REFUSED_SHARE = 0.02
SEED = 20260102
ENDED = {Status.READY, Status.IN_REVIEW, Status.NEEDS_INFO, Status.ESCALATED, Status.FAILED}


@dataclass
class Service:
    """`rimedio serve` on a data folder, started and killed."""

    folder: Path
    port: int
    token: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> httpx.Client:
        """A client that is signed in."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)

    def start(self) -> None:
        """Start it and wait until it answers."""
        environment = os.environ | {
            "RIMEDIO_EMBEDDER": "none",
            "RIMEDIO_LOOPBACK_URLS": "true",
            "RIMEDIO_RATE_OVERRIDES": "default=100000/100000",
        }
        command = [sys.executable, "-m", "rimedio", "--data-dir", str(self.folder), "serve"]
        log = (self.folder.parent / "service.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port)], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        until = time.monotonic() + START_S_MAX
        with self.client() as client:
            while time.monotonic() < until:
                if self.process.poll() is not None:
                    break
                with suppress(httpx.HTTPError):
                    if client.get("/v1/health").status_code == 200:
                        return
                time.sleep(0.05)
        raise SystemExit(f"The service did not start; see its log:\n{self.tail()}")

    def end(self, how: signal.Signals) -> None:
        """Send it a signal and wait for its end."""
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def tail(self) -> str:
        """The last lines it wrote."""
        text = (self.folder.parent / "service.log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-20:])


@dataclass
class Load:
    """Clients that open tickets; what was accepted survives them."""

    accepted: dict[str, str] = field(default_factory=dict)  # idempotency key → ticket
    changed: list[str] = field(default_factory=list)  # keys whose replay named another ticket
    refused: Counter[int] = field(default_factory=Counter)
    number: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_key(self, own: list[str]) -> str:
        """A key whose answer never came is sent again; else a new one."""
        if own:
            return own.pop()
        with self.lock:
            self.number += 1
            return f"crash-{self.number}"

    def run(self, service: Service, stop: threading.Event, unanswered: list[str]) -> None:
        """Open tickets until the service is gone."""
        bodies = [labelled.request.model_dump(mode="json") for labelled in sample_tickets()]
        with service.client() as client:
            while not stop.is_set():
                key = self.next_key(unanswered)
                body = bodies[int(key.rpartition("-")[2]) % len(bodies)]
                try:
                    answer = client.post("/v1/tickets", json=body, headers={"Idempotency-Key": key})
                except httpx.HTTPError:
                    unanswered.append(key)
                    return
                self.note(key, answer)

    def note(self, key: str, answer: httpx.Response) -> None:
        """Remember an accepted ticket."""
        with self.lock:
            if answer.status_code != 202:
                self.refused[answer.status_code] += 1
                return
            ticket = str(answer.json()["ticket_id"])
            if self.accepted.setdefault(key, ticket) != ticket:
                self.changed.append(key)


@contextmanager
def sending(load: Load, service: Service, unanswered: list[list[str]]) -> Iterator[None]:
    """Clients at work as long as the context lasts."""
    stop = threading.Event()
    threads = [threading.Thread(target=load.run, args=(service, stop, own)) for own in unanswered]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


def measure(report: Report, kills: int = KILLS) -> None:
    """Kill the service `kills` times and report."""
    chance = random.Random(SEED)
    received = Received(refuse_share=REFUSED_SHARE)
    with tempfile.TemporaryDirectory() as scratch, receiving(received) as address:
        folder = Path(scratch) / "data"
        fresh_copy(folder).close()
        service = Service(folder, _free_port(), _token(folder))
        load = Load()
        unanswered: list[list[str]] = [[] for _ in range(CLIENTS)]
        try:
            service.start()
            received.secret = _register(service, address)
            for life in range(kills):
                with sending(load, service, unanswered):
                    time.sleep(chance.uniform(*LIFE_S))
                    service.end(signal.SIGKILL)
                report.note(f"life {life + 1}: {len(load.accepted)} accepted, {received.messages} messages")
                service.start()
            _settle(service, load, received)
        finally:  # also when it did not start: no service may outlive the benchmark
            service.end(signal.SIGTERM)
        outcomes, ends = _outcomes(folder)
    _report(report, kills, load, received, outcomes, ends)


def _report(
    report: Report,
    kills: int,
    load: Load,
    received: Received,
    outcomes: set[Outcome],
    ends: Counter[str],
) -> None:
    tickets = set(load.accepted.values())
    report.add("service.kills", kills)
    report.add("service.accepted", len(tickets))
    report.add("service.ended", sum(ends[t] == 1 for t in tickets))
    report.add("service.lost", sum(ends[t] == 0 for t in tickets) + len(load.changed))
    report.add("service.outcomes", len(outcomes))
    report.add("service.webhooks_lost", len(outcomes - received.outcomes.keys()))
    report.add("service.doubled", sum(len(ids) > 1 for ids in received.outcomes.values()))
    report.add("service.messages", received.messages)
    report.add("service.unsigned", received.unsigned)
    strange = {status: count for status, count in load.refused.items() if status != 429}
    report.add("service.errors", sum(strange.values()))
    if strange:
        report.missing("some tickets", f"the service answered {strange}")


def _settle(service: Service, load: Load, received: Received) -> None:
    """Wait until nothing is in work and the receiver has been quiet for a while."""
    until, last, since = time.monotonic() + SETTLE_S_MAX, -1, time.monotonic()
    with service.client() as client:
        while time.monotonic() < until:
            time.sleep(0.5)
            if received.messages != last or _in_work(client):
                last, since = received.messages, time.monotonic()
            elif time.monotonic() - since > QUIET_S:
                return
    raise SystemExit(f"{len(load.accepted)} tickets were not done after {SETTLE_S_MAX} s:\n{service.tail()}")


def _in_work(client: httpx.Client) -> bool:
    try:
        return any(
            client.get("/v1/tickets", params={"status": status.value, "limit": 1}).json()["items"]
            for status in (Status.NEW, Status.PROCESSING)
        )
    except httpx.HTTPError:  # too busy to say so
        return True


def _outcomes(folder: Path) -> tuple[set[Outcome], Counter[str]]:
    """Every move of a ticket by the change stream, and how often each came to an end of its way."""
    system = laptop(settings_for(folder, embedder="none"))
    moves: set[Outcome] = set()
    ends: Counter[str] = Counter()
    try:
        while changes := system.changes.read("crash-service", 500):
            for change in changes:
                new, old = change.new or {}, change.old
                if new.get("entity") != "ticket" or old is None or new["status"] == old.get("status"):
                    continue
                ticket, version = str(new["ticket_id"]), new["version"]
                moves.add((ticket, version if isinstance(version, int) else 0))
                ends[ticket] += new["status"] in {str(status) for status in ENDED}
            system.changes.acknowledge("crash-service", changes[-1])
    finally:
        system.close()
    return moves, ends


def _register(service: Service, address: str) -> str:
    order = {"url": address, "events": ["TicketOpened", "TicketStatusChanged", "SolutionPublished"]}
    with service.client() as client:
        answer = client.post("/v1/webhooks", json=order)
        answer.raise_for_status()
        return str(answer.json()["secret"])


def _token(folder: Path) -> str:
    settings = settings_for(folder)
    issuer = HomeIdentity(folder, settings).issuer
    return issuer.issue("crash", settings.tenant, [Role.ADMIN], tier=AccountTier.ENTERPRISE).token


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    """The service part alone; `CRASH_KILLS` sets how often it is killed."""
    options = parse_args("_crash_service", __doc__ or "")
    report = Report("crash", options)
    measure(report, int(os.environ.get("CRASH_KILLS", KILLS)))
    report.finish()


if __name__ == "__main__":
    main()
