"""Deliveries on AWS: what they are stands in the table, when they are due is up to a queue of SQS.

A delivery is an item under its event: which rule and target, how many attempts failed, whether it is done or dead.
Its message in the queue holds only that item's name. So a message that comes twice, or is lost on the way back,
decides nothing: whoever takes it claims the item for a while, and finds it claimed, done, or gone.
"""

import hashlib
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import orjson

from rimedio.domain.clock import Clock
from rimedio.domain.errors import ConditionFailed, NotFound
from rimedio.events.bus import DeadLetter, DeadLetterPage, Reason, Target
from rimedio.events.delivery_queue import DIRECT, ERROR_CHARS_MAX, Invocation
from rimedio.events.event import Event, event_from, parse_time
from rimedio.events.rule_json import target_from_json, target_to_json
from rimedio.events.sqs_queue import Message, Outgoing, SqsQueue
from rimedio.events.table_rules import TableRules
from rimedio.storage import keys
from rimedio.storage.conditions import And, AtMost, Equals, Exists, NotExists, Or
from rimedio.storage.keys import stamp
from rimedio.storage.table import EXPIRES_AT, Changes, Key, SortBelow, Table
from rimedio.storage.values import Item, Value

SHARD = 0
KEPT = timedelta(days=14)  # as long as SQS keeps a message at most
LEASE = timedelta(minutes=15)  # as long as a function runs at most
PENDING, DONE, DEAD = "PENDING", "DONE", "DEAD"
OF_THE_DEAD = ("gsi1pk", "gsi1sk", "reason", "error", "last_at")
PREFIX = "dead_"
_NAME_CHARS = 16
DISPATCH = "dispatch"  # what a message of this queue is known by


