"""The table in DynamoDB: the port's promises on the service's own conditions, transactions and pages."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from random import SystemRandom

from rimedio.aws import Client
from rimedio.domain.clock import Clock
from rimedio.domain.errors import ConditionFailed, InvalidInput, StorageFailed, Throttled
from rimedio.storage import cursor as cursors
from rimedio.storage.conditions import Condition, describe
from rimedio.storage.dynamodb_calls import ATTEMPTS_MAX, DynamoDbCalls, Refused, Response
from rimedio.storage.dynamodb_requests import prepared, query_request
from rimedio.storage.dynamodb_values import attributes_of, item_of, key_attributes
from rimedio.storage.table import (
    BATCH_MAX,
    EXPIRES_AT,
    TRANSACTION_BYTES_MAX,
    Action,
    Changes,
    Delete,
    Key,
    Page,
    Put,
    Query,
    Update,
    check_transaction,
    checked_key,
    checked_query,
    fingerprint,
    key_of,
)
from rimedio.storage.values import Item

READERS = 8
_RANDOM = SystemRandom()  # the system's own: a seed in memory would be the same in every copy of a snapshot


class DynamoDbTable:
    """A `Table` over one DynamoDB table. `token` makes the tokens that let a repeated transaction count once."""

    def __init__(
        self,
        client: Client,
        name: str,
        clock: Clock,
        *,
        token: Callable[[], str] = lambda: uuid.uuid4().hex,
        jitter: Callable[[], float] = _RANDOM.random,
    ) -> None:
        self._calls = DynamoDbCalls(client, clock, jitter)
        self._name = name
        self._clock = clock
        self._token = token

    @cached_property
    def _readers(self) -> ThreadPoolExecutor:
        """Threads for lists in several shards: a shard more should cost no time."""
        return ThreadPoolExecutor(READERS, thread_name_prefix="shard")

    def get(self, key: Key) -> Item | None:
        return self._living(self._stored(checked_key(*key)))

    def put(self, item: Item, condition: Condition | None = None) -> None:
        self._write_one(Put(item, condition), key_of(item))

    def update(self, key: Key, changes: Changes, condition: Condition | None = None) -> Item:
        action, checked = Update(key, changes, condition), checked_key(*key)
        if not changes.add:
            return item_of(self._write_one(action, checked)["Attributes"])
        # A sum that is sent twice, since its first answer was lost, would be added twice: a transaction has a token.
        self._write_all((action,), (checked,))
        found = self._stored(checked)
        if found is None:
            raise StorageFailed(f"The item {key.pk} / {key.sk} was removed while it was changed. Try again.")
        return item_of(found)

    def delete(self, key: Key, condition: Condition | None = None) -> Item | None:
        answer = self._write_one(Delete(key, condition), checked_key(*key))
        return self._living(answer.get("Attributes"))

    def query(self, query: Query) -> Page:
        checked_query(query)
        columns = ("sk",) if query.index is None else (query.index.attributes[1], "pk", "sk")
        start = None
        if query.cursor is not None:
            position = cursors.unseal(query.cursor, fingerprint(query), len(columns))
            start = dict(zip(columns, position, strict=True))
            start |= {"pk" if query.index is None else query.index.attributes[0]: query.partition}
        items = self._read(query, start)
        last = (
            tuple(str(items[query.limit - 1][name]) for name in columns) if len(items) > query.limit else None
        )
        following = None if last is None else cursors.seal(last, fingerprint(query))
        return Page(tuple(items[: query.limit]), following)

    def query_many(self, queries: Sequence[Query]) -> Sequence[Page]:
        if len(queries) < 2:
            return [self.query(query) for query in queries]
        return list(self._readers.map(self.query, queries))

    def batch_get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        if len(keys) > BATCH_MAX:
            raise InvalidInput(f"{len(keys)} items were asked for at once; ask for at most {BATCH_MAX}.")
        wanted = [key_attributes(checked_key(*key)) for key in dict.fromkeys(keys)]
        found: dict[Key, Item] = {}
        attempt = 0
        while wanted:
            answer = self._calls.call(
                "batch_get_item", "reading items",
                RequestItems={self._name: {"Keys": wanted, "ConsistentRead": True}},
            )  # fmt: skip
            items = [self._living(raw) for raw in answer["Responses"].get(self._name, ())]
            found |= {key_of(item): item for item in items if item is not None}
            rest = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            attempt = 0 if len(rest) < len(wanted) else attempt + 1
            if attempt >= ATTEMPTS_MAX:
                raise Throttled(
                    f"Amazon DynamoDB left {len(rest)} items unread {attempt} times. Try again soon."
                )
            wanted = rest
            if wanted:
                self._calls.wait(attempt)
        return found

    def transact_write(self, actions: Sequence[Action]) -> None:
        self._write_all(actions, check_transaction(actions))

    def purge_expired(self, limit: int = 1000) -> int:
        return 0  # the service does this itself, some time within days

    def _stored(self, key: Key) -> Response | None:
        """The item as it lies there, its time up or not."""
        answer = self._calls.call(
            "get_item", "reading an item",
            TableName=self._name, Key=key_attributes(key), ConsistentRead=True,
        )  # fmt: skip
        found: Response | None = answer.get("Item")
        return found

    def _read(self, query: Query, start: Mapping[str, str] | None) -> list[Item]:
        """One item more than the limit, where there are as many.

        DynamoDB counts expired items, which its filter takes out, against its own limit: so several rounds.
        """
        request = query_request(self._name, query, self._seconds())
        if start is not None:
            request["ExclusiveStartKey"] = attributes_of(start)
        items: list[Item] = []
        while True:
            missing = query.limit + 1 - len(items)
            answer = self._calls.call("query", "reading a list", **request, Limit=missing)
            items += [item_of(raw) for raw in answer["Items"]]
            behind = answer.get("LastEvaluatedKey")
            if not behind or len(items) > query.limit:
                return items
            request["ExclusiveStartKey"] = behind

    def _write_one(self, action: Put | Update | Delete, key: Key) -> Response:
        """A write of one item; what it answers."""
        what = prepared(action, key)
        for _ in range(ATTEMPTS_MAX):
            try:
                operation, request = what.request(self._name, self._seconds())
                return {**what.answer(), **self._calls.call(operation, "writing an item", **request)}
            except Refused as refused:
                stored = refused.items.get(0)
                if refused.unsure and stored is not None and what.is_done(item_of(stored)):
                    return {"Attributes": stored}
                if not what.reconsider(stored, self._seconds()):
                    raise _refusal((action,), (key,), (0,)) from None
        raise Throttled(f"The item {key.pk} / {key.sk} is being written by many. Try again soon.")

    def _write_all(self, actions: Sequence[Action], keys: Sequence[Key]) -> None:
        several = [prepared(action, key) for action, key in zip(actions, keys, strict=True)]
        total = sum(what.size for what in several)
        if total > TRANSACTION_BYTES_MAX:
            msg = f"The transaction writes {total} bytes; at most {TRANSACTION_BYTES_MAX} go together. Split it."
            raise InvalidInput(msg)
        for _ in range(ATTEMPTS_MAX):
            now = self._seconds()
            try:
                self._calls.call(
                    "transact_write_items", "writing a transaction",
                    TransactItems=[what.in_transaction(self._name, now) for what in several],
                    ClientRequestToken=self._token(),
                )  # fmt: skip
                return
            except Refused as refused:
                failed = tuple(
                    p for p in refused.failed if not several[p].reconsider(refused.items.get(p), now)
                )
                if failed:
                    raise _refusal(actions, keys, failed) from None
        raise Throttled("The items of the transaction are being written by many. Try again soon.")

    def _living(self, raw: Response | None) -> Item | None:
        """The item; None when there is none, or its time is up."""
        if not raw:
            return None
        item = item_of(raw)
        expires = item.get(EXPIRES_AT)
        return None if isinstance(expires, int | float) and expires <= self._seconds() else item

    def _seconds(self) -> float:
        return self._clock.now().timestamp()


def _refusal(actions: Sequence[Action], keys: Sequence[Key], failed: tuple[int, ...]) -> ConditionFailed:
    def reason(place: int) -> str:
        condition = actions[place].condition
        return describe(condition) if condition is not None else "no condition"

    which = "; ".join(f"{keys[place].pk} / {keys[place].sk}: {reason(place)}" for place in failed[:3])
    msg = f"The stored data is not in the expected state ({which}). Read it again, then decide."
    return ConditionFailed(msg, failed)
