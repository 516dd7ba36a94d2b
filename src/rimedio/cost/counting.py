"""Counts what happens, out of the change stream: the daily figures behind insights, and the service's metrics.

Each batch is one transaction together with the place in the stream it goes up to, so nothing is counted twice
however often a batch is delivered: the stream promises at least once, the condition on the place makes it once.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rimedio.cost import day_figures as figures
from rimedio.cost.day_figures import Added, Place
from rimedio.domain.errors import ConditionFailed
from rimedio.domain.ticket import Status
from rimedio.observability import catalogue
from rimedio.observability.metrics import Metrics
from rimedio.storage import keys
from rimedio.storage.conditions import Condition, Equals, NotExists
from rimedio.storage.keys import unescaped
from rimedio.storage.streams import Change, ChangeKind, ChangeStream
from rimedio.storage.table import Action, Changes, Key, Put, Query, Table, Update
from rimedio.storage.values import Item, Value

CONSUMER = "insights"
SERVICE = "~service"  # owner of what belongs to no tenant
DAY, NOW, CHECKPOINT = "DAY", "NOW", "CHECKPOINT"
EVER = "-"
BATCH = 200
ACTIONS_MAX = 90  # a transaction takes 100, and one change touches five items at most
SETTLED = frozenset({Status.READY, Status.IN_REVIEW, Status.NEEDS_INFO, Status.ESCALATED, Status.FAILED})
_COUNTED = frozenset({keys.TICKET.name, keys.SOLUTION.name, keys.REVIEW.name, keys.FEEDBACK.name})
_MEASURED = _COUNTED | {keys.DELIVERY.name}


@dataclass(frozen=True, slots=True)
class Answered:
    """A ticket's first solution was stored, `seconds` after the work on it began."""

    tenant_id: str
    ticket_id: str
    solution_id: str
    seconds: float
    at: datetime


@dataclass(frozen=True, slots=True)
class _Judged:
    """How a solution is judged now."""

    day: str
    place: int
    wrong: bool


