"""Two homes with the same manuals and the same classifier: a laptop, and the twin of AWS on real engines."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tools.twin import Engines, Twin, twin

from rimedio.bootstrap import TAXONOMY_FILE, Rimedio, laptop
from rimedio.evaluation.labelled import LabelledTicket, load_labelled
from rimedio.settings import load_settings
from rimedio.tickets.train_classifier import train_classifier

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
MANUALS = (
    "xc-200-manual-en.md",
    "xc-200-faq-en.html",
    "xc-200-bulletin-bt-2026-02-en.md",
    "sop-01-isolation-en.md",
)


@dataclass(frozen=True)
class Homes:
    """The same system twice."""

    laptop: Rimedio
    aws: Twin


@pytest.fixture(scope="session")
def manuals() -> list[Path]:
    return [EXAMPLES / "knowledge" / name for name in MANUALS]


@pytest.fixture(scope="session")
def tickets() -> dict[str, LabelledTicket]:
    return {ticket.id: ticket for ticket in load_labelled(EXAMPLES / "tickets" / "tickets.jsonl")}


@pytest.fixture(scope="session")
def at_home(tmp_path_factory: pytest.TempPathFactory, manuals: list[Path]) -> Iterator[Rimedio]:
    folder = tmp_path_factory.mktemp("laptop")
    shutil.copyfile(EXAMPLES / TAXONOMY_FILE, folder / TAXONOMY_FILE)
    system = laptop(load_settings({"data_dir": folder}, environment={}))
    system.ingestor.ingest(manuals, system.tenant)
    system.backfill.run()
    train_classifier(EXAMPLES / "training" / "tickets.csv", system.registry)
    yield system
    system.close()


@pytest.fixture(scope="session")
def homes(
    at_home: Rimedio, manuals: list[Path], dynamodb_endpoint: str, one_opensearch_endpoint: str
) -> Iterator[Homes]:
    """AWS in the profile *scale*: the knowledge is in OpenSearch."""
    with twin(Engines(dynamodb_endpoint, one_opensearch_endpoint), at_home.scratch) as away:
        away.load(manuals, at_home.registry)
        yield Homes(at_home, away)


@pytest.fixture(scope="session")
def frugal(at_home: Rimedio, manuals: list[Path], dynamodb_endpoint: str) -> Iterator[Twin]:
    """AWS in the profile *frugal*: the knowledge is a file in the bucket."""
    with twin(Engines(dynamodb_endpoint), at_home.scratch) as away:
        away.load(manuals, at_home.registry)
        yield away
