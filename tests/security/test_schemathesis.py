"""Schemathesis against the served API: everything it checks, with nothing excused.

It reads the document from the service itself, makes requests that the document allows and requests that it
does not, calls with and without a token, follows identifiers from answer to answer, and compares every answer
with the document: status, headers, content type, body. The short run is part of every test run; the long one
of `make test-all`. Event streams never end, so they have tests of their own.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rimedio.bootstrap import Rimedio, laptop
from rimedio.domain.ticket import AccountTier, TicketRequest
from rimedio.http.server import serving
from rimedio.security.permissions import Role
from rimedio.settings import EmbedderName, Settings

MANUAL = b"# XC-200\n\n## E029 Overheat\n\nThe filter is clogged.\n\nRemedy: replace the filter XC2-FLT-01.\n"
TENANT = "acme"
STREAMS = "stream$"
SHORT, LONG = 3, 60  # examples of each operation and phase
SECONDS_MAX = 1500


@dataclass(frozen=True)
class Served:
    """Where the API answers, and a token that may do everything."""

    url: str
    token: str


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    settings = {"data_dir": tmp_path / "data", "embedder": EmbedderName.NONE, "log_level": "ERROR"}
    system = laptop(Settings.model_validate(settings))
    _furnish(system)
    issued = system.identity.issuer.issue("olga", TENANT, tuple(Role), tier=AccountTier.ENTERPRISE)
    with serving(system) as url:
        yield Served(url, issued.token)
    system.close()


def _furnish(system: Rimedio) -> None:
    """A manual and a ticket whose draft waits for review: something to find."""
    system.ingestor.ingest_bytes(MANUAL, "xc.md", TENANT, source_uri="upload:///xc.md")
    request = TicketRequest.model_validate(
        {
            "customer": {"id": "c-104", "name": "Officine Riva"},
            "asset": {"product_type": "EV_CHARGER", "model": "XC-200", "serial": "XC2-00417"},
            "symptom_text": "La colonnina si ferma dopo cinque minuti e mostra E029.",
        }
    )
    system.runner.settle(system.open_ticket(TENANT, request))


def run(served: Served, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
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
    done = run(served, tmp_path, "--max-examples", str(LONG))
    assert done.returncode == 0, done.stdout + done.stderr
