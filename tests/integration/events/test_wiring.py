"""From a ticket to a receiver's door: the system's own parts, wired as the service wires them."""

import http.server
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rimedio.bootstrap import Rimedio, laptop
from rimedio.domain.errors import InvalidInput
from rimedio.domain.ticket import TicketRequest
from rimedio.events.detail_types import DetailType
from rimedio.events.signing import verify_webhook
from rimedio.settings import EmbedderName, Settings

REQUEST = TicketRequest.model_validate(
    {
        "customer": {"id": "c-1", "name": "Anna Rossi", "contact_email": "anna@example.org"},
        "asset": {"product_type": "EV_CHARGER", "model": "XC-200", "serial": "SN-1"},
        "symptom_text": "The charger stops after five minutes and shows E029.",
    }
)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[Rimedio]:
    made = laptop(Settings(data_dir=tmp_path / "data", embedder=EmbedderName.NONE, loopback_urls=True))
    yield made
    made.close()


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    seen: list[tuple[dict[str, str], bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((dict(self.headers.items()), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/in", seen
    server.shutdown()
    server.server_close()
    thread.join()


def work(system: Rimedio) -> None:
    """Every loop of the room until none has anything to do."""
    loops = [run for run, _ in system.eventing.loops().values()]
    while sum(run() for run in loops):
        pass


def test_a_tickets_way_is_told_to_a_webhook_archived_described_and_told_again(system, receiver) -> None:
    url, seen = receiver
    kinds = (DetailType.TICKET_OPENED, DetailType.TICKET_STATUS_CHANGED)
    made = system.eventing.webhooks.register("acme", url, kinds)
    ticket = system.open_ticket("acme", REQUEST)
    ended = system.runner.settle(ticket)
    work(system)
    messages = [json.loads(body) for _, body in seen]
    assert messages[0]["type"] == "TicketOpened"
    statuses = [m["data"]["status"] for m in messages if m["type"] == "TicketStatusChanged"]
    assert statuses[-1] == ended.status.value
    for headers, body in seen:
        assert verify_webhook(made.secret, headers, body, now=datetime.now(UTC))
        assert b"Anna" not in body
        assert b"five minutes" not in body
    told = {event.id for event in system.eventing.archive.events("acme", limit=100).items}
    assert {m["data"]["metadata"]["event_id"] for m in messages} <= told
    names = [schema.name for schema in system.eventing.schemas.schemas("acme")]
    assert "rimedio.tickets@TicketOpened" in names
    for event in system.eventing.archive.events("acme", limit=100).items:
        system.eventing.schemas.validate(event)
    ids = [headers["webhook-id"] for headers, _ in seen]
    system.eventing.archive.start_replay(
        "acme", datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    )
    work(system)
    assert sorted(headers["webhook-id"] for headers, _ in seen[len(ids) :]) == sorted(ids)


def test_a_second_look_at_the_same_changes_tells_nothing_twice(system, receiver) -> None:
    url, seen = receiver
    system.eventing.webhooks.register("acme", url, (DetailType.TICKET_OPENED,))
    system.open_ticket("acme", REQUEST)
    work(system)
    system.changes.forget(system.eventing.outbox.consumer)
    work(system)
    assert len(seen) == 1


def test_the_system_does_its_chores_on_schedule(system) -> None:
    swept: list[bool] = []
    system.eventing.every("chore", "rate(1 hour)", lambda: swept.append(True))
    work(system)
    assert swept == [True]
    names = [state.schedule.name for state in system.eventing.schedules.list("*")]
    assert {"chore", "nightly-sweep", "retention-trim"} <= set(names)
    assert system.eventing.queue.dead_letters("*").items == ()


def test_without_the_setting_this_machine_is_never_called(tmp_path: Path) -> None:
    system = laptop(Settings(data_dir=tmp_path / "strict", embedder=EmbedderName.NONE))
    try:
        for url in ("http://127.0.0.1:9/x", "https://127.0.0.1/x", "https://localhost/x"):
            with pytest.raises(InvalidInput):
                system.eventing.webhooks.register("acme", url, (DetailType.TICKET_OPENED,))
    finally:
        system.close()
