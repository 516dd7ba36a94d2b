"""A whole service on a free port of this machine, with a token for everybody; used by tests of HTTP."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from rimedio.bootstrap import Rimedio, laptop
from rimedio.domain.ticket import AccountTier, Status, Ticket, TicketRequest
from rimedio.http.server import serving
from rimedio.security.permissions import Role
from rimedio.settings import EmbedderName, Settings

ACME, OTHER = "acme", "other"
MARKER = "Zanzibar-Marker"  # stands in whatever belongs to acme
MANUAL = f"""# XC-200 {MARKER} manual

## Error E029

Error E029 means that the fan of the XC-200 is blocked. Clean the fan filter with a dry brush. Switch the
XC-200 on again after 10 minutes.
"""


def ticket_body(**changes: object) -> dict[str, object]:
    return {
        "customer": {"id": "c1", "name": f"Installer {MARKER}"},
        "asset": {"product_type": "INVERTER", "model": "XC-200", "serial": "SN-1"},
        "symptom_text": f"The inverter shows E029 and does not start. {MARKER}",
        "error_code": "E029",
        **changes,
    }


@dataclass
class House:
    """A running service."""

    system: Rimedio
    url: str
    _tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    def token(self, role: Role | str = Role.ADMIN, tenant: str = ACME) -> str:
        key = (str(role), tenant)
        if key not in self._tokens:
            issued = self.system.identity.issuer.issue(
                f"{role}-person", tenant, [Role(role)], tier=AccountTier.ENTERPRISE
            )
            self._tokens[key] = issued.token
        return self._tokens[key]

    def headers(self, role: Role | str = Role.ADMIN, tenant: str = ACME) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(role, tenant)}"}

    @contextmanager
    def client(self, role: Role | str | None = Role.ADMIN, tenant: str = ACME) -> Iterator[httpx.Client]:
        headers = {} if role is None else self.headers(role, tenant)
        with httpx.Client(base_url=self.url, headers=headers, timeout=60) as client:
            yield client

    def raw(self, data: bytes, *, until_closed: bool = True, seconds: float = 60) -> bytes:
        """Send bytes as they are, return whatever comes back."""
        parts = urlsplit(self.url)
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=seconds) as wire:
            wire.sendall(data)
            received = b""
            while piece := wire.recv(65536):
                received += piece
                if not until_closed:
                    break
            return received

    def open_ticket(self, tenant: str = ACME, **changes: object) -> Ticket:
        """A ticket that waits for nobody yet: no worker runs here."""
        request = TicketRequest.model_validate_json(_json(ticket_body(**changes)))
        return self.system.open_ticket(tenant, request)

    def settled_ticket(self, tenant: str = ACME, **changes: object) -> Ticket:
        """A ticket worked on to its end or to a person."""
        return self.system.runner.settle(self.open_ticket(tenant, **changes))

    def in_review(self, tenant: str = ACME) -> Ticket:
        ticket = self.settled_ticket(tenant)
        assert ticket.status in (Status.IN_REVIEW, Status.READY, Status.ESCALATED, Status.NEEDS_INFO)
        return ticket


@contextmanager
def running_house(folder: Path, **settings: object) -> Iterator[House]:
    values = {"data_dir": folder / "data", "embedder": EmbedderName.NONE, "tenant": ACME, **settings}
    system = laptop(Settings.model_validate(values))
    try:
        manual = folder / "xc200.md"
        manual.write_text(MANUAL)
        system.ingestor.ingest([manual], ACME)
        with serving(system) as url:
            yield House(system, url)
    finally:
        system.close()


def _json(value: object) -> bytes:
    import orjson

    return orjson.dumps(value)
