"""The ledger: one entry for each paid or timed step, and the sums that follow from the entries.

An entry and its sums are one transaction, and an entry is written once: its id is its own idempotency key. So
sums are read without looking at any entry, and `reconcile` can prove that they agree.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from rimedio.cost.money import Nano
from rimedio.domain.errors import ConditionFailed
from rimedio.storage import keys
from rimedio.storage.codec import from_item, to_attributes
from rimedio.storage.conditions import NotExists
from rimedio.storage.keys import stamp
from rimedio.storage.table import Action, Changes, Key, Put, Query, SortBetween, Table, Update
from rimedio.storage.values import Item

NO_TICKET = "asked"  # questions that were put without a ticket share a partition a month
TOTAL = "-"
PAGE = 200


class CostKind(StrEnum):
    """What was paid for."""

    CHAT = "CHAT"
    EMBEDDING = "EMBEDDING"
    OCR = "OCR"
    COMPUTE = "COMPUTE"
    GUARDRAIL = "GUARDRAIL"
    RERANK = "RERANK"


class CostOutcome(StrEnum):
    """How the step ended."""

    DONE = "DONE"
    FAILED = "FAILED"  # the call failed; nothing was reported as used
    LOST = "LOST"  # the process died during the call, or no answer came: the most it can have cost is taken


class SumKind(StrEnum):
    """What is added up: a day's use of a model, a month, a month's step."""

    DAY = "DAY"
    MONTH = "MONTH"
    STEP = "STEP"


@dataclass(frozen=True, slots=True)
class CostEntry:
    """One paid or timed step. `at` is when it began: it counts into that day and month."""

    entry_id: str
    tenant_id: str
    step: str
    kind: CostKind
    provider: str
    model: str
    cost_nano: Nano
    at: datetime
    ticket_id: str | None = None
    tokens_input: int = 0
    tokens_output: int = 0
    seconds: float = 0.0
    outcome: CostOutcome = CostOutcome.DONE

    @property
    def day(self) -> str:
        """The UTC day, as in 2026-01-31."""
        return stamp(self.at)[:10]

    @property
    def month(self) -> str:
        """The UTC month, as in 2026-01."""
        return stamp(self.at)[:7]


@dataclass(frozen=True, slots=True)
class Spent:
    """A sum: money, tokens, and of how many entries."""

    cost_nano: Nano = 0
    tokens_input: int = 0
    tokens_output: int = 0
    entries: int = 0

    def plus(self, other: "Spent") -> "Spent":
        """Both together."""
        return Spent(
            self.cost_nano + other.cost_nano,
            self.tokens_input + other.tokens_input,
            self.tokens_output + other.tokens_output,
            self.entries + other.entries,
        )


@dataclass(frozen=True, slots=True)
class MonthCosts:
    """A tenant's month."""

    month: str
    total: Spent
    by_model: Mapping[str, Spent] = field(default_factory=dict)
    by_step: Mapping[str, Spent] = field(default_factory=dict)
    by_day: Mapping[str, Spent] = field(default_factory=dict)


