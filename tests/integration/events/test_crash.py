"""Killed at any moment, the bus loses no delivery and tells no event under two ids."""

import http.server
import random
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path

CHILD = """
import sys
from pathlib import Path
from rimedio.domain.clock import RandomIds, SystemClock
from rimedio.events.dispatch import Dispatcher, TargetRegistry
from rimedio.events.event import event_id, new_event
from rimedio.events.sqlite_bus import SqliteBus
from rimedio.events.sqlite_queue import SqliteQueue
from rimedio.events.webhook_delivery import DeliverWebhook
from rimedio.events.webhook_http import HttpWebhookSender
from rimedio.events.webhook_log import WebhookLog
from rimedio.events.webhooks import Webhooks, WebhookStore
from rimedio.events.detail_types import DetailType
from rimedio.security.ssrf import check_public_url
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable


class Plain:
    def encrypt_with_kms(self, plain, context):
        return plain

    def decrypt(self, sealed, context):
        return sealed


path, url, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
clock, database = SystemClock(), Database(path)
table, queue = SqliteTable(database, clock), SqliteQueue(database, clock)
bus, store = SqliteBus(database, queue, clock), WebhookStore(table)
check = lambda url: check_public_url(url, allow_loopback=True)
webhooks = Webhooks(store, bus, Plain(), check, clock, RandomIds())
if not store.list("acme"):
    webhooks.register("acme", url, (DetailType.TICKET_OPENED,))
deliver = DeliverWebhook(webhooks, WebhookLog(table), HttpWebhookSender(), clock)
dispatcher = Dispatcher(queue, TargetRegistry({"webhook": deliver}), clock, "webhook", limit=1)
print("ready", flush=True)
for n in range(count):
    event = new_event(
        event_id("crash", n), source="test", detail_type="TicketOpened", tenant_id="acme",
        time=clock.now(), detail={"n": n},
    )
    (result,) = bus.put_events((event,))
    print("put", n, flush=True)
    if n % 3 == 0:
        dispatcher.run_once()
while queue.waiting():
    dispatcher.run_once()
print("done", flush=True)
"""
EVENTS = 150
LIVES = 4


def test_a_bus_killed_again_and_again_tells_every_event_under_one_id(tmp_path: Path) -> None:
    heard: dict[bytes, set[str]] = defaultdict(set)

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard[body[body.index(b'"n":') :].partition(b",")[0]].add(self.headers["webhook-id"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    chance, put = random.Random(3), set()
    try:
        for life in range(LIVES + 1):
            url = f"http://127.0.0.1:{server.server_port}/"
            child = subprocess.Popen(
                [sys.executable, "-c", CHILD, str(tmp_path / "x.db"), url, str(EVENTS)],
                stdout=subprocess.PIPE,
                text=True,
            )
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            before = [child.stdout.readline() for _ in range(chance.randint(10, 60) * (life < LIVES))]
            if life < LIVES:
                child.send_signal(signal.SIGKILL)
            out, _ = child.communicate(timeout=300)
            put |= {line.strip() for line in (*before, *out.splitlines()) if line.startswith("put ")}
        assert "done" in out
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert len(put) == EVENTS
    assert len(heard) == EVENTS
    assert {len(ids) for ids in heard.values()} == {1}
