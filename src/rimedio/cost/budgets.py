"""A tenant's budget of a month, and the levels it leads down to as the money goes.

Money is put aside before a call and settled after it. `committed` is what is spent or put aside, in one number:
a call of a tier is let in only while that number is below the tier's share of the budget, by a conditional
write. So however many tickets run side by side, each of them was let in below the line, and what goes over it is
at most the one call that each was let in for.

The key of a month's item holds the month: a new month begins with nothing spent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from rimedio.cost.ledger import CostEntry, CostKind, CostOutcome, entry_actions
from rimedio.cost.money import Nano, said
from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import BudgetReached, ConditionFailed, InvalidInput
from rimedio.storage import keys
from rimedio.storage.codec import from_item, to_attributes
from rimedio.storage.conditions import Condition, Exists, LessThan, NotExists, any_of
from rimedio.storage.keys import stamp
from rimedio.storage.table import Action, Changes, Delete, Key, Put, Table, Update
from rimedio.storage.values import Item

LIMITS, MONTH = "LIMITS", "MONTH-"
HOLD_MINUTES_MAX = 20  # twice the longest wait for a reply that can be set
HOLDS_AT_ONCE = 100


class Level(StrEnum):
    """What may still be paid for. In this order, from the best to none."""

    FULL = "FULL"
    SMALL_MODEL = "SMALL_MODEL"
    EXTRACTIVE = "EXTRACTIVE"
    PERSON = "PERSON"

    @property
    def depth(self) -> int:
        """0 for FULL, 3 for PERSON."""
        return LEVELS.index(self)


LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True)
class Limits:
    """A month's budget; None does not limit. The shares say from where on each level holds."""

    monthly_nano: Nano | None = None
    small_model_at: float = 0.70
    extractive_at: float = 0.90
    person_at: float = 1.0

    def checked(self) -> "Limits":
        """The same. Raises InvalidInput when an amount is negative or the shares are out of order."""
        if self.monthly_nano is not None and self.monthly_nano < 0:
            raise InvalidInput(
                f"A budget of {said(self.monthly_nano)} makes no sense. Give 0 or more, or none."
            )
        if not 0 <= self.small_model_at <= self.extractive_at <= self.person_at <= 10:
            msg = (
                f"The shares {self.small_model_at}, {self.extractive_at}, {self.person_at} are not in order. "
                "Give 0 <= small_model_at <= extractive_at <= person_at <= 10."
            )
            raise InvalidInput(msg)
        return self

    def up_to(self, tier: Level) -> Nano | None:
        """The committed amount from which on `tier` is no longer let in; None when nothing limits."""
        if self.monthly_nano is None:
            return None
        share = {
            Level.FULL: self.small_model_at,
            Level.SMALL_MODEL: self.extractive_at,
            Level.EXTRACTIVE: self.person_at,
        }.get(tier, 0.0)
        return round(self.monthly_nano * share)

    def level(self, committed: Nano) -> Level:
        """The best tier that is still let in."""
        for tier in (Level.FULL, Level.SMALL_MODEL, Level.EXTRACTIVE):
            limit = self.up_to(tier)
            if limit is None or committed < limit:
                return tier
        return Level.PERSON


@dataclass(frozen=True, slots=True)
class BudgetState:
    """How a month stands."""

    month: str
    limits: Limits
    spent_nano: Nano
    committed_nano: Nano

    @property
    def level(self) -> Level:
        """What may still be paid for, with what is put aside for calls under way."""
        return self.limits.level(self.committed_nano)

    @property
    def settled_level(self) -> Level:
        """The level by what is spent; it does not flicker with every call, so events tell of this one."""
        return self.limits.level(self.spent_nano)

    @property
    def reason(self) -> str:
        """Why, in one line: it stands in routings, status reasons and events."""
        monthly = self.limits.monthly_nano
        if monthly is None:
            return f"budget: {self.level}, nothing limits {self.month}"
        share = f" ({self.committed_nano / monthly:.0%})" if monthly else ""
        return (
            f"budget: {self.level}, {said(self.committed_nano)} of {said(monthly)}{share} "
            f"is spent or put aside in {self.month}"
        )


@dataclass(frozen=True, slots=True)
class Call:
    """A call that wants to be paid: who makes it, for what, the most it can cost."""

    tenant_id: str
    ticket_id: str | None
    step: str
    provider: str
    model: str
    worst_nano: Nano


@dataclass(frozen=True, slots=True)
class Hold:
    """Money put aside for one call. The month it was put aside in also pays."""

    hold_id: str
    call: Call
    at: datetime

    @property
    def month(self) -> str:
        """The month that pays."""
        return stamp(self.at)[:7]


