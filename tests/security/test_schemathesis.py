"""Schemathesis against the served API: everything it checks, with nothing excused.

It reads the document from the service itself, makes requests that the document allows and requests that it
does not, calls with and without a token, and compares every answer with the document: status, headers,
content type, body. More often than not it uses identifiers of things that exist, so that it reaches the use
cases. The short run is part of every test run; the long one of `make test-all`. Event streams never end, so
they have tests of their own.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from rimedio.bootstrap import Rimedio, laptop
from rimedio.domain.review import ReviewVerdict
from rimedio.domain.ticket import AccountTier, AttachmentType, Status, Ticket, TicketRequest
from rimedio.http.server import serving
from rimedio.security.permissions import Role
from rimedio.settings import EmbedderName, Settings
from rimedio.tickets.review_ticket import ReviewRequest
from rimedio.tickets.uploads.receive_upload import UploadRequest

MANUAL = b"# XC-200\n\n## E029 Overheat\n\nThe filter is clogged.\n\nRemedy: replace the filter XC2-FLT-01.\n"
TENANT = "acme"
STREAMS = "stream$"
SHORT, LONG = 3, 60  # examples of each operation and phase
REAL = 0.6  # how often an identifier is one of something that exists
SECONDS_MAX = 3000


@dataclass(frozen=True)
class Served:
    """Where the API answers, a token that may do everything, and identifiers of things that exist."""

    url: str
    token: str
    existing: Mapping[str, list[str]]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    settings = {"data_dir": tmp_path / "data", "embedder": EmbedderName.NONE, "log_level": "ERROR"}
    system = laptop(Settings.model_validate(settings))
    existing = _furnish(system)
    issued = system.identity.issuer.issue("olga", TENANT, tuple(Role), tier=AccountTier.ENTERPRISE)
    with serving(system) as url:
        yield Served(url, issued.token, existing)
    system.close()


def _furnish(system: Rimedio) -> Mapping[str, list[str]]:
    """A manual, tickets in several states, an upload that is open and one that is complete."""
    loaded = system.ingestor.ingest_bytes(MANUAL, "xc.md", TENANT, source_uri="upload:///xc.md")
    chunks = [chunk.chunk_id for chunk in system.index.section(TENANT, loaded.document_id)]
    reviewed, resolved, fresh = (_ticket(system, f"SN{number}") for number in range(3))
    system.runner.settle(reviewed)
    system.runner.settle(resolved)
    approval = ReviewRequest(verdict=ReviewVerdict.APPROVED)
    if system.tickets.get(TENANT, resolved.ticket_id).status is Status.IN_REVIEW:
        system.desk.review(TENANT, resolved.ticket_id, approval, reviewer="olga")
    system.desk.resolve(TENANT, resolved.ticket_id, by="olga")
    return {
        "ticket_id": [reviewed.ticket_id, resolved.ticket_id, fresh.ticket_id],
        "document_id": [loaded.document_id],
        "chunk_id": chunks,
        "upload_id": [_upload(system, complete=False), _upload(system, complete=True)],
    }


def _ticket(system: Rimedio, serial: str) -> Ticket:
    request = {
        "customer": {"id": f"c-{serial}", "name": "Officine Riva"},
        "asset": {"product_type": "EV_CHARGER", "model": "XC-200", "serial": serial},
        "symptom_text": "La colonnina si ferma dopo cinque minuti e mostra E029.",
    }
    return system.open_ticket(TENANT, TicketRequest.model_validate(request))


def _upload(system: Rimedio, *, complete: bool) -> str:
    request = UploadRequest(name="display.log", type=AttachmentType.LOG, size=4)
    upload = system.desk.uploads.start(TENANT, request, by="olga")
    if complete:
        system.desk.uploads.put_part(TENANT, upload.upload_id, 1, b"E029")
        system.desk.uploads.complete(TENANT, upload.upload_id)
    return upload.upload_id


def run(served: Served, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    lines = []
    for name, values in served.existing.items():
        lines += [f"[dictionaries.{name}]", f"values = {values}"]
    lines.append("[parameters]")
    lines += [
        f'"path.{name}" = {{ dictionary = "{name}", probability = {REAL} }}' for name in served.existing
    ]
    (folder / "schemathesis.toml").write_text("\n".join(lines) + "\n", "utf-8")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{served.url}/v1/openapi.json"),
        *("--header", f"Authorization: Bearer {served.token}"),
        *("--checks", "all", "--exclude-path-regex", STREAMS),
        *("--request-timeout", "30", "--no-color", "--seed", "20261123", *options),
    ]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )


def test_schemathesis_finds_nothing(served: Served, tmp_path: Path) -> None:
    done = run(served, tmp_path, "--phases", "examples,coverage,fuzzing", "--max-examples", str(SHORT))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_schemathesis_finds_nothing_however_long_it_searches(served: Served, tmp_path: Path) -> None:
    # A ticket is accepted with 202; its solution and its run come later, and 404 is the documented answer until then.
    later = "ensure_resource_availability"
    done = run(served, tmp_path, "--max-examples", str(LONG), "--exclude-checks", later)
    assert done.returncode == 0, done.stdout + done.stderr
