"""What may have been billed without an answer stands in the ledger, once each."""

from rimedio.aws.bedrock_calls import Fate
from rimedio.cost.budgets import Budgets
from rimedio.cost.ledger import CostEntry, CostOutcome, Ledger
from rimedio.cost.lost_attempts import LostAttempts
from rimedio.cost.metered_chat import payer_of_correlation
from rimedio.cost.metered_steps import StepAccounts
from rimedio.cost.money import nano
from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import StorageFailed
from rimedio.llm.bedrock_types import LostAttempt
from rimedio.llm.pricing import UnitPrices
from rimedio.llm.tokens import CharacterTokenCounter
from rimedio.observability.correlation import bound

LOST = LostAttempt("m-1", Fate.UNANSWERED, 900, 100, 0.25, 20.0)


def steps(budgets: Budgets, clock: FakeClock) -> StepAccounts:
    payer = payer_of_correlation("default")
    return StepAccounts(budgets, UnitPrices(), CharacterTokenCounter(), clock, SeededIds(2), payer)


def test_each_lost_attempt_is_booked_as_lost_at_its_most(
    budgets: Budgets, clock: FakeClock, ledger: Ledger
) -> None:
    note = LostAttempts(steps(budgets, clock), "bedrock")
    with bound(tenant="acme", ticket_id="tkt_1", step="generate"):
        note(LOST)
        note(LOST)
    entries = ledger.of_ticket("acme", "tkt_1")

    assert [e.outcome for e in entries] == [CostOutcome.LOST] * 2
    assert {(e.step, e.model, e.cost_nano, e.tokens_input) for e in entries} == {
        ("generate", "m-1", nano(0.25), 900)
    }
    assert budgets.state("acme").spent_nano == nano(0.5)


def test_a_ledger_that_cannot_be_written_does_not_cost_the_answer(budgets: Budgets, clock: FakeClock) -> None:
    class Full(Budgets):
        def __init__(self) -> None:
            """No table."""

        def charge(self, entry: CostEntry) -> None:
            raise StorageFailed(f"no room for {entry.entry_id}")

    LostAttempts(steps(Full(), clock), "bedrock")(LOST)