class Counting:
    """A consumer of the change stream. `run_once` is a loop's turn; one thread at a time."""

    def __init__(
        self,
        table: Table,
        stream: ChangeStream,
        metrics: Metrics,
        on_answer: Callable[[Answered], None] = lambda _: None,
    ) -> None:
        """`on_answer` hears of each answered ticket at least once, before it is counted."""
        self._table = table
        self._stream = stream
        self._metrics = metrics
        self._on_answer = on_answer

    def run_once(self) -> int:
        """Count one batch; how many changes it had. Raises StorageFailed."""
        changes = self._stream.read(CONSUMER, BATCH)
        if not changes:
            return 0
        done = self._checkpoint()
        fresh = [c for c in changes if c.sequence > done and _counts(c)]
        counted = self._count(fresh, done)
        if counted < len(fresh):
            if counted:
                self._stream.acknowledge(CONSUMER, fresh[counted - 1])
            return counted
        self._stream.acknowledge(CONSUMER, changes[-1])
        return len(changes)

    def rebuild(self, tenant_ids: Iterable[str]) -> int:
        """Count everything that is stored anew, replacing the figures; how many tickets there were.

        For a process of its own while nothing else writes. Times of day of what changed its status more than
        once are those of the last change.
        """
        while self.run_once():
            pass
        return sum(self._rebuild(tenant_id) for tenant_id in tenant_ids)

    def _count(self, fresh: Sequence[Change], done: str) -> int:
        """Write as many changes as fit one transaction; how many. None when another process was quicker."""
        tally = _Tally(self._table)
        counted = 0
        while counted < len(fresh) and tally.size < ACTIONS_MAX:
            tally.add(fresh[counted])
            counted += 1
        if not counted:
            return 0
        for answer in tally.answers:
            self._on_answer(answer)
        try:
            moved = _move_checkpoint(done, fresh[counted - 1].sequence)
            self._table.transact_write([moved, *tally.actions()])
        except ConditionFailed:
            return 0
        for change in fresh[:counted]:
            self._measure(change)
        for answer in tally.answers:
            self._metrics.observe(catalogue.ANSWER_SECONDS, answer.seconds)
        return counted

    def _measure(self, change: Change) -> None:
        """What the service's own metrics say of a change."""
        new, old = change.new or {}, change.old
        if new.get("entity") == keys.TICKET.name:
            if old is None:
                self._metrics.count(catalogue.TICKETS_OPENED)
            elif new.get("status") != old.get("status") and new.get("status") in SETTLED:
                self._metrics.count(catalogue.TICKETS_SETTLED, 1, str(new["status"]))
                if old.get("solution_id") is None and old.get("status") == Status.PROCESSING:
                    self._metrics.observe(catalogue.TICKET_SECONDS, _seconds(new))
        elif new.get("entity") == keys.SOLUTION.name and old is None:
            outcome = str(_inner(new, "solution", "decision").get("outcome"))
            self._metrics.observe(catalogue.CONFIDENCE, figures.confidence_of(new), outcome)
            self._metrics.observe(catalogue.GROUNDEDNESS, figures.groundedness_of(new))
        elif new.get("entity") == keys.DELIVERY.name and new.get("status") != (old or {}).get("status"):
            self._metrics.count(catalogue.WEBHOOK_DELIVERIES, 1, str(new.get("status")))

    def _checkpoint(self) -> str:
        item = self._table.get(_CHECKPOINT_KEY)
        return "" if item is None else str(item.get("sequence", ""))

    def _rebuild(self, tenant_id: str) -> int:
        tally = _Tally(self._table, anew=True)
        tickets = 0
        for partition in self._partitions(tenant_id):
            tickets += 1
            for item in partition:
                tally.add_stored(item)
        for key in self._figures_of(tenant_id):
            self._table.delete(key)
        for action in tally.actions():
            if isinstance(action, Put):
                self._table.put(action.item)
            elif isinstance(action, Update):
                self._table.update(action.key, action.changes)
        return tickets

    def _partitions(self, tenant_id: str) -> Iterator[list[Item]]:
        """Everything that hangs on each ticket; judgements left out, for they are made anew."""
        for card in self._all(keys.TICKETS_BY_CREATION.query(tenant=tenant_id, shard=0, limit=200)):
            items = self._all(Query(str(card["pk"]), limit=200))
            yield sorted((i for i in items if i.get("entity") in _COUNTED), key=_age)

    def _figures_of(self, tenant_id: str) -> list[Key]:
        partition = keys.INSIGHT.key(tenant=tenant_id, kind=DAY, period=EVER).pk
        return [Key(str(i["pk"]), str(i["sk"])) for i in self._all(Query(partition, limit=200))]

    def _all(self, query: Query) -> Iterator[Item]:
        cursor = None
        while True:
            page = self._table.query(
                Query(query.partition, query.sort, query.index, query.reverse, query.limit, cursor)
            )
            yield from page.items
            cursor = page.cursor
            if cursor is None:
                return


