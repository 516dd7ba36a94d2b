"""People and programs at work, for Locust: who reads, who lists, who opens tickets, who watches them live.

    RIMEDIO_TOKEN=… locust -f tests/load/locustfile.py --headless -u 1000 -r 50 -t 300s --host http://…

`RIMEDIO_TICKETS` may hold ids of tickets to read, with commas between; more are learnt from lists. A 429 is an
answer, not an error: the service says when to come back. Streams count as one request each, timed to their
first event.
"""

import http.client
import itertools
import os
import random
import time
from urllib.parse import urlsplit

from locust import FastHttpUser, between, tag, task

TOKEN = os.environ["RIMEDIO_TOKEN"]
RATE = float(os.environ.get("RIMEDIO_USER_RATE", "0.25"))  # requests a second of one user
OPENERS = 10
TICKETS_PER_MINUTE = float(os.environ.get("RIMEDIO_TICKETS_PER_MINUTE", "50"))  # of all openers together
WATCH_SECONDS = 20.0
KNOWN_MAX = 500
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept-Encoding": "identity"}
PASSES = (200, 202, 429)

known: list[str] = [name for name in os.environ.get("RIMEDIO_TICKETS", "").split(",") if name]
numbers = itertools.count(1)
chance = random.Random(7)

SYMPTOMS = (
    "La colonnina mostra E029 e non si avvia dopo il temporale di ieri",
    "The charger stops after two minutes and shows a red light",
    "La presa scalda e il display indica E114",
    "The charger restarts every evening, no code on the display",
)


class Person(FastHttpUser):
    """What all of them can do."""

    abstract = True
    # Not `constant_throughput`: it counts from the user's creation, so that all whom one second has started
    # ask within the same milliseconds of every later one (measured: 245 requests in one tenth of a second).
    wait_time = between(0, 2 / RATE)
    network_timeout = 60.0
    connection_timeout = 60.0

    def on_start(self) -> None:
        """Begin at a moment of one's own: users are started by the hundred, but no hundred acts as one."""
        time.sleep(chance.uniform(0, 1 / RATE))

    def ask(self, name: str, path: str) -> object | None:
        """GET; the JSON of the answer, or None."""
        with self.client.get(path, name=name, headers=HEADERS, catch_response=True) as answer:
            if answer.status_code not in PASSES:
                answer.failure(f"status {answer.status_code}")
                return None
            answer.success()
            return answer.json() if answer.status_code == 200 else None

    def watch(self, name: str, path: str, seconds: float) -> None:
        """Follow a stream to its end or for a while; what counts is the time to its first line."""
        parts, started = urlsplit(self.host or ""), time.perf_counter()
        line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        failure, size, first = None, 0, 0.0
        try:
            line.request("GET", path, headers=HEADERS)
            answer = line.getresponse()
            first = (time.perf_counter() - started) * 1000
            if answer.status not in PASSES:
                failure = OSError(f"status {answer.status}")
            line.sock.settimeout(seconds)
            while answer.status == 200 and time.perf_counter() - started < seconds:
                text = answer.readline()
                size += len(text)
                if not text or text.startswith(b"event: complete"):
                    break
        except TimeoutError:
            pass  # nothing happened for a while: that is no fault of the service
        except (OSError, http.client.HTTPException) as error:
            failure = error
        finally:
            line.close()
        self.environment.events.request.fire(
            request_type="GET",
            name=name,
            response_time=first,
            response_length=size,
            exception=failure,
            context={},
        )


class Reader(Person):
    """Reads single tickets, now and then a list."""

    weight = 85

    @tag("read")
    @task(9)
    def read_ticket(self) -> None:
        if known:
            self.ask("read", f"/v1/tickets/{chance.choice(known)}")

    @tag("list")
    @task(1)
    def list_tickets(self) -> None:
        found = self.ask("list", "/v1/tickets?limit=25")
        if isinstance(found, dict) and len(known) < KNOWN_MAX:
            known.extend(item["ticket_id"] for item in found["items"] if item["ticket_id"] not in known)


class Opener(Person):
    """Opens a ticket and watches its answer being written. All of them together open what the product is
    made for, however many others read."""

    fixed_count = OPENERS
    wait_time = between(0, 2 * 60 * OPENERS / TICKETS_PER_MINUTE)

    @tag("create")
    @task
    def open_ticket(self) -> None:
        number = next(numbers)
        body = {
            "customer": {"id": f"c{number % 50}", "name": "Load"},
            "asset": {"product_type": "EV_CHARGER", "model": "XC-200", "serial": f"SN-{number}"},
            "symptom_text": f"{SYMPTOMS[number % len(SYMPTOMS)]} ({number})",
        }
        with self.client.post(
            "/v1/tickets", json=body, name="create", headers=HEADERS, catch_response=True
        ) as answer:
            if answer.status_code not in PASSES:
                answer.failure(f"status {answer.status_code}")
                return
            answer.success()
            made = answer.json() if answer.status_code == 202 else None
        if made:
            self.watch("stream answer", made["links"]["stream"], WATCH_SECONDS)


class Watcher(Person):
    """Has the queue open, and looks at a solution now and then."""

    weight = 15

    @tag("stream")
    @task
    def watch_queue(self) -> None:
        self.watch("stream queue", "/v1/events/stream", WATCH_SECONDS)
