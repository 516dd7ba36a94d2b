"""Requests that may come twice are done once: a record per tenant, operation and key.

A record is STARTED while an attempt works on it, and COMPLETED with its result afterwards. A failed attempt
takes its record away, and one that died is overtaken when its lease ends, so a failure never blocks the
retry. Records expire.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

import orjson

from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import ConditionFailed, Conflict
from rimedio.storage.conditions import And, AtMost, Equals, NotExists, Or
from rimedio.storage.keys import IDEMPOTENCY
from rimedio.storage.table import EXPIRES_AT, Key, Put, Table
from rimedio.storage.values import Item, Value

EXPIRES_AFTER = timedelta(hours=24)
LEASE = timedelta(minutes=2)
STARTED = "STARTED"
COMPLETED = "COMPLETED"


@dataclass(frozen=True, slots=True)
class Request:
    """What identifies a request: whose it is, what it does, the caller's key, and a hash of its content."""

    tenant_id: str
    scope: str  # the operation, such as "create-ticket"
    key: str
    payload_hash: str

    @property
    def item_key(self) -> Key:
        """Where its record lives.

        The caller's key is hashed: it may be long, and it is nobody else's business.
        """
        hashed = hashlib.sha256(self.key.encode(errors="backslashreplace")).hexdigest()
        return IDEMPOTENCY.key(tenant=self.tenant_id, scope=self.scope, key=hashed)


@dataclass(frozen=True, slots=True)
class Attempt:
    """The right to do the work of a request; `token` tells this attempt from a later one."""

    request: Request
    token: str


@dataclass(frozen=True, slots=True)
class Replay:
    """The request was completed before, with this result."""

    result: Value


class IdempotencyStore:
    """Begins, completes and gives up attempts."""

    def __init__(
        self,
        table: Table,
        clock: Clock,
        ids: Ids,
        *,
        expires_after: timedelta = EXPIRES_AFTER,
        lease: timedelta = LEASE,
    ) -> None:
        self._table = table
        self._clock = clock
        self._ids = ids
        self._expires_after = expires_after
        self._lease = lease

    def begin(self, request: Request) -> Attempt | Replay:
        """An attempt to work on, or the result of before.

        Raises Conflict when the key was used for another payload, or while another attempt is at work.
        """
        now = self._clock.now().timestamp()
        attempt = Attempt(request, self._ids.new("try"))
        item = self._record(request, STARTED) | {
            "token": attempt.token,
            "lease_until": now + self._lease.total_seconds(),
        }
        overtaken = And(
            (
                Equals("state", STARTED),
                Equals("payload_hash", request.payload_hash),
                AtMost("lease_until", now),
            )
        )
        try:
            self._table.put(item, Or((NotExists("pk"), overtaken)))
        except ConditionFailed:
            return self._replay(request)
        return attempt

    def complete(self, attempt: Attempt, result: Value) -> None:
        """Keep the result. Raises ConditionFailed when another attempt has taken over."""
        action = self.completion(attempt, result)
        self._table.put(action.item, action.condition)

    def completion(self, attempt: Attempt, result: Value) -> Put:
        """The same as an action, to be written in one transaction with the work itself."""
        item = self._record(attempt.request, COMPLETED) | {"result": result}
        return Put(item, Equals("token", attempt.token))

    def completed(self, request: Request, result: Value) -> Put:
        """A request whose whole work is one transaction: the action that makes it happen at most once."""
        return Put(self._record(request, COMPLETED) | {"result": result}, NotExists("pk"))

    def fail(self, attempt: Attempt) -> None:
        """Give up, so that the next attempt may start at once."""
        try:
            self._table.delete(attempt.request.item_key, Equals("token", attempt.token))
        except ConditionFailed:
            return  # overtaken or expired: the record is no longer ours to remove

    def find(self, request: Request) -> Replay | None:
        """The result of before, or None. Raises Conflict as `begin` does."""
        item = self._table.get(request.item_key)
        return None if item is None else _replay_of(item, request)

    def _replay(self, request: Request) -> Replay:
        found = self.find(request)
        if found is None:
            raise Conflict("The request before this one has just failed. Send it again.")
        return found

    def _record(self, request: Request, state: str) -> dict[str, Value]:
        expires = self._clock.now() + self._expires_after
        return {
            **request.item_key._asdict(),
            "entity": IDEMPOTENCY.name,
            "state": state,
            "payload_hash": request.payload_hash,
            EXPIRES_AT: int(expires.timestamp()),
        }


def hash_payload(payload: object) -> str:
    """SHA-256 of JSON with sorted keys: equal payloads, equal hash."""
    return hashlib.sha256(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _replay_of(item: Item, request: Request) -> Replay:
    if item["payload_hash"] != request.payload_hash:
        msg = (
            f"The idempotency key {request.key!r} was used for another request. Send a new key with this one."
        )
        raise Conflict(msg)
    if item["state"] != COMPLETED:
        msg = f"The request with idempotency key {request.key!r} is being worked on. Ask again in a moment."
        raise Conflict(msg)
    return Replay(item.get("result"))
