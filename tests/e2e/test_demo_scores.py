"""The whole way on the demo's labelled tickets; fails when a score drops below its floor."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from rimedio.bootstrap import TAXONOMY_FILE, Rimedio, laptop
from rimedio.domain.ticket import Status
from rimedio.evaluation.labelled import load_labelled
from rimedio.evaluation.run import evaluate_tickets
from rimedio.evaluation.score import Scores
from rimedio.health import examine
from rimedio.settings import load_settings
from rimedio.tickets.train_classifier import train_classifier

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FLOORS = tomllib.loads((EXAMPLES / "scores.toml").read_text("utf-8"))
pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rimedio]:
    folder = tmp_path_factory.mktemp("demo")
    (folder / TAXONOMY_FILE).write_text((EXAMPLES / TAXONOMY_FILE).read_text("utf-8"), "utf-8")
    system = laptop(load_settings({"data_dir": folder}, environment={}))
    system.ingestor.ingest([EXAMPLES / "knowledge"], system.tenant)
    system.backfill.run()
    train_classifier(EXAMPLES / "training" / "tickets.csv", system.registry)
    yield system
    system.close()


@pytest.fixture(scope="module")
def scores(demo: Rimedio) -> Scores:
    return evaluate_tickets(demo, load_labelled(EXAMPLES / "tickets" / "tickets.jsonl"))


@pytest.mark.parametrize("measure", sorted(FLOORS))
def test_no_score_of_the_demo_has_dropped(scores: Scores, measure: str) -> None:
    missed = [f"{m.ticket}: {m.detail}" for m in scores.misses if m.measure == measure]
    assert scores.figures()[measure] >= FLOORS[measure], missed


def test_every_measure_has_a_floor(scores: Scores) -> None:
    assert set(scores.figures()) == set(FLOORS)


def test_the_doctor_finds_the_demo_in_good_health(demo: Rimedio) -> None:
    assert [f for f in examine(demo) if not f.ok] == []


def test_the_readmes_first_question_is_answered_in_italian_from_the_italian_manual(demo: Rimedio) -> None:
    solution = demo.ask(demo.tenant, "Errore E029 sulla XC-200, si spegne dopo 5 minuti")
    assert solution.citations[0].source_uri.endswith("xc-200-manuale-it.md")
    assert any("Sostituire il filtro aria con XC2-FLT-01" in step.text for step in solution.steps)


def test_a_ticket_of_the_demo_leaves_the_data_folder_in_order(demo: Rimedio) -> None:
    first = load_labelled(EXAMPLES / "tickets" / "tickets.jsonl")[0]
    ticket = demo.runner.settle(demo.open_ticket(demo.tenant, first.request, idempotency_key=first.id))
    again = demo.open_ticket(demo.tenant, first.request, idempotency_key=first.id)
    assert (ticket.status, again.ticket_id) == (Status.READY, ticket.ticket_id)
    assert demo.database.check() == []
