"""`rimedio costs` prints what a month cost, and finds sums that do not agree."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rimedio.bootstrap import laptop
from rimedio.cli.app import app
from rimedio.cost.ledger import CostEntry, CostKind, SumKind
from rimedio.cost.money import nano
from rimedio.domain.ticket import Asset, Customer, TicketRequest
from rimedio.settings import EmbedderName, Settings
from rimedio.storage import keys
from rimedio.storage.table import Changes


class Costs:
    """A data folder with one ticket that a model worked on twice."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data_dir=folder / "data", embedder=EmbedderName.NONE, guardrails=False)
        with_costs = laptop(self.settings)
        request = TicketRequest(
            customer=Customer(id="c", name="C"),
            asset=Asset(product_type="EV_CHARGER", model="XC-200", serial="1"),
            symptom_text="It does not charge any more",
        )
        self.ticket = with_costs.open_ticket(with_costs.tenant, request).ticket_id
        for number, model in enumerate(("big", "small")):
            with_costs.accounts.ledger.add(
                CostEntry(
                    entry_id=f"cst_{number}",
                    tenant_id=with_costs.tenant,
                    ticket_id=self.ticket,
                    step="generate",
                    kind=CostKind.CHAT,
                    provider="fake",
                    model=model,
                    cost_nano=nano(0.75),
                    at=with_costs.clock.now(),
                    tokens_input=1200,
                    tokens_output=300,
                )
            )
        self.month = with_costs.accounts.this_month
        with_costs.close()

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["--data-dir", str(self.settings.data_dir), "costs", *arguments])


@pytest.fixture
def costs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Costs:
    monkeypatch.setenv("COLUMNS", "110")
    return Costs(tmp_path)


def test_the_month_is_told_by_model_step_and_day(costs: Costs) -> None:
    done = costs.run("--rebuild", "--check")
    assert done.exit_code == 0
    assert "$1.50 for 1 tickets, 0 of them resolved: $1.50 a ticket, - a resolved one." in done.output
    lines = [" ".join(line.split()) for line in done.output.splitlines()]
    assert "big 1 1,200 300 $0.75" in lines
    assert "generate 2 2,400 600 $1.50" in lines
    assert "total 2 2,400 600 $1.50" in lines


def test_programs_get_json(costs: Costs) -> None:
    told = json.loads(costs.run("--json").output)
    assert told["costs"]["total"]["cost_usd"] == 1.5
    assert (told["level"], told["costs"]["month"]) == ("FULL", costs.month)


def test_one_tickets_steps_are_told_one_a_line(costs: Costs) -> None:
    lines = costs.run("--ticket", costs.ticket).output.splitlines()
    assert len(lines) == 3
    assert "big" in lines[1]
    assert "$0.75" in lines[1]
    assert len(json.loads(costs.run("--ticket", costs.ticket, "--json").output)) == 2


def test_another_month_has_its_own_costs(costs: Costs) -> None:
    assert "$0.00 for 0 tickets" in costs.run("--month", "2020-02").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--month", "2020-13"), "2026-01"),
        (("--month", "x"), "2026-01"),
        (("--ticket", "tkt_none"), "no ticket"),
    ],
)
def test_what_does_not_exist_is_said(costs: Costs, arguments: tuple[str, ...], said: str) -> None:
    done = costs.run(*arguments)
    assert done.exit_code != 0
    assert said in str(done.exception)


def test_sums_that_were_tampered_with_are_found(costs: Costs) -> None:
    system = laptop(costs.settings)
    key = keys.COST_SUM.key(tenant=system.tenant, kind=SumKind.MONTH.value, period=costs.month, name="-")
    system.table.update(key, Changes(add={"cost_nano": 1}))
    system.close()
    assert "entries add up to" in str(costs.run("--check").exception)
