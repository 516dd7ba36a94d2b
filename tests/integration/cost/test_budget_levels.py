"""A whole ticket at each level of the budget, with a chat model behind a real HTTP server."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from rimedio.bootstrap import Rimedio, laptop
from rimedio.cost.budgets import MONTH, Level, Limits
from rimedio.cost.ledger import CostOutcome
from rimedio.cost.money import nano
from rimedio.domain.answer import Solution
from rimedio.domain.ticket import Asset, Customer, Status, Ticket, TicketRequest
from rimedio.events.bus import Rule, Target
from rimedio.llm.fake_server import FakeChatServer, Turn
from rimedio.observability.span_file import SpanFile
from rimedio.observability.traceparent import trace_of_ticket
from rimedio.settings import EmbedderName, Generator, Settings
from rimedio.storage import keys
from rimedio.storage.table import Changes
from rimedio.tickets.desk.status_code import status_code

MANUAL = """# XC-200 manual

## Error codes

### E029 - Overtemperature

The air filter is clogged.

Action: Clean the air filter and restart the station.
"""
QUOTE = "The air filter is clogged."
REPLY = json.dumps(
    {
        "steps": [
            {
                "section": "CAUSE",
                "title": "Filter",
                "sentences": [{"text": QUOTE, "passage": 1, "quote": QUOTE}],
            }
        ]
    }
)
PRICES = {
    "currency": "USD",
    "unit": "per million tokens",
    "as_of": "2026-01",
    "models": {"big": {"input": 100, "output": 1000}, "small": {"input": 10, "output": 100}},
    "default": {"input": 0, "output": 0},
}


@pytest.fixture
def server() -> Iterator[FakeChatServer]:
    with FakeChatServer([Turn(REPLY)]) as running:
        yield running


@pytest.fixture
def system(tmp_path: Path, server: FakeChatServer) -> Iterator[Rimedio]:
    prices = tmp_path / "prices.json"
    prices.write_text(json.dumps(PRICES))
    settings = Settings(
        data_dir=tmp_path / "data",
        price_file=prices,
        embedder=EmbedderName.NONE,
        generator=Generator.OPENAI_COMPATIBLE,
        llm_url=server.url,
        llm_model="big",
        llm_fallback_model="small",
        budget_monthly_usd=10,
        traces="file",
    )
    rimedio = laptop(settings)
    manual = tmp_path / "manual.md"
    manual.write_text(MANUAL)
    rimedio.ingestor.ingest([manual], rimedio.tenant)
    yield rimedio
    rimedio.close()


def work(
    system: Rimedio, symptom: str = "E029 on the display, it stops charging"
) -> tuple[Ticket, Solution | None]:
    request = TicketRequest(
        customer=Customer(id="c1", name="Acme"),
        asset=Asset(product_type="EV_CHARGER", model="XC-200", serial="SN1"),
        symptom_text=symptom,
        error_code="E029",
    )
    ticket = system.runner.settle(system.open_ticket(system.tenant, request))
    return ticket, system.solution_of(ticket)


def put_aside(system: Rimedio, usd: float, *names: str) -> None:
    """As if so much of the month's money were put aside, or spent as well."""
    month = system.accounts.this_month
    key = keys.BUDGET.key(tenant=system.tenant, kind=MONTH + month)
    system.table.update(key, Changes(add=dict.fromkeys(names or ("committed", "spent"), nano(usd))))


def test_at_full_the_model_writes_and_its_calls_are_in_the_ledger(
    system: Rimedio, server: FakeChatServer
) -> None:
    ticket, solution = work(system)

    assert solution is not None
    assert (solution.routing.model, solution.routing.fallback_used) == ("big", False)
    entries = system.accounts.ledger.of_ticket(system.tenant, ticket.ticket_id)
    assert [e.outcome for e in entries] == [CostOutcome.DONE] * len(entries)
    assert {e.model for e in entries} == {"big"}
    assert "generate" in {e.step for e in entries}
    assert len(entries) == len(server.requests)  # the second opinion of the category is paid as well
    spent = sum(e.cost_nano for e in entries)
    assert spent > 0
    assert system.accounts.budgets.state(system.tenant).committed_nano == spent
    run = system.desk.run(system.tenant, ticket.ticket_id)
    assert {step.state: nano(step.cost_usd) for step in run.steps if step.cost_usd}.keys() == {
        "SecondOpinion",
        "Generate",
    }
    assert nano(run.cost_usd) == pytest.approx(spent, abs=1000)  # shown to a millionth
    assert run.trace_id == trace_of_ticket(ticket.ticket_id)
    told, added = system.accounts.ledger.reconcile(system.tenant, system.accounts.this_month)
    assert told == added


