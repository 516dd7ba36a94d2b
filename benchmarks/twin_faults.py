"""One fault at a time at every call to AWS that a ticket's way makes, on the twin (tools/twin).

First a ticket goes its way undisturbed and every call is noted: service, operation, which one of its kind. Then one
ticket more for each of these calls and each kind of fault: throttled, refused with 503, timed out before it was
carried out, timed out after it was (the answer lost), and an outage that outlives the client's own retries. Each
ticket must be accepted (a client repeats a 5xx under the same idempotency key), end, and be charged once.
OpenSearch is not called through boto3: its faults are tried in tests/chaos/knowledge.
"""

import argparse
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.engines.start import running
from tools.twin import Engines, Twin, twin
from tools.twin.clock import HurryingClock

from benchmarks._demo import EXAMPLES, demo_folder, sample_tickets, settings_for
from benchmarks._report import DEFAULT_DATA, Options, Report
from rimedio.aws import Client
from rimedio.aws.faults import Fault, Faults, ServerError, Throttle, Timeout
from rimedio.bootstrap import laptop
from rimedio.cost.ledger import CostKind, CostOutcome
from rimedio.domain.errors import RimedioError
from rimedio.domain.ticket import Ticket

SPEED = 20.0  # retries of the workflow wait 5, 10, 20 seconds
OUTAGE_CALLS = 6  # in a row: more than a client tries by itself
REPEATS = 4  # of a request that was answered with 5xx
MANUALS = ("xc-200-manual-en.md", "xc-200-faq-en.html")
TICKET = "demo-047"
Case = tuple[str, str, int, str]  # service, operation, which call, kind of fault
KINDS: dict[str, tuple[Fault, int]] = {
    "throttled": (Throttle(), 1),
    "server error": (ServerError(503), 1),
    "timed out": (Timeout(), 1),
    "answer lost": (Timeout(carried_out=True), 1),
    "outage": (ServerError(500), OUTAGE_CALLS),
}
GOOD_ENDS = frozenset({"READY", "IN_REVIEW", "ESCALATED"})


@dataclass
class Wire:
    """Notes calls, and disturbs them."""

    faults: Faults = field(default_factory=Faults)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)

    def prepare(self, client: Client) -> None:
        """Stand between a client and its network."""
        service = client.meta.service_model.service_name

        def note(request: object, event_name: str, **_: object) -> None:
            self.calls[service, event_name.rpartition(".")[2]] += 1

        client.meta.events.register_first("before-send", note)
        self.faults.attach(client)

    def begin(self) -> None:
        """From here on calls are counted anew, and nothing is planned."""
        self.calls.clear()
        self.faults.clear()


@dataclass
class Tally:
    """What became of the tickets."""

    ends: Counter[str] = field(default_factory=Counter)
    refused: int = 0  # never accepted, however often it was sent
    lost: int = 0
    doubled: int = 0
    same: int = 0


def whole_way(aws: Twin, body: dict[str, Any]) -> Ticket | None:
    """A ticket to its end; None when it was never accepted. Raises TimeoutError when it does not end."""
    key = uuid.uuid4().hex
    for _ in range(REPEATS):
        try:
            answer = aws.call("POST", "/v1/tickets", body, **{"Idempotency-Key": key})
        except RimedioError:
            continue
        if answer["statusCode"] < 500 and answer["statusCode"] != 429:
            break
    else:
        return None
    ticket_id = json.loads(answer["body"])["ticket_id"]
    aws.watcher.runner.recover(
        aws.system.tenant
    )  # the housekeeping function's: what was accepted, not started
    ticket = aws.settled(ticket_id)
    aws.relay()
    return ticket


def charged_twice(aws: Twin, ticket: Ticket) -> bool:
    """Whether more than one answered call of a model stands in the ledger for a step that wants one."""
    entries = aws.watcher.accounts.ledger.of_ticket(aws.system.tenant, ticket.ticket_id)
    answered = Counter(e.step for e in entries if e.kind is CostKind.CHAT and e.outcome is CostOutcome.DONE)
    return any(count > 1 for count in answered.values())


