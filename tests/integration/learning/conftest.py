"""A system on a data folder of its own, with one manual, no model and no network."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rimedio.bootstrap import Rimedio, laptop
from rimedio.domain.ticket import Ticket, TicketRequest
from rimedio.settings import EmbedderName, Settings

MANUAL = """---
title: XC-200 manual
models: XC-200
---

# XC-200 manual

## Fault codes

### E029 – Overtemperature

**Cause:** the air filter is clogged.

**Checks:**

1. Measure the air flow at the outlet.

**Remedy:**

1. Replace the air filter XC2-FLT-01 and restart the station.
"""


class Shop:
    """A system and short ways to work with it."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.settings = Settings.model_validate(
            {"data_dir": folder, "embedder": EmbedderName.NONE, **settings}
        )
        self.system: Rimedio = laptop(self.settings)
        self.tenant = self.system.tenant
        self.system.tenants.note(self.tenant)
        self.system.ingestor.ingest_bytes(MANUAL.encode(), "xc-200.md", self.tenant, source_uri="xc-200.md")

    def work(self, text: str, code: str | None = None, *, lang: str = "en", model: str = "XC-200") -> Ticket:
        """Open a ticket and work until it ends or waits."""
        request = TicketRequest.model_validate(
            {
                "customer": {"id": "c1", "name": "Mario Riva"},
                "asset": {"product_type": "EV_CHARGER", "model": model, "serial": "SN-1"},
                "symptom_text": text,
                "error_code": code,
                "lang": lang,
            }
        )
        return self.system.runner.settle(self.system.open_ticket(self.tenant, request))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    found = Shop(tmp_path / "data")
    yield found
    found.system.close()
