"""`rimedio learn` and `rimedio replay` as they are typed."""

import json
from pathlib import Path

import pytest
from tests.integration.learning.conftest import Shop
from typer.testing import CliRunner

from rimedio.classification.dataset import Dataset, LabelledText, write_rows
from rimedio.classification.predict import ROWS_FILE
from rimedio.classification.train import TrainingOptions, train
from rimedio.cli.app import app
from rimedio.domain.errors import Conflict, NotFound
from rimedio.learning.observations import Origin
from rimedio.learning.rows import TrainingRow


class Typed:
    """Runs commands on one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: str) -> str:
        given = ["--data-dir", str(self.folder), *words]
        found = CliRunner().invoke(app, given, env={"RIMEDIO_EMBEDDER": "none"}, catch_exceptions=False)
        assert found.exit_code == 0, found.output
        return found.stdout


@pytest.fixture
def typed(shop: Shop) -> Typed:
    ticket = shop.work("The station stops after five minutes, code E029", "E029")
    now = shop.system.clock.now()
    base = tuple(
        LabelledText(f"the {thing} number {n} is broken", label, f"{label} {n}")
        for label, thing in (("THERMAL", "fan"), ("SENSOR", "probe"))
        for n in range(12)
    )
    folder = shop.system.folder.path
    train(Dataset(base), folder / "m", TrainingOptions(vector_dim=8, buckets=500, epochs=10))
    write_rows(folder / "m" / ROWS_FILE, base)
    shop.system.registry.register(folder / "m")
    for n in range(14):
        shop.system.learning.rows.add(
            TrainingRow(
                f"row_{n}",
                shop.tenant,
                ticket.ticket_id,
                f"the dial {n} is wrong",
                "SENSOR",
                "THERMAL",
                Origin.REVIEW,
                "anna",
                now,
            )
        )
    shop.system.close()
    (folder / "ticket").write_text(ticket.ticket_id)
    return Typed(folder)


def test_rows_are_shown_decided_about_and_exported(typed: Typed, tmp_path: Path) -> None:
    shown = typed("learn", "rows")
    assert "10 to learn from, 4 wait for a person" in shown
    assert "one person" in shown
    [waiting, *_] = json.loads(typed("learn", "rows", "--json"))["set_aside"]
    other = waiting["row"]["row_id"]
    assert "11 to learn from, 3 wait" in typed("learn", "rows", "--accept", other)
    assert "10 to learn from, 3 wait for a person, 0 copies, 1 rejected" in typed(
        "learn", "rows", "--reject", other
    )
    typed("learn", "rows", "--export", str(tmp_path / "rows.txt"))
    assert (tmp_path / "rows.txt").read_text("utf-8").startswith("__label__SENSOR the dial")


def test_a_challenger_is_trained_shown_and_promoted_only_if_better(typed: Typed) -> None:
    assert "none to" not in typed("learn", "status")
    said = json.loads(typed("learn", "retrain", "--json"))
    assert said["version"]["version"] == "v0002"
    assert "challenger v0002" in typed("learn", "status")
    if not said["verdict"]["better"]:
        with pytest.raises(Conflict, match="stays challenger"):
            typed("learn", "promote")
    assert "v0002 answers now" in typed("learn", "promote", "v0002", "--force")
    assert "v0001 answers again" in typed("learn", "rollback")


def test_a_ticket_is_replayed_readably_and_as_json(typed: Typed) -> None:
    ticket = (typed.folder / "ticket").read_text()
    shown = typed("replay", ticket, ticket)
    assert "● same" in shown
    assert "Replace the air filter XC2-FLT-01" in shown
    assert "outcome" in shown
    assert json.loads(typed("replay", ticket, "--json"))["summary"]["same"] == 1
    with pytest.raises(NotFound):
        typed("replay", ticket, "--tenant", "other")
