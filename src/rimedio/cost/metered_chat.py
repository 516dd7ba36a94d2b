"""A chat model that pays: every call is let in by the budget and written into the ledger.

It stands directly around the model, so that whoever asks is counted: the writer and its repairs, the second
opinion, a judge, and attempts whose reply was of no use.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from rimedio.cost.budgets import Budgets, Call, Hold, Level
from rimedio.cost.ledger import CostEntry, CostKind, CostOutcome
from rimedio.cost.money import nano, usd
from rimedio.domain.clock import Clock
from rimedio.domain.errors import BudgetReached, PolicyRefused, RimedioError, StorageFailed, Unavailable
from rimedio.llm.chat import ChatModel, ChatReply, ChatRequest
from rimedio.llm.pricing import PriceTable
from rimedio.llm.tokens import TokenCounter
from rimedio.observability.catalogue import BUDGET_REFUSALS, CHAT_CALLS, COST, TOKENS
from rimedio.observability.correlation import current
from rimedio.observability.logs import get_logger
from rimedio.observability.metrics import Metrics

ASKED = "ask"
log = get_logger(__name__)
_ADMITTED: ContextVar[set[Level] | None] = ContextVar("rimedio_admitted", default=None)


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays for the work in hand."""

    tenant_id: str
    ticket_id: str | None
    step: str


def payer_of_correlation(default_tenant: str) -> Callable[[], Payer]:
    """Reads the payer from the ids that every step and request binds; the default outside of any."""

    def payer() -> Payer:
        found = current()
        return Payer(found.tenant or default_tenant, found.ticket_id, found.step or ASKED)

    return payer


@contextmanager
def one_piece_of_work() -> Iterator[None]:
    """Calls inside are one piece of work: when its first was let in, a repair is not turned away half-way."""
    token = _ADMITTED.set(set())
    try:
        yield
    finally:
        _ADMITTED.reset(token)


@dataclass(frozen=True)
class ChatAccounts:
    """What a metered model writes to."""

    budgets: Budgets
    prices: PriceTable
    counter: TokenCounter
    metrics: Metrics
    clock: Clock
    payer: Callable[[], Payer]


class MeteredChat:
    """A `ChatModel` around another. `tier` says from which level on it is no longer let in."""

    def __init__(self, inner: ChatModel, tier: Level, accounts: ChatAccounts) -> None:
        self._inner = inner
        self._tier = tier
        self._accounts = accounts

    @property
    def provider(self) -> str:
        """The inner model's."""
        return self._inner.provider

    @property
    def model(self) -> str:
        """The inner model's."""
        return self._inner.model

    def complete(self, request: ChatRequest) -> ChatReply:
        """Ask the inner model. Raises BudgetReached when it may not be asked, and what the model raises."""
        hold = self._let_in(request)
        started = self._accounts.clock.monotonic()
        try:
            reply = self._inner.complete(request)
        except BaseException:
            self._settle(hold, None, self._accounts.clock.monotonic() - started)
            raise
        self._settle(hold, reply, self._accounts.clock.monotonic() - started)
        return reply

    def _let_in(self, request: ChatRequest) -> Hold:
        accounts, payer = self._accounts, self._accounts.payer()
        asked = sum(accounts.counter.count(message.text) for message in request.messages)
        worst = nano(accounts.prices.cost(self.model, asked, request.max_tokens))
        call = Call(payer.tenant_id, payer.ticket_id, payer.step, self.provider, self.model, worst)
        admitted = _ADMITTED.get()
        try:
            hold = accounts.budgets.hold(
                call, self._tier, admitted=admitted is not None and self._tier in admitted
            )
        except BudgetReached:
            accounts.metrics.count(BUDGET_REFUSALS, 1, self._tier.value)
            raise
        if admitted is not None:
            admitted.add(self._tier)
        return hold

    def _settle(self, hold: Hold, reply: ChatReply | None, seconds: float) -> None:
        """Write the entry. When that fails, the reply is still worth having: the money stays put aside, and
        the loop that recovers holds books it later."""
        entry = self._entry(hold, reply, seconds)
        self._measure(entry)
        try:
            self._accounts.budgets.settle(hold, entry)
        except (StorageFailed, Unavailable) as error:
            log.error("A paid call could not be written into the ledger", error=error, model=self.model)

    def _entry(self, hold: Hold, reply: ChatReply | None, seconds: float) -> CostEntry:
        tokens_input, tokens_output = (reply.tokens_input, reply.tokens_output) if reply else (0, 0)
        call = hold.call
        return CostEntry(
            entry_id=hold.hold_id,
            tenant_id=call.tenant_id,
            ticket_id=call.ticket_id,
            step=call.step,
            kind=CostKind.CHAT,
            provider=self.provider,
            model=self.model,
            cost_nano=nano(self._accounts.prices.cost_of(reply, self.model)) if reply else 0,
            at=hold.at,
            tokens_input=tokens_input,
            tokens_output=tokens_output,
            seconds=round(seconds, 6),
            outcome=CostOutcome.DONE if reply else CostOutcome.FAILED,
        )

    def _measure(self, entry: CostEntry) -> None:
        metrics = self._accounts.metrics
        metrics.count(CHAT_CALLS, 1, self.model, entry.outcome.value.lower())
        metrics.count(TOKENS, entry.tokens_input, self.model, "input")
        metrics.count(TOKENS, entry.tokens_output, self.model, "output")
        metrics.count(COST, usd(entry.cost_nano), self.model)


class UnwrittenChat:
    """A `ChatModel` where the data folder is only read: free models answer, paid ones are refused."""

    def __init__(self, inner: ChatModel, prices: PriceTable) -> None:
        self._inner = inner
        self._free = prices.is_free(inner.model)

    @property
    def provider(self) -> str:
        """The inner model's."""
        return self._inner.provider

    @property
    def model(self) -> str:
        """The inner model's."""
        return self._inner.model

    def complete(self, request: ChatRequest) -> ChatReply:
        """Ask a free model. Raises PolicyRefused for a paid one, and what the model raises."""
        if not self._free:
            msg = (
                f"{self.model} costs money, which must be written into the ledger, but the data folder is open "
                "for reading only. Close what else works on it, or use the extractive generator."
            )
            raise PolicyRefused(msg)
        return self._inner.complete(request)


@dataclass(frozen=True, slots=True)
class BudgetGate:
    """Says how far the payer's budget has come; what chooses between writers asks it."""

    budgets: Budgets
    payer: Callable[[], Payer]

    def level(self) -> Level:
        """What may be paid for now; FULL where that cannot be read, for a ticket matters more than a cent."""
        try:
            return self.budgets.state(self.payer().tenant_id).level
        except RimedioError as error:
            log.error("The budget could not be read", error=error)
            return Level.FULL

    def reason(self) -> str:
        """The level and why, in one line."""
        return self.budgets.state(self.payer().tenant_id).reason