class _Tally:
    """Counters to add to, and judgements to note, gathered out of several changes."""

    def __init__(self, table: Table, *, anew: bool = False) -> None:
        """`anew`: earlier judgements do not count, for everything is counted from the beginning."""
        self._table = table
        self._anew = anew
        self._counts: Counter[Place] = Counter()
        self._judged: dict[Key, _Judged] = {}
        self._places: set[tuple[str, str]] = set()
        self.answers: list[Answered] = []

    @property
    def size(self) -> int:
        """How many items will be written."""
        return len(self._places) + len(self._judged)

    def add(self, change: Change) -> None:
        """Count one change."""
        if change.new is not None:
            self._add(change.old, change.new)

    def add_stored(self, item: Item) -> None:
        """Count what is stored, as if it had just been written."""
        self._add(None, item)

    def actions(self) -> list[Action]:
        """What to write."""
        grouped: dict[tuple[str, str], dict[str, int]] = {}
        for place, amount in self._counts.items():
            if amount:
                grouped.setdefault((place.tenant_id, place.day), {})[str(place.name)] = amount
        found: list[Action] = []
        for (tenant, day), add in grouped.items():
            key = keys.INSIGHT.key(tenant=tenant, kind=DAY if day else NOW, period=day or EVER)
            found.append(Update(key, Changes(set={"day": day}, add=add)))
        for judgement, judged in self._judged.items():
            item: Item = {**judgement._asdict(), "entity": keys.JUDGEMENT.name, "day": judged.day}
            found.append(Put({**item, "place": judged.place, "wrong": judged.wrong}))
        return found

    def _add(self, old: Item | None, new: Item) -> None:
        tenant, entity = _tenant(new), new.get("entity")
        if entity == keys.TICKET.name:
            self._put(figures.of_ticket(old, new))
        elif old is not None:
            return  # the others are facts: written once
        elif entity == keys.SOLUTION.name:
            self._solution(tenant, new)
        elif entity == keys.REVIEW.name:
            self._put(figures.of_review(tenant, new))
            self._judge(tenant, new, wrong=new.get("verdict") != "APPROVED")
        elif entity == keys.FEEDBACK.name:
            self._put(figures.of_feedback(tenant, new))
            if not new.get("measured"):
                self._judge(tenant, new, wrong=not new.get("was_helpful"))

    def _solution(self, tenant: str, item: Item) -> None:
        ticket, solution = str(item["pk"]).rpartition("#")[2], str(item["sk"]).partition("#")[2]
        reviews = self._table.query(
            keys.REVIEWS_OF_TICKET.query(tenant=tenant, ticket=ticket, limit=100)
        ).items
        if any(review.get("edited_solution_id") == solution for review in reviews):
            return  # a reviewer wrote it, not the workflow
        several = self._table.query(
            keys.SOLUTIONS_OF_TICKET.query(tenant=tenant, ticket=ticket, limit=100)
        ).items
        first = min((str(s.get("stored_at")) for s in several), default="") >= str(item.get("stored_at"))
        self._put(figures.of_solution(tenant, item, first=first))
        if first:
            at = datetime.fromisoformat(str(item.get("stored_at")))
            self.answers.append(Answered(tenant, ticket, solution, figures.latency_seconds_of(item), at))

    def _judge(self, tenant: str, item: Item, *, wrong: bool) -> None:
        """The latest judgement of a solution counts; an earlier one is taken back."""
        ticket, solution = str(item.get("ticket_id")), item.get("solution_id")
        if not solution:
            return
        parts = {"tenant": tenant, "ticket": ticket, "solution": str(solution)}
        stored = self._table.get(keys.SOLUTION.key(**parts))
        if stored is None:
            return
        key = keys.JUDGEMENT.key(**parts)
        before = self._judged.get(key) or self._stored_judgement(key)
        if before is not None:
            self._put(figures.of_judgement(tenant, before.day, before.place, wrong=before.wrong, amount=-1))
        place = figures.confidence_bin(figures.confidence_of(stored))
        now = _Judged(figures.day_of(stored.get("stored_at")), place, wrong)
        self._put(figures.of_judgement(tenant, now.day, now.place, wrong=wrong))
        self._judged[key] = now

    def _stored_judgement(self, key: Key) -> _Judged | None:
        item = None if self._anew else self._table.get(key)
        if item is None:
            return None
        place = item.get("place")
        return _Judged(str(item.get("day")), place if isinstance(place, int) else 0, bool(item.get("wrong")))

    def _put(self, added: Added) -> None:
        for place, amount in added:
            self._counts[place] += amount
            self._places.add((place.tenant_id, place.day))


_CHECKPOINT_KEY = keys.INSIGHT.key(tenant=SERVICE, kind=CHECKPOINT, period=CONSUMER)


def _move_checkpoint(before: str, to: str) -> Update:
    condition: Condition = Equals("sequence", before) if before else NotExists("sequence")
    return Update(_CHECKPOINT_KEY, Changes(set={"sequence": to}), condition)


def _counts(change: Change) -> bool:
    """Whether the figures change with it: a removal by time, or our own writing, changes nothing."""
    return (
        change.kind is not ChangeKind.REMOVE
        and change.new is not None
        and change.new.get("entity") in _MEASURED
    )


def _tenant(item: Item) -> str:
    named = item.get("tenant_id")
    return str(named) if named else unescaped(str(item["pk"]).split("#")[1])


def _age(item: Item) -> str:
    return str(item.get("stored_at") or item.get("at") or item.get("created_at") or "")


def _seconds(ticket: Item) -> float:
    """From accepting a ticket to its present status."""
    created, updated = (datetime.fromisoformat(str(ticket[name])) for name in ("created_at", "updated_at"))
    return max(0.0, (updated - created).total_seconds())


def _inner(item: Item, *path: str) -> Mapping[str, Value]:
    found: Value = item
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}
