"""Time and tokens beside chat models are paid where they have a price."""

from datetime import UTC, datetime

import numpy as np
import pytest

from rimedio.cost.budgets import Budgets
from rimedio.cost.ledger import CostKind, Ledger
from rimedio.cost.metered_chat import payer_of_correlation
from rimedio.cost.metered_steps import StepAccounts, metered_embedder, metered_reading
from rimedio.cost.money import nano
from rimedio.cost.tally import Answered
from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.knowledge.embedding.fake import FakeEmbedder
from rimedio.llm.pricing import PriceTable, UnitPrices
from rimedio.llm.tokens import CharacterTokenCounter
from rimedio.observability.correlation import bound

PRICED = UnitPrices(2.0, 0.5, 0.25)


@pytest.fixture
def accounts(budgets: Budgets, clock: FakeClock):
    def make(units: UnitPrices) -> StepAccounts:
        return StepAccounts(
            budgets, units, CharacterTokenCounter(), clock, SeededIds(3), payer_of_correlation("default")
        )

    return make


def test_the_shipped_prices_are_nothing_at_home() -> None:
    assert PriceTable.shipped().units == UnitPrices()


def test_an_answers_time_is_noted_once_and_paid_by_the_second(
    accounts, ledger: Ledger, budgets: Budgets
) -> None:
    answer = Answered("acme", "tkt_1", "sol_1", 4.0, datetime(2026, 1, 31, tzinfo=UTC))
    for _ in range(3):
        accounts(PRICED).answered(answer)
    (entry,) = ledger.of_ticket("acme", "tkt_1")
    assert (entry.kind, entry.seconds, entry.cost_nano) == (CostKind.COMPUTE, 4.0, nano(1))
    assert budgets.state("acme").spent_nano == budgets.state("acme").committed_nano == nano(1)


def test_without_a_price_time_is_noted_and_costs_nothing(accounts, ledger: Ledger) -> None:
    accounts(UnitPrices()).answered(
        Answered("acme", "tkt_1", "sol_1", 4.0, datetime(2026, 1, 31, tzinfo=UTC))
    )
    (entry,) = ledger.of_ticket("acme", "tkt_1")
    assert (entry.seconds, entry.cost_nano) == (4.0, 0)


def test_reading_a_file_is_paid_by_the_second_also_when_it_fails(accounts, ledger, clock: FakeClock) -> None:
    def read(_data: bytes, name: str) -> str:
        clock.advance(2)
        if name == "broken":
            raise ValueError
        return "text"

    paid = metered_reading(read, accounts(PRICED))
    with bound(tenant="acme", ticket_id="tkt_1"):
        assert paid(b"", "a.pdf") == "text"
        with pytest.raises(ValueError):
            paid(b"", "broken")
    assert [e.cost_nano for e in ledger.of_ticket("acme", "tkt_1")] == [nano(1), nano(1)]


def test_embedding_is_paid_by_the_token(accounts, ledger: Ledger) -> None:
    inner = FakeEmbedder()
    paid = metered_embedder(inner, accounts(PRICED))
    with bound(tenant="acme", ticket_id="tkt_1"):
        assert np.array_equal(
            paid.embed_query("E029 on the display"), inner.embed_query("E029 on the display")
        )
        assert paid.embed_passages(["one two", "three"]).shape[0] == 2
    assert (paid.model_id, paid.dimensions) == (inner.model_id, inner.dimensions)
    entries = ledger.of_ticket("acme", "tkt_1")
    assert len(entries) == 2
    assert all(e.cost_nano == nano(e.tokens_input * 2 / 1_000_000) for e in entries)
    assert all(e.tokens_input > 0 for e in entries)


def test_what_is_free_is_not_wrapped(accounts) -> None:
    inner = FakeEmbedder()
    assert metered_embedder(inner, accounts(UnitPrices())) is inner
    assert metered_reading(str, accounts(UnitPrices())) is str  # type: ignore[arg-type]