class SqsDeliveries:
    """A `DeliveryQueue` of which one process holds what it has claimed. Thread-safe."""

    def __init__(self, queue: SqsQueue, table: Table, rules: TableRules, clock: Clock) -> None:
        self._queue = queue
        self._table = table
        self._rules = rules
        self._clock = clock
        self._lock = threading.Lock()
        self._claimed: dict[str, tuple[Key, Message]] = {}
        self._put_off: set[str] = set()  # messages that must stay in the queue

    # -- in

    def add(self, event: Event, rule: tuple[str, str], targets: Iterable[Target]) -> int:
        """Write the deliveries of an event for a rule (tenant, name) and wake whoever delivers; how many."""
        names = [self._write(event, rule, target) for target in targets]
        messages = [Outgoing(_message(event, name)) for name in names if name]
        if messages:
            self._queue.send(messages)
        return len(messages)

    def add_again(self, event: Event, target: Target) -> None:
        """Deliver to one target once more, also what was delivered before."""
        name = _name_of(event, (event.account, DIRECT), target)
        over = Or((NotExists("pk"), Equals("state", DONE), Equals("state", DEAD)))
        with suppress(ConditionFailed):  # it is still on its way: a message more does no harm
            self._table.put(self._item(event, (event.account, DIRECT), target), over)
        self._queue.send((Outgoing(_message(event, name)),))

    def _write(self, event: Event, rule: tuple[str, str], target: Target) -> str | None:
        """The delivery's name; None when it was made before and is no longer pending."""
        name = _name_of(event, rule, target)
        try:
            self._table.put(self._item(event, rule, target), NotExists("pk"))
        except ConditionFailed:
            known = self._table.get(_key(event.account, event.id, name))
            return name if known is not None and known["state"] == PENDING else None
        return name

    def _item(self, event: Event, rule: tuple[str, str], target: Target) -> dict[str, Value]:
        now = self._clock.now()
        name = _name_of(event, rule, target)
        return keys.DISPATCH.attributes(tenant=event.account, event=event.id, dispatch=name) | {
            "tenant_id": event.account,
            "event_id": event.id,
            "body": event.as_json().decode(),
            "rule_tenant": rule[0],
            "rule": rule[1],
            "target": orjson.dumps(target_to_json(target)).decode(),
            "state": PENDING,
            "attempts": 0,
            "created_at": now.isoformat(),
            "due_at": now.timestamp(),
            EXPIRES_AT: int((now + KEPT).timestamp()),
        }

    # -- out

    def take(self, message: Message) -> Invocation | None:
        """The delivery that a message names, claimed; None when there is nothing to do now.

        The message is dealt with then: gone where the delivery is over, put off where it is not due yet.
        """
        named = _named(message)
        item = None if named is None else self._table.get(named.key)
        if named is None or item is None or not self._open(named, item):
            self._queue.delete((message,))
            return None
        seconds = self._seconds_to_wait(named, item)
        if seconds > 0 or not self._lease(named, item):
            self._leave(message, seconds or LEASE.total_seconds())
            return None
        invocation = _invocation(item)
        if named.again:
            invocation = replace(invocation, attempts=0, created_at=self._clock.now())
        with self._lock:
            self._claimed[invocation.invocation_id] = named.key, message
        return invocation

    def _open(self, named: "_Named", item: Item) -> bool:
        """Whether there is still something to deliver. What waits for a rule that is gone is dropped."""
        if item["state"] == DEAD:
            return named.again is not None and named.again == item.get("last_at")
        if item["state"] != PENDING:
            return False
        rule = str(item["rule"])
        if rule == DIRECT or self._rules.known(str(item["rule_tenant"]), rule):
            return True
        self._table.delete(named.key)
        return False

    def _seconds_to_wait(self, named: "_Named", item: Item) -> float:
        times = [item.get("lease_until", 0)] + ([] if named.again else [item["due_at"]])
        return max(float(str(at)) for at in times) - self._clock.now().timestamp()

    def _lease(self, named: "_Named", item: Item) -> bool:
        """Claim it; False when somebody was quicker."""
        now = self._clock.now()
        values: dict[str, Value] = {"lease_until": now.timestamp() + LEASE.total_seconds()}
        gone: tuple[str, ...] = ()
        if named.again:
            values |= {"state": PENDING, "attempts": 0, "created_at": now.isoformat()}
            values["due_at"] = now.timestamp()
            gone = OF_THE_DEAD
        free = Or((NotExists("lease_until"), AtMost("lease_until", now.timestamp())))
        try:
            self._table.update(
                named.key, Changes(set=values, remove=gone), And((Equals("state", item["state"]), free))
            )
        except ConditionFailed:
            return False
        return True

    def done(self, invocation: Invocation) -> None:
        key, message = self._let_go(invocation)
        self._change(key, Changes(set={"state": DONE}, remove=("lease_until", "body", "target")))
        self._queue.delete((message,))

    def retry(self, invocation: Invocation, due_at: datetime, *, counted: bool = True) -> None:
        key, message = self._let_go(invocation)
        changes = Changes(
            set={"due_at": due_at.timestamp()}, add={"attempts": int(counted)}, remove=("lease_until",)
        )
        self._change(key, changes)
        self._leave(message, (due_at - self._clock.now()).total_seconds())

    def bury(self, invocation: Invocation, reason: Reason, error: str) -> None:
        key, message = self._let_go(invocation)
        now = self._clock.now()
        placed = keys.DISPATCH.attributes(
            tenant=invocation.tenant_id,
            event=invocation.event.id,
            dispatch=_name(key),
            shard=SHARD,
            last=stamp(now),
        )
        index = {name: placed[name] for name in ("gsi1pk", "gsi1sk")}
        told = {
            "state": DEAD,
            "reason": reason.value,
            "error": error[:ERROR_CHARS_MAX],
            "attempts": invocation.attempts + 1,
            "last_at": now.isoformat(),
            EXPIRES_AT: int((now + KEPT).timestamp()),
        }
        self._change(key, Changes(set=index | told, remove=("lease_until",)))
        self._queue.delete((message,))

    def release(self, invocation: Invocation) -> None:
        with self._lock:
            claimed = self._claimed.pop(invocation.invocation_id, None)
        if claimed is None:  # it was let go before something else failed
            return
        key, message = claimed
        self._change(key, Changes(remove=("lease_until",)))
        self._leave(message, 0)

    def put_off(self) -> frozenset[str]:
        """Ids of the messages that were left in the queue since this was asked last."""
        with self._lock:
            found, self._put_off = frozenset(self._put_off), set()
        return found

    def _change(self, key: Key, changes: Changes) -> None:
        """Change a delivery that is still there. One whose rule was removed meanwhile was dropped, and stays so."""
        with suppress(ConditionFailed):  # a change of what is gone would make an item of a few attributes
            self._table.update(key, changes, Exists("pk"))

    def _let_go(self, invocation: Invocation) -> tuple[Key, Message]:
        with self._lock:
            return self._claimed.pop(invocation.invocation_id)

    def _leave(self, message: Message, seconds: float) -> None:
        with self._lock:
            self._put_off.add(message.message_id)
        self._queue.put_off(message, seconds)

    # -- dead letters

    def dead_letters(self, tenant_id: str, *, limit: int = 25, cursor: str | None = None) -> DeadLetterPage:
        query = keys.DEAD_LETTERS_BY_TIME.query(
            tenant=tenant_id, shard=SHARD, sort=SortBelow("~"), reverse=True, limit=limit, cursor=cursor
        )
        page = self._table.query(query)
        return DeadLetterPage(tuple(map(_dead_letter, page.items)), page.cursor)

    def redrive(self, tenant_id: str, dead_letter_id: str) -> DeadLetter:
        event, _, name = dead_letter_id.removeprefix(PREFIX).rpartition("_")
        key = _key(tenant_id, event or "-", name or "-")
        item = self._table.get(key)
        if item is None or item["state"] != DEAD or "gsi1pk" not in item:
            raise NotFound(f"There is no dead letter {dead_letter_id}. List them to see their ids.")
        letter, last = _dead_letter(item), str(item["last_at"])
        self._queue.send((Outgoing(_message(letter.event, name, again=last)),))
        with suppress(ConditionFailed):  # it was taken already
            self._table.update(key, Changes(remove=("gsi1pk", "gsi1sk")), Equals("last_at", last))
        return letter

    def trim(self, dead_letters_kept: timedelta, most: int) -> int:
        """Nothing: a delivery ends by its own time."""
        return 0