@pytest.mark.parametrize(
    ("usd", "level", "model"),
    [(7.5, Level.SMALL_MODEL, "small"), (9.5, Level.EXTRACTIVE, "extractive")],
)
def test_below_full_a_cheaper_writer_writes_and_says_why(
    system: Rimedio, server: FakeChatServer, usd: float, level: Level, model: str
) -> None:
    put_aside(system, usd)

    ticket, solution = work(system)

    assert solution is not None
    assert model in (solution.routing.model, solution.routing.provider)
    assert solution.routing.fallback_used
    assert f"budget: {level}" in str(solution.routing.reason)
    assert {request["model"] for request in server.requests} <= {"small"}
    assert ticket.status in {Status.READY, Status.IN_REVIEW}


def test_when_all_is_spent_a_person_gets_the_ticket_and_no_model_is_asked(
    system: Rimedio, server: FakeChatServer
) -> None:
    put_aside(system, 10)

    ticket, solution = work(system)

    assert (ticket.status, solution) == (Status.ESCALATED, None)
    assert status_code(ticket.status_reason) == "BUDGET_REACHED"
    assert "$10.00 of $10.00" in str(ticket.status_reason)
    assert server.requests == []


def test_a_raised_budget_lets_the_model_write_again(system: Rimedio) -> None:
    put_aside(system, 10)
    system.accounts.budgets.set_limits(system.tenant, Limits(nano(1000)))
    _, solution = work(system)
    assert solution is not None
    assert solution.routing.model == "big"


def test_an_event_tells_of_the_level(system: Rimedio) -> None:
    system.tenants.note(system.tenant)
    put_aside(system, 9.5, "committed")
    assert system.accounts.level_watch.run_once() == 0  # what is only put aside is not news
    put_aside(system, 9.5, "spent")
    told: list[Mapping[str, object]] = []
    system.eventing.targets.handlers["listener"] = lambda event, *_: told.append(event)
    pattern = {"detail-type": ["BudgetLevelChanged"]}
    system.eventing.bus.put_rule(Rule(system.tenant, "r", pattern, (Target("t", "handler:listener"),)))

    assert [system.accounts.level_watch.run_once(), system.accounts.level_watch.run_once()] == [1, 0]
    while system.eventing.dispatcher.run_once():
        pass

    (event,) = told
    assert "EXTRACTIVE" in str(event)


def test_the_whole_way_stands_in_one_trace_and_in_the_figures(system: Rimedio) -> None:
    ticket, _ = work(system)
    spans = SpanFile(system.folder.path / "traces.jsonl").trace(trace_of_ticket(ticket.ticket_id))
    names = [span.name for span in spans]
    for name in ("validate", "retrieve_hybrid", "search", "generate", "verify", "decide"):
        assert name in names
    by_id = {span.span_id: span for span in spans}
    search = next(span for span in spans if span.name == "search")
    assert by_id[str(search.parent_id)].name == "retrieve_hybrid"
    assert all(span.attributes["rimedio.ticket_id"] == ticket.ticket_id for span in spans)

    while system.accounts.counting.run_once():
        pass
    text = system.accounts.prometheus()
    for wanted in (
        "rimedio_tickets_opened_total 1.0",
        'rimedio_step_seconds_count{outcome="succeeded",step="generate"} 1.0',
        "rimedio_retrieval_seconds_count 1.0",
        'rimedio_llm_tokens_total{direction="input",model="big"}',
        "rimedio_answer_seconds_count 1.0",
        "rimedio_embedding_backlog",
    ):
        assert wanted in text