def cases(calls: Counter[tuple[str, str]]) -> Iterator[tuple[str, str, int, str]]:
    """Service, operation, which call, kind of fault."""
    for (service, operation), count in sorted(calls.items()):
        for number in range(1, count + 1):
            for kind in KINDS:
                yield service, operation, number, kind


def measure(report: Report, engines: Engines, every: int) -> None:
    """Every `every`-th case."""
    wire = Wire()
    request = next(t.request for t in sample_tickets() if t.id == TICKET)
    body = request.model_dump(mode="json", exclude_none=True)
    demo = laptop(settings_for(demo_folder()), read_only=True)
    try:
        with twin(engines, demo_folder(), clock=HurryingClock(SPEED), prepare=wire.prepare) as aws:
            aws.load([EXAMPLES / "knowledge" / name for name in MANUALS], demo.registry)
            whole_way(aws, body)  # connections and caches are warm from here on
            wire.begin()
            plain = whole_way(aws, body)
            assert plain is not None
            found = list(cases(wire.calls))[::every]
            report.note(
                f"{sum(wire.calls.values())} calls of {len(wire.calls)} operations; {len(found)} cases"
            )
            tally = Tally()
            for service, operation, number, kind in found:
                _one(report, aws, wire, body, (service, operation, number, kind), tally, plain.status.value)
    finally:
        demo.close()
    report.add("cases", len(found))
    report.add("refused", tally.refused, len(found))
    report.add("lost", tally.lost, len(found))
    report.add("double_charged", tally.doubled, len(found))
    report.add("as_undisturbed", tally.same / len(found), len(found))
    report.note(f"ends: {dict(tally.ends)}")


def _one(
    report: Report, aws: Twin, wire: Wire, body: dict[str, Any], case: Case, tally: Tally, plain: str
) -> None:  # fmt: skip
    service, operation, number, kind = case
    fault, calls = KINDS[kind]
    wire.begin()
    wire.faults.on(service, operation, fault, calls=range(number, number + calls))
    try:
        ticket = whole_way(aws, body)
    except (TimeoutError, RuntimeError) as error:
        tally.lost += 1
        report.note(f"LOST at {service}.{operation} {number}, {kind}: {error}")
        return
    finally:
        wire.faults.clear()
    if ticket is None:
        tally.refused += 1
        report.note(f"never accepted: {service}.{operation} {number}, {kind}")
        return
    tally.ends[ticket.status.value] += 1
    tally.same += ticket.status.value == plain
    if ticket.status.value not in GOOD_ENDS:
        tally.lost += 1
        report.note(f"{ticket.status.value} at {service}.{operation} {number}, {kind}")
    if charged_twice(aws, ticket):
        tally.doubled += 1
        report.note(f"CHARGED TWICE at {service}.{operation} {number}, {kind}")


def without_pauses() -> Callable[[], None]:
    """botocore waits up to seconds between its own tries, on the machine's clock; here it does not."""
    from botocore.retries import standard

    before = standard.ExponentialBackoff.delay_amount
    standard.ExponentialBackoff.delay_amount = lambda *_: 0

    def undo() -> None:
        standard.ExponentialBackoff.delay_amount = before

    return undo


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.twin_faults", description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=DEFAULT_DATA, help="folder with the data sets (not used)"
    )
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    parser.add_argument("--every", type=int, default=1, help="only every so-manieth case")
    given = parser.parse_args(argv)
    report = Report("twin_faults", Options(given.data.resolve(), given.json))
    addresses = running().addresses
    if "dynamodb" not in addresses:
        report.missing("everything", "DynamoDB Local does not run; start it with `make engines`")
    else:
        undo = without_pauses()
        try:
            measure(report, Engines(addresses["dynamodb"], addresses.get("opensearch")), given.every)
        finally:
            undo()
    report.finish()


if __name__ == "__main__":
    main()
