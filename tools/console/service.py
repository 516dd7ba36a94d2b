"""A real `rimedio serve` on a loopback port and a data folder of its own, with the demo loaded."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from rimedio.bootstrap.identity import HomeIdentity
from rimedio.security.permissions import Role
from rimedio.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
READY = re.compile(r"running at (http://\S+)")
START_SECONDS_MAX = 240.0
REST_SECONDS_MAX = 180.0
STOP_SECONDS_MAX = 30.0
BUSY = ("NEW", "PROCESSING")

Json = dict[str, Any]  # a client's view of the API: its shapes are the contract's, not this file's


@dataclass(frozen=True)
class Demo:
    """A running service. `say` is what it printed so far."""

    address: str
    identity: HomeIdentity
    log: Path

    def code(self, role: str) -> str:
        """A one-time sign-in code for somebody of that role."""
        return self.identity.codes.make(f"{role}.demo", self.identity.settings.tenant, [Role(role)])

    def client(self, role: str = "operator") -> httpx.Client:
        """The API, signed in as that role."""
        issued = self.identity.issuer.issue(f"{role}.api", self.identity.settings.tenant, [Role(role)])
        return httpx.Client(
            base_url=self.address, headers={"Authorization": f"Bearer {issued.token}"}, timeout=30
        )

    def open_ticket(self, body: Mapping[str, object], *, rest: bool = True) -> Json:
        """Open a ticket and, with `rest`, wait until it is worked through. Raises RuntimeError."""
        with self.client() as api:
            answer = api.post("/v1/tickets", json=dict(body)).raise_for_status().json()
            return self.rested(answer["ticket_id"]) if rest else dict(answer)

    def rested(self, ticket_id: str) -> Json:
        """The ticket once it is neither new nor being worked on."""
        with self.client() as api:
            for _ in _waiting(REST_SECONDS_MAX):
                ticket: Json = api.get(f"/v1/tickets/{ticket_id}").raise_for_status().json()
                if ticket["status"] not in BUSY:
                    return ticket
        raise RuntimeError(f"Ticket {ticket_id} is still {ticket['status']}. See {self.log}.")

    def all_rested(self) -> None:
        """Wait until the whole queue is worked through."""
        with self.client() as api:
            for _ in _waiting(REST_SECONDS_MAX):
                busy = [
                    api.get("/v1/tickets", params={"status": status, "limit": 1}).raise_for_status().json()
                    for status in BUSY
                ]
                if not any(page["items"] for page in busy):
                    return
        raise RuntimeError(f"Tickets are still being worked on. See {self.log}.")

    def has_gap(self, words: str) -> None:
        """Wait until a question with these words is among the missing answers: learning follows the ticket."""
        with self.client() as api:
            for _ in _waiting(REST_SECONDS_MAX):
                page = api.get("/v1/kb/gaps", params={"limit": 100}).raise_for_status().json()
                if any(words in gap["question"] for gap in page["items"]):
                    return
        raise RuntimeError(f"No missing answer says {words!r}. See {self.log}.")


@contextmanager
def serving(folder: Path, *, embedder: str = "none", demo: bool = True) -> Iterator[Demo]:
    """A service on `folder`/data, with the whole demo or with what is there already.

    It ends with the block. Raises RuntimeError when it does not start.
    """
    data, log = folder / "data", folder / "serve.log"
    environment = {**os.environ, "RIMEDIO_EMBEDDER": embedder, "RIMEDIO_DATA_DIR": str(data)}
    command = [sys.executable, "-m", "rimedio", "serve", "--port", "0", *(["--demo"] if demo else [])]
    with log.open("w") as written:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=written, stderr=subprocess.STDOUT
        )
    try:
        yield Demo(
            _address(process, log),
            HomeIdentity(data.absolute(), load_settings({"data_dir": data}, environment={})),
            log,
        )
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    for _ in _waiting(START_SECONDS_MAX):
        found = READY.search(log.read_text("utf-8"))
        if found:
            return found.group(1)
        if process.poll() is not None:
            break
    raise RuntimeError(f"The service did not start:\n{log.read_text('utf-8')[-3000:]}")


def _waiting(seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.1)