def is_dispatch(body: object) -> bool:
    """Whether a message of the queue names a delivery; else it brings an event."""
    return isinstance(body, dict) and DISPATCH in body


def _name_of(event: Event, rule: tuple[str, str], target: Target) -> str:
    parts = "\x1f".join((*rule, target.id, target.address, event.replay_name or ""))
    return hashlib.sha256(parts.encode()).hexdigest()[:_NAME_CHARS]


def _message(event: Event, name: str, *, again: str | None = None) -> str:
    found = {"tenant": event.account, "event": event.id, "name": name}
    return orjson.dumps({DISPATCH: found | ({"again": again} if again else {})}).decode()


def _key(tenant_id: str, event_id: str, name: str) -> Key:
    return keys.DISPATCH.key(tenant=tenant_id, event=event_id, dispatch=name)


@dataclass(frozen=True, slots=True)
class _Named:
    """What a message says: which delivery, and for a dead letter that is sent again, when it died."""

    key: Key
    again: str | None


def _named(message: Message) -> _Named | None:
    """None for a message that nobody here has written."""
    try:
        found = orjson.loads(message.body)[DISPATCH]
        key = _key(str(found["tenant"]), str(found["event"]), str(found["name"]))
    except (KeyError, TypeError, ValueError):
        return None
    again = found.get("again")
    return _Named(key, again if isinstance(again, str) else None)


def _name(key: Key) -> str:
    return key.sk.partition("#")[2]


def _event(item: Item) -> Event:
    return event_from(orjson.loads(str(item["body"])))


def _invocation(item: Item) -> Invocation:
    created = parse_time(str(item["created_at"]))
    return Invocation(
        f"{item['event_id']!s}/{item['sk']!s}",
        _event(item),
        str(item["tenant_id"]),
        str(item["rule_tenant"]),
        str(item["rule"]),
        target_from_json(orjson.loads(str(item["target"]))),
        int(str(item["attempts"])),
        created,
        created,
    )


def _dead_letter(item: Item) -> DeadLetter:
    invocation = _invocation(item)
    return DeadLetter(
        f"{PREFIX}{item['event_id']!s}_{_name(Key(str(item['pk']), str(item['sk'])))}",
        invocation.tenant_id,
        invocation.event,
        invocation.rule,
        invocation.target,
        Reason(str(item["reason"])),
        invocation.attempts,
        str(item["error"]),
        invocation.created_at,
        parse_time(str(item["last_at"])),
    )