class Ledger:
    """Writes entries and reads sums. Every method may raise StorageFailed."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, entry: CostEntry) -> bool:
        """Write an entry; False when it was written before."""
        try:
            self._table.transact_write(entry_actions(entry))
        except ConditionFailed:
            return False
        return True

    def of_ticket(self, tenant_id: str, ticket_id: str) -> tuple[CostEntry, ...]:
        """A ticket's entries by time."""
        query = keys.COST_ENTRIES_OF_TICKET.query(tenant=tenant_id, ticket=ticket_id, limit=PAGE)
        return tuple(from_item(CostEntry, item) for item in self._all(query))

    def ticket_total(self, tenant_id: str, ticket_id: str) -> Spent:
        """What a ticket cost so far."""
        return _spent(self._table.get(keys.TICKET_COST.key(tenant=tenant_id, ticket=ticket_id)))

    def days(self, tenant_id: str, first: str, last: str) -> Mapping[tuple[str, str], Spent]:
        """What each (day, model) cost from `first` to `last`, both included; those without costs are left out."""
        sort = SortBetween(f"{SumKind.DAY}#{first}#", f"{SumKind.DAY}#{last}#~")
        query = keys.COST_SUMS.query(
            tenant=tenant_id, kind=SumKind.DAY.value, period=first, sort=sort, limit=PAGE
        )
        return {(str(item["period"]), str(item["name"])): _spent(item) for item in self._all(query)}

    def month(self, tenant_id: str, month: str) -> MonthCosts:
        """A month by model, step and day. Reads sums only."""
        total = self._table.get(_sum_key(tenant_id, SumKind.MONTH, month, TOTAL))
        days = self.days(tenant_id, f"{month}-01", f"{month}-31")
        return MonthCosts(
            month,
            _spent(total),
            by_name(days, 1),
            self._sums(tenant_id, SumKind.STEP, month),
            by_name(days, 0),
        )

    def reconcile(self, tenant_id: str, month: str) -> tuple[MonthCosts, MonthCosts]:
        """The month as the sums say it and as its entries add up to; equal, or something is wrong."""
        added = _Adding(month)
        query = keys.COST_ENTRIES_OF_MONTH.query(tenant=tenant_id, period=month, limit=PAGE)
        for item in self._all(query):
            added.add(from_item(CostEntry, item))
        return self.month(tenant_id, month), added.result()

    def _sums(self, tenant_id: str, kind: SumKind, period: str) -> dict[str, Spent]:
        query = keys.COST_SUMS.query(tenant=tenant_id, kind=kind.value, period=period, limit=PAGE)
        return {str(item["name"]): _spent(item) for item in self._all(query)}

    def _all(self, query: Query) -> Iterator[Item]:
        """Every item of a query, page by page."""
        cursor = None
        while True:
            page = self._table.query(
                Query(query.partition, query.sort, query.index, query.reverse, query.limit, cursor)
            )
            yield from page.items
            cursor = page.cursor
            if cursor is None:
                return


def by_name(days: Mapping[tuple[str, str], Spent], part: int) -> dict[str, Spent]:
    """Sums of (day, model) by day (part 0) or by model (part 1)."""
    found: dict[str, Spent] = {}
    for names, spent in days.items():
        found[names[part]] = found.get(names[part], Spent()).plus(spent)
    return found


def entry_actions(entry: CostEntry) -> list[Action]:
    """The entry and its sums, to be written in one transaction; the first action fails when it is known."""
    ticket = entry.ticket_id or f"{NO_TICKET}-{entry.month}"
    parts = {"tenant": entry.tenant_id, "ticket": ticket, "entry": entry.entry_id, "period": entry.month}
    item = keys.COST_ENTRY.attributes(created=stamp(entry.at), **parts) | to_attributes(entry)
    actions: list[Action] = [Put(item, NotExists("pk"))]
    if entry.ticket_id is not None:
        actions.append(_update(keys.TICKET_COST.key(tenant=entry.tenant_id, ticket=ticket), entry))
    sums = (
        (SumKind.DAY, entry.day, entry.model),
        (SumKind.MONTH, entry.month, TOTAL),
        (SumKind.STEP, entry.month, entry.step),
    )
    for kind, period, name in sums:
        key = _sum_key(entry.tenant_id, kind, period, name)
        actions.append(_update(key, entry, period=period, name=name))
    return actions


def _update(key: Key, entry: CostEntry, **named: str) -> Update:
    add = {
        "cost_nano": entry.cost_nano,
        "tokens_input": entry.tokens_input,
        "tokens_output": entry.tokens_output,
        "entries": 1,
    }
    return Update(key, Changes(set=named, add=add))


def _sum_key(tenant_id: str, kind: SumKind, period: str, name: str) -> Key:
    return keys.COST_SUM.key(tenant=tenant_id, kind=kind.value, period=period, name=name)


def _spent(item: Item | None) -> Spent:
    if item is None:
        return Spent()
    return Spent(*(_whole(item.get(name)) for name in Spent.__slots__))


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


class _Adding:
    """Adds entries up by hand, to compare with the sums."""

    def __init__(self, month: str) -> None:
        self._month = month
        self._total = Spent()
        self._days: dict[tuple[str, str], Spent] = {}
        self._steps: dict[str, Spent] = {}

    def add(self, entry: CostEntry) -> None:
        one = Spent(entry.cost_nano, entry.tokens_input, entry.tokens_output, 1)
        day = entry.day, entry.model
        self._total = self._total.plus(one)
        self._days[day] = self._days.get(day, Spent()).plus(one)
        self._steps[entry.step] = self._steps.get(entry.step, Spent()).plus(one)

    def result(self) -> MonthCosts:
        steps = dict(sorted(self._steps.items()))
        days = dict(sorted(self._days.items()))
        return MonthCosts(self._month, self._total, by_name(days, 1), steps, by_name(days, 0))
