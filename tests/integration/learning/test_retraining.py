"""Sixty corrected demo tickets: a challenger that beats the champion, is promoted, and rolled back."""

import random
from collections import Counter
from pathlib import Path

import pytest

from rimedio.bootstrap import Rimedio, laptop
from rimedio.classification.dataset import Dataset, LabelledText, read_dataset, write_rows
from rimedio.classification.predict import ROWS_FILE
from rimedio.classification.train import TrainingOptions, train
from rimedio.domain.errors import Conflict
from rimedio.domain.review import Review, ReviewVerdict
from rimedio.domain.ticket import TicketRequest
from rimedio.learning.observations import Origin
from rimedio.settings import EmbedderName, Settings

ROOT = Path(__file__).resolve().parents[3]
OPTIONS = TrainingOptions(vector_dim=20, buckets=5000, epochs=12, seed=1)
OPERATORS = ("anna", "bruno", "carla")
TICKETS = 60


def demo_rows() -> tuple[tuple[LabelledText, ...], list[LabelledText]]:
    """(first training rows, rows of faults that these do not know)."""
    rows = read_dataset(ROOT / "examples" / "training" / "tickets.csv").rows
    copies = Counter(row.group for row in rows)
    label = {row.group: row.label for row in rows}
    groups = sorted(copies)
    random.Random(4).shuffle(groups)
    unknown = set(
        [g for g in groups if copies[g] >= 4 and label[g] in ("SENSOR", "INSTALLATION", "USAGE")][:45]
    )
    kept = {g for i, g in enumerate(g for g in groups if g not in unknown) if i % 2 == 0}
    new = [row for row in rows if row.group in unknown]
    random.Random(5).shuffle(new)
    return tuple(row for row in rows if row.group in kept), new


@pytest.fixture
def system(tmp_path: Path) -> Rimedio:
    found = laptop(Settings(data_dir=tmp_path / "data", embedder=EmbedderName.NONE))
    base, _ = demo_rows()
    train(Dataset(base), tmp_path / "model", OPTIONS)
    write_rows(tmp_path / "model" / ROWS_FILE, base)
    found.registry.register(tmp_path / "model")
    return found


def work(system: Rimedio, rows: list[LabelledText], serial: str) -> list[str]:
    """One ticket a row, worked through the real workflow."""
    ids = []
    for number, row in enumerate(rows):
        request = TicketRequest.model_validate(
            {
                "customer": {"id": f"c{number}", "name": "Mario Riva"},
                "asset": {"product_type": "HVAC", "model": "TP-8", "serial": f"{serial}-{number}"},
                "symptom_text": f"{row.text} Mario Riva, tel. 333 1234567",
            }
        )
        ids.append(system.runner.settle(system.open_ticket(system.tenant, request)).ticket_id)
    return ids


def correct(system: Rimedio, ticket_id: str, label: str, reviewer: str) -> None:
    ticket = system.tickets.get(system.tenant, ticket_id)
    review = Review(
        review_id=system.ids.new("rev"),
        tenant_id=system.tenant,
        ticket_id=ticket_id,
        solution_id=ticket.solution_id or "none",
        reviewer=reviewer,
        verdict=ReviewVerdict.EDITED,
        at=system.clock.now(),
        category_before=ticket.category,
        category=label,
    )
    system.table.transact_write((system.learning.reviews.put(review),))
    system.learning.collector.collect(system.tenant, ticket_id)


def wrong(system: Rimedio, rows: list[LabelledText], count: int) -> list[LabelledText]:
    champion = system.registry.classifier()
    guesses = champion.probabilities([row.text for row in rows]).argmax(axis=1)
    return [
        row for row, guess in zip(rows, guesses, strict=True) if champion.labels[int(guess)] != row.label
    ][:count]


def test_sixty_corrections_make_a_challenger_that_wins_is_promoted_and_rolled_back(system: Rimedio) -> None:
    learning, tenant = system.learning, system.tenant
    _, new = demo_rows()
    mistaken = wrong(system, new, TICKETS + 12)
    corrected, later = mistaken[:TICKETS], mistaken[TICKETS:]
    assert len(corrected) == TICKETS
    tickets = work(system, corrected, "A")
    for number, (ticket_id, row) in enumerate(zip(tickets, corrected, strict=True)):
        correct(system, ticket_id, row.label, OPERATORS[number % 3])

    vetted = learning.retraining.vetted(tenant)
    assert len(vetted.accepted) + vetted.copies + len(vetted.set_aside) == TICKETS
    assert sum(row.origin is Origin.REVIEW for row in vetted.accepted) > TICKETS // 2
    assert not any("Riva" in row.text or "1234567" in row.text for row in vetted.accepted)

    before = system.registry.champion()
    challenger = learning.retraining.retrain(tenant)
    assert system.registry.champion() == before  # the champion goes on answering

    work(system, later, "B")  # in the shadow
    for one, row in zip(
        list(learning.observations.recent(tenant, limit=len(later))), reversed(later), strict=True
    ):
        assert one.challenger is not None
        assert one.challenger.version == challenger.version
        correct(system, one.ticket_id, row.label, "anna")
    tally = learning.retraining.tally(tenant, challenger)
    assert (tally.seen, tally.judged) == (len(later), len(later))
    assert tally.challenger_right > tally.champion_right + 5

    verdict = learning.retraining.verdict(tenant, challenger)
    evaluation = learning.retraining.evaluation(tenant, challenger.version)
    assert evaluation is not None
    assert evaluation.fresh.challenger_right > evaluation.fresh.champion_right
    assert evaluation.fixed.difference >= -0.03
    assert verdict.better, verdict.reasons
    assert learning.retraining.promote(tenant).version == challenger.version
    assert learning.models_of(tenant).champion().version == challenger.version  # from the next question on
    assert before is not None
    assert learning.retraining.roll_back(tenant).version == before.version
    assert learning.models_of(tenant).champion().version == before.version


def test_a_challenger_that_is_not_better_stays_challenger(system: Rimedio) -> None:
    tenant = system.tenant
    base, _ = demo_rows()
    for ticket_id, row in zip(work(system, list(base[:6]), "C"), base[:6], strict=True):
        correct(system, ticket_id, row.label, "anna")
    challenger = system.learning.retraining.retrain(tenant)
    with pytest.raises(Conflict, match="not shown to be better"):
        system.learning.retraining.promote(tenant, challenger.version)
    champion = system.registry.champion()
    assert champion is not None
    assert champion.version != challenger.version
    assert (
        system.learning.retraining.promote(tenant, challenger.version, force=True).version
        == challenger.version
    )
