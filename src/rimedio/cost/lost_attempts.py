"""Attempts at a paid model that may have been executed without an answer: booked at their most, once each.

A provider bills what it has computed, whether or not its reply arrived. A ledger that left such calls out would
let a budget be overspent, so they stand in it as lost ones, beside the entry of the attempt that worked.
"""

from dataclasses import dataclass
from typing import Protocol

from rimedio.cost.ledger import CostEntry, CostKind, CostOutcome
from rimedio.cost.metered_steps import StepAccounts
from rimedio.cost.money import nano
from rimedio.domain.errors import StorageFailed, Unavailable
from rimedio.observability.logs import get_logger

log = get_logger(__name__)


class Lost(Protocol):
    """What is known of such an attempt."""

    @property
    def model(self) -> str:
        """Model id."""
        ...

    @property
    def tokens_input(self) -> int:
        """Tokens that it was sent."""
        ...

    @property
    def usd_max(self) -> float:
        """What it costs at most."""
        ...

    @property
    def seconds(self) -> float:
        """How long it was waited for."""
        ...


@dataclass(frozen=True, slots=True)
class LostAttempts:
    """Writes them into the ledger, for whoever pays for the work in hand."""

    steps: StepAccounts
    provider: str

    def __call__(self, lost: Lost) -> None:
        """Book one. That the ledger cannot be written is no reason to give the answer up."""
        payer = self.steps.payer()
        entry = CostEntry(
            entry_id=self.steps.ids.new("cst"),
            tenant_id=payer.tenant_id,
            ticket_id=payer.ticket_id,
            step=payer.step,
            kind=CostKind.CHAT,
            provider=self.provider,
            model=lost.model,
            cost_nano=nano(lost.usd_max),
            at=self.steps.clock.now(),
            tokens_input=lost.tokens_input,
            seconds=round(lost.seconds, 6),
            outcome=CostOutcome.LOST,
        )
        try:
            self.steps.budgets.charge(entry)
        except (StorageFailed, Unavailable) as error:
            log.error("A lost call could not be written into the ledger", error=error, model=lost.model)
