"""Counts what happens, out of the change stream: the daily figures behind insights, and the service's metrics.

Each batch is one transaction together with the place in the stream it goes up to, so nothing is counted twice
however often a batch is delivered: the stream promises at least once, the condition on the place makes it once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from rimedio.cost import day_figures as figures
from rimedio.cost.tally import DAY, EVER, Answered, Tally
from rimedio.domain.errors import ConditionFailed, Conflict
from rimedio.domain.ticket import Status
from rimedio.observability import catalogue
from rimedio.observability.metrics import Metrics
from rimedio.storage import keys
from rimedio.storage.conditions import Condition, Equals, NotExists
from rimedio.storage.streams import Change, ChangeKind, ChangeStream
from rimedio.storage.table import EXPIRES_AT, Changes, Key, Put, Query, Table, Update
from rimedio.storage.values import Item, Value

CONSUMER = "insights"
SERVICE = "~service"  # owner of what belongs to no tenant
CHECKPOINT = "CHECKPOINT"
BATCH = 200
PLACE_KEPT = timedelta(days=3)  # longer than a stream keeps its changes
ROUNDS_MAX = 200  # of one batch: a round counts one change at least
ACTIONS_MAX = 90  # a transaction takes 100, and one change touches five items at most
SETTLED = frozenset({Status.READY, Status.IN_REVIEW, Status.NEEDS_INFO, Status.ESCALATED, Status.FAILED})
_COUNTED = frozenset({keys.TICKET.name, keys.SOLUTION.name, keys.REVIEW.name, keys.FEEDBACK.name})
_MEASURED = _COUNTED | {keys.DELIVERY.name}


class Counting:
    """A consumer of the change stream. `run_once` is a loop's turn; one thread at a time."""

    def __init__(
        self,
        table: Table,
        stream: ChangeStream,
        metrics: Metrics,
        on_answer: Callable[[Answered], None] = lambda _: None,
        consumer: str = CONSUMER,
        *,
        shards: int = 1,
    ) -> None:
        """`on_answer` hears of each answered ticket at least once, before it is counted.

        `shards` are those of the list of tickets (keys.py), which `rebuild` reads.

        A stream in several shards needs a consumer each: places are compared within one order only.
        """
        self._table = table
        self._stream = stream
        self._metrics = metrics
        self._on_answer = on_answer
        self._consumer = consumer
        self._shards = shards
        self._place = keys.INSIGHT.key(tenant=SERVICE, kind=CHECKPOINT, period=consumer)

    def run_once(self) -> int:
        """Count one batch; how many changes it had. Raises StorageFailed."""
        changes = self._stream.read(self._consumer, BATCH)
        if not changes:
            return 0
        done = self._checkpoint(self._place)
        fresh = [c for c in changes if c.sequence > done and _counts(c)]
        counted = self._count(fresh, _move(self._place, done))
        if counted < len(fresh):
            if counted:
                self._stream.acknowledge(self._consumer, fresh[counted - 1])
            return counted
        self._stream.acknowledge(self._consumer, changes[-1])
        return len(changes)

    def apply(self, changes: Sequence[Change]) -> None:
        """Count these changes, each of them once however often it is delivered: for a stream in shards.

        Only the changes of one partition key come in one order there, so each partition key has a place of its own,
        kept for as long as its changes may come again. Raises StorageFailed.
        """
        by_partition: dict[str, list[Change]] = {}
        for change in filter(_counts, changes):
            by_partition.setdefault(change.key.pk, []).append(change)
        for partition, several in by_partition.items():
            place = keys.INSIGHT.key(tenant=SERVICE, kind=CHECKPOINT, period=f"{self._consumer} {partition}")
            self._apply_in_order(place, several)

    def _apply_in_order(self, place: Key, changes: Sequence[Change]) -> None:
        ends = int((changes[-1].at + PLACE_KEPT).timestamp())
        for _ in range(ROUNDS_MAX):
            done = self._checkpoint(place)
            fresh = [change for change in changes if change.sequence > done]
            if not fresh:
                return
            self._count(fresh, _move(place, done, {EXPIRES_AT: ends}))
        raise Conflict(f"Others count the changes of {changes[0].key.pk} at the same time. Try again.")

    def rebuild(self, tenant_ids: Iterable[str]) -> int:
        """Count everything that is stored anew, replacing the figures; how many tickets there were.

        For a process of its own while nothing else writes. Times of day of what changed its status more than
        once are those of the last change.
        """
        while self.run_once():
            pass
        return sum(self._rebuild(tenant_id) for tenant_id in tenant_ids)

    def _count(self, fresh: Sequence[Change], move: Callable[[str], Update]) -> int:
        """Write as many changes as fit one transaction; how many. None when another process was quicker."""
        tally = Tally(self._table)
        counted = 0
        while counted < len(fresh) and tally.size < ACTIONS_MAX:
            tally.add(fresh[counted])
            counted += 1
        if not counted:
            return 0
        for answer in tally.answers:
            self._on_answer(answer)
        try:
            self._table.transact_write([move(fresh[counted - 1].sequence), *tally.actions()])
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

    def _checkpoint(self, place: Key) -> str:
        item = self._table.get(place)
        return "" if item is None else str(item.get("sequence", ""))

    def _rebuild(self, tenant_id: str) -> int:
        tally = Tally(self._table, anew=True)
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
        for shard in range(self._shards):
            cards = keys.TICKETS_BY_CREATION.query(tenant=tenant_id, shard=shard, limit=200)
            for card in self._all(cards):
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


def _move(place: Key, before: str, more: Mapping[str, Value] | None = None) -> Callable[[str], Update]:
    """What moves a place forward, unless somebody else has moved it meanwhile."""
    condition: Condition = Equals("sequence", before) if before else NotExists("sequence")

    def to(sequence: str) -> Update:
        return Update(place, Changes(set={"sequence": sequence, **(more or {})}), condition)

    return to


def _counts(change: Change) -> bool:
    """Whether the figures change with it: a removal by time, or our own writing, changes nothing."""
    return (
        change.kind is not ChangeKind.REMOVE
        and change.new is not None
        and change.new.get("entity") in _MEASURED
    )


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
