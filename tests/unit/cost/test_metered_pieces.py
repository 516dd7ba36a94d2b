"""Guardrails and reranks stand in the ledger at their price."""

from collections.abc import Sequence

from rimedio.cost.budgets import Budgets
from rimedio.cost.ledger import CostEntry, CostKind, Ledger
from rimedio.cost.metered_chat import payer_of_correlation
from rimedio.cost.metered_pieces import MeteredCrossEncoder, PaidVerdicts
from rimedio.cost.metered_steps import StepAccounts
from rimedio.cost.money import nano
from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import StorageFailed
from rimedio.llm.pricing import UnitPrices
from rimedio.llm.tokens import CharacterTokenCounter
from rimedio.observability.correlation import bound


def steps(budgets: Budgets, clock: FakeClock) -> StepAccounts:
    payer = payer_of_correlation("default")
    return StepAccounts(budgets, UnitPrices(), CharacterTokenCounter(), clock, SeededIds(2), payer)


class Encoder:
    """Gives the scores it was given."""

    def __init__(self, *scores: float) -> None:
        self.scores = scores

    def score(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        del question, texts
        return self.scores


def test_a_verdict_is_booked_under_the_ticket_in_hand(
    budgets: Budgets, clock: FakeClock, ledger: Ledger
) -> None:
    with bound(tenant="acme", ticket_id="tkt_1"):
        PaidVerdicts(steps(budgets, clock))(0.0004)

    (entry,) = ledger.of_ticket("acme", "tkt_1")
    assert (entry.kind, entry.cost_nano) == (CostKind.GUARDRAIL, nano(0.0004))


def test_a_rerank_is_paid_by_the_question_and_only_when_it_was_answered(
    budgets: Budgets, clock: FakeClock, ledger: Ledger
) -> None:
    accounts = steps(budgets, clock)
    with bound(tenant="acme", ticket_id="tkt_1"):
        MeteredCrossEncoder(Encoder(0.9, 0.1), accounts, "rerank-1", 0.002).score("q", ["a", "b"])
        MeteredCrossEncoder(Encoder(0.0, 0.0), accounts, "rerank-1", 0.002).score("q", ["a", "b"])

    (entry,) = ledger.of_ticket("acme", "tkt_1")
    assert (entry.kind, entry.model, entry.cost_nano) == (CostKind.RERANK, "rerank-1", nano(0.002))


def test_a_ledger_that_cannot_be_written_does_not_cost_the_verdict(
    budgets: Budgets, clock: FakeClock
) -> None:
    class Full(Budgets):
        def __init__(self) -> None:
            """No table."""

        def charge(self, entry: CostEntry) -> None:
            raise StorageFailed(f"no room for {entry.entry_id}")

    PaidVerdicts(steps(Full(), clock))(0.1)
    assert budgets.state("acme").spent_nano == 0