class Budgets:
    """Lets calls in, settles them, says how the months stand. Every method may raise StorageFailed."""

    def __init__(self, table: Table, clock: Clock, ids: Ids, defaults: Limits | None = None) -> None:
        self._table = table
        self._clock = clock
        self._ids = ids
        self._defaults = defaults or Limits()

    def limits(self, tenant_id: str) -> Limits:
        """The tenant's own limits, else those of the settings."""
        item = self._table.get(keys.BUDGET.key(tenant=tenant_id, kind=LIMITS))
        return self._defaults if item is None else from_item(Limits, item)

    def set_limits(self, tenant_id: str, limits: Limits) -> BudgetState:
        """Set the tenant's limits; they count at once. Raises InvalidInput."""
        key = keys.BUDGET.attributes(tenant=tenant_id, kind=LIMITS)
        self._table.put(key | to_attributes(limits.checked()))
        return self.state(tenant_id)

    def state(self, tenant_id: str, month: str | None = None) -> BudgetState:
        """How a month stands, by default the present one."""
        wanted = month or stamp(self._clock.now())[:7]
        item = self._table.get(_month_key(tenant_id, wanted)) or {}
        spent, committed = item.get("spent", 0), item.get("committed", 0)
        return BudgetState(
            wanted,
            self.limits(tenant_id),
            spent if isinstance(spent, int) else 0,
            committed if isinstance(committed, int) else 0,
        )

    def hold(self, call: Call, tier: Level, *, admitted: bool = False) -> Hold:
        """Put the most that a call can cost aside. `admitted`: the same piece of work was let in before.

        Raises BudgetReached when the tier's share is used up.
        """
        limit = None if admitted else self.limits(call.tenant_id).up_to(tier)
        if limit is not None and limit <= 0:
            raise BudgetReached(self._refusal(call, tier))
        hold = Hold(self._ids.new("cst"), call, self._clock.now())
        put_aside = _book(hold, {"committed": call.worst_nano}, None if limit is None else _below(limit))
        try:
            self._table.transact_write([put_aside, Put(_hold_item(hold))])
        except ConditionFailed:
            raise BudgetReached(self._refusal(call, tier)) from None
        return hold

    def settle(self, hold: Hold, entry: CostEntry) -> bool:
        """The call is done: entry, sums and the month's spending for the money put aside, in one transaction.

        False when it was settled before.
        """
        actions: list[Action] = [
            *entry_actions(entry),
            Delete(_hold_key(hold), Exists("pk")),
            _book(
                hold, {"committed": entry.cost_nano - hold.call.worst_nano, "spent": entry.cost_nano}, None
            ),
        ]
        try:
            self._table.transact_write(actions)
        except ConditionFailed:
            return False
        return True

    def charge(self, entry: CostEntry) -> bool:
        """Book what needs no leave beforehand: an entry, its sums and the month's spending, in one transaction.

        False when it was booked before.
        """
        add = {"committed": entry.cost_nano, "spent": entry.cost_nano}
        booked = Update(_month_key(entry.tenant_id, entry.month), Changes(add=add))
        try:
            self._table.transact_write([*entry_actions(entry), booked])
        except ConditionFailed:
            return False
        return True

    def recover(self, tenant_ids: Iterable[str]) -> int:
        """Settle what a process that died left put aside, at the full amount: the calls were probably made.

        Returns how many there were.
        """
        stale = [hold for tenant_id in tenant_ids for hold in self._stale(tenant_id)]
        return sum(self.settle(hold, _lost(hold)) for hold in stale)

    def _stale(self, tenant_id: str) -> list[Hold]:
        """Holds older than any call can be."""
        page = self._table.query(keys.COST_HOLDS.query(tenant=tenant_id, limit=HOLDS_AT_ONCE))
        before = self._clock.now() - timedelta(minutes=HOLD_MINUTES_MAX)
        found = (from_item(Hold, item) for item in page.items)
        return [hold for hold in found if hold.at < before]

    def _refusal(self, call: Call, tier: Level) -> str:
        state = self.state(call.tenant_id)
        return (
            f"{state.reason}; {call.model} ({tier}) may cost {said(call.worst_nano)} and is not asked. "
            "Raise the budget, or wait for the next month."
        )


def _below(limit: Nano) -> Condition:
    """Nothing was committed yet, or less than `limit`."""
    return any_of(NotExists("committed"), LessThan("committed", limit))


def _book(hold: Hold, add: Mapping[str, Nano], condition: Condition | None) -> Update:
    return Update(_month_key(hold.call.tenant_id, hold.month), Changes(add=add), condition)


def _month_key(tenant_id: str, month: str) -> Key:
    return keys.BUDGET.key(tenant=tenant_id, kind=MONTH + month)


def _hold_key(hold: Hold) -> Key:
    return keys.COST_HOLD.key(tenant=hold.call.tenant_id, created=stamp(hold.at), entry=hold.hold_id)


def _hold_item(hold: Hold) -> Item:
    key = keys.COST_HOLD.attributes(tenant=hold.call.tenant_id, created=stamp(hold.at), entry=hold.hold_id)
    return key | to_attributes(hold)


def _lost(hold: Hold) -> CostEntry:
    call = hold.call
    return CostEntry(
        entry_id=hold.hold_id,
        tenant_id=call.tenant_id,
        ticket_id=call.ticket_id,
        step=call.step,
        kind=CostKind.CHAT,
        provider=call.provider,
        model=call.model,
        cost_nano=call.worst_nano,
        at=hold.at,
        outcome=CostOutcome.LOST,
    )
