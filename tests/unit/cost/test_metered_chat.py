"""Every call of a chat model is let in, paid and counted, whoever makes it."""

from collections.abc import Callable, Sequence

import pytest

from rimedio.cost.budgets import Budgets, Level, Limits
from rimedio.cost.ledger import CostOutcome, Ledger
from rimedio.cost.metered_chat import (
    ChatAccounts,
    MeteredChat,
    UnwrittenChat,
    one_piece_of_work,
    payer_of_correlation,
)
from rimedio.cost.money import nano
from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import (
    BudgetReached,
    ModelUnavailable,
    PolicyRefused,
    RimedioError,
    StorageFailed,
    Throttled,
    Unavailable,
)
from rimedio.llm.chat import ChatRequest, Message, Role
from rimedio.llm.fake import FakeChatModel, Scripted
from rimedio.llm.pricing import ModelPrice, PriceTable
from rimedio.llm.tokens import CharacterTokenCounter
from rimedio.observability.catalogue import COST, TOKENS
from rimedio.observability.correlation import bound
from rimedio.observability.metrics import Meter

TENANT, TICKET = "acme", "tkt_1"
PRICES = PriceTable(
    {"fake-1": ModelPrice(1000.0, 10_000.0)}, ModelPrice(0, 0)
)  # dear, so that little is much
REQUEST = ChatRequest((Message(Role.USER, "what is E029 please"),), max_tokens=100)
COST_OF_REPLY = nano((4 * 1000 + 2 * 10_000) / 1_000_000)  # four words in, two out

MakeChat = Callable[..., tuple[MeteredChat, FakeChatModel]]


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def chat(budgets: Budgets, clock: FakeClock, meter: Meter) -> MakeChat:
    def make(script: Sequence[Scripted], tier: Level = Level.FULL) -> tuple[MeteredChat, FakeChatModel]:
        inner = FakeChatModel(script)
        accounts = ChatAccounts(
            budgets, PRICES, CharacterTokenCounter(), meter, clock, payer_of_correlation("default")
        )
        return MeteredChat(inner, tier, accounts), inner

    return make


def test_a_call_is_written_under_its_ticket_and_step(
    chat: MakeChat, ledger: Ledger, budgets: Budgets
) -> None:
    metered, _ = chat(["E029 means"])
    with bound(tenant=TENANT, ticket_id=TICKET, step="generate"):
        assert metered.complete(REQUEST).text == "E029 means"

    (entry,) = ledger.of_ticket(TENANT, TICKET)
    assert (entry.step, entry.model, entry.tokens_input, entry.tokens_output) == ("generate", "fake-1", 4, 2)
    assert entry.cost_nano == COST_OF_REPLY == budgets.state(TENANT).spent_nano
    assert budgets.state(TENANT).committed_nano == COST_OF_REPLY


def test_a_question_without_a_ticket_is_paid_by_the_default_tenant(chat: MakeChat, ledger: Ledger) -> None:
    metered, _ = chat(["E029 means"])
    metered.complete(REQUEST)
    assert ledger.month("default", "2026-01").by_step.keys() == {"ask"}


def test_a_failed_call_is_noted_and_costs_nothing(chat: MakeChat, ledger: Ledger, budgets: Budgets) -> None:
    metered, _ = chat([ModelUnavailable("asleep")])
    with bound(tenant=TENANT, ticket_id=TICKET), pytest.raises(ModelUnavailable):
        metered.complete(REQUEST)
    assert [e.outcome for e in ledger.of_ticket(TENANT, TICKET)] == [CostOutcome.FAILED]
    assert budgets.state(TENANT).committed_nano == 0


def test_a_reply_of_no_use_is_paid_all_the_same(chat: MakeChat, ledger: Ledger) -> None:
    metered, _ = chat(["no json", "again not"])
    with bound(tenant=TENANT, ticket_id=TICKET):
        metered.complete(REQUEST)
        metered.complete(REQUEST)
    assert ledger.ticket_total(TENANT, TICKET).cost_nano == 2 * COST_OF_REPLY


def test_a_model_is_not_asked_when_the_budget_says_no(chat: MakeChat, budgets: Budgets) -> None:
    budgets.set_limits("default", Limits(0))
    metered, inner = chat(["never"])
    with pytest.raises(BudgetReached):
        metered.complete(REQUEST)
    assert inner.requests == []


def test_a_repair_of_work_that_was_let_in_is_not_turned_away(chat: MakeChat, budgets: Budgets) -> None:
    budgets.set_limits("default", Limits(nano(0.001), 1.0, 1.0, 1.0))  # less than the first call costs
    metered, inner = chat(["one two", "three four", "five six"])
    with one_piece_of_work():
        metered.complete(REQUEST)
        metered.complete(REQUEST)
    with pytest.raises(BudgetReached), one_piece_of_work():
        metered.complete(REQUEST)
    assert len(inner.requests) == 2


def test_tokens_and_money_are_measured(chat: MakeChat, meter: Meter) -> None:
    metered, _ = chat(["E029 means"])
    metered.complete(REQUEST)
    found = {(r.metric, r.labels): r.total for r in meter.read()}
    assert found[TOKENS, ("fake-1", "input")] == 4
    assert found[TOKENS, ("fake-1", "output")] == 2
    assert found[COST, ("fake-1",)] == pytest.approx(0.024)


@pytest.mark.parametrize(
    "failure",
    [StorageFailed("the disk is full"), Throttled("DynamoDB throttles"), Unavailable("no answer")],
    ids=repr,
)
def test_a_reply_is_kept_when_the_ledger_cannot_be_written(
    chat: MakeChat, budgets: Budgets, monkeypatch: pytest.MonkeyPatch, failure: RimedioError
) -> None:
    metered, _ = chat(["E029 means"])

    def refuse(*_: object) -> bool:
        raise failure

    monkeypatch.setattr(budgets, "settle", refuse)
    assert metered.complete(REQUEST).text == "E029 means"
    assert budgets.state("default").committed_nano > 0  # until the loop books it


def test_where_nothing_can_be_written_only_free_models_answer() -> None:
    assert UnwrittenChat(FakeChatModel(["hello"], model="free"), PRICES).complete(REQUEST).text == "hello"
    with pytest.raises(PolicyRefused, match="ledger"):
        UnwrittenChat(FakeChatModel(["hello"]), PRICES).complete(REQUEST)
