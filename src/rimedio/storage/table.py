"""The table: one port over SQLite and DynamoDB, a small and honest subset of what DynamoDB does.

Promises that every adapter keeps (tests/contract/storage):

- An item has a partition key `pk` and a sort key `sk`; `gsi1pk`/`gsi1sk` and `gsi2pk`/`gsi2sk` put it into
  two sparse indexes. Partitions hold items in the order of the UTF-8 bytes of the sort key.
- `get`, `batch_get` and queries on the table see every earlier write. Queries on an index may lag behind
  for moments (DynamoDB's are eventually consistent); items with equal index keys come in no promised order,
  each of them once.
- A write is atomic, and so is `transact_write`. A condition is judged together with the write. A query that runs
  meanwhile may see some items of a transaction before, others after it.
- `expires_at` (epoch seconds) ends an item's life: from that second on it counts as absent everywhere, in
  reads as in conditions, whenever it is physically removed.
- Every write appears once in the change stream (streams.py), in the order of writes for one item.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeAlias

from rimedio.domain.errors import InvalidInput
from rimedio.storage.conditions import Condition
from rimedio.storage.values import Item, Number, Value, utf8_size

PK_BYTES_MAX = 2048
SK_BYTES_MAX = 1024
QUERY_LIMIT_MAX = 1001  # a thousand, and one to see whether more follow
BATCH_MAX = 100
TRANSACTION_MAX = 100
TRANSACTION_BYTES_MAX = 4 * 1024 * 1024
EXPIRES_AT = "expires_at"


class Key(NamedTuple):
    """Where an item lives."""

    pk: str
    sk: str


class Index(StrEnum):
    """The two secondary indexes; the value is the prefix of their key attributes."""

    GSI1 = "gsi1"
    GSI2 = "gsi2"

    @property
    def attributes(self) -> tuple[str, str]:
        """Names of the partition and sort key attributes."""
        return f"{self.value}pk", f"{self.value}sk"


@dataclass(frozen=True, slots=True)
class SortEquals:
    """Sort key is this."""

    value: str


@dataclass(frozen=True, slots=True)
class SortBeginsWith:
    """Sort key begins with this; not empty."""

    prefix: str

    def __post_init__(self) -> None:
        if not self.prefix:
            raise InvalidInput("SortBeginsWith has an empty prefix. Leave the sort condition out instead.")


@dataclass(frozen=True, slots=True)
class SortBetween:
    """Sort key lies between the two, both included."""

    low: str
    high: str

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise InvalidInput(
                f"SortBetween runs from {self.low!r} to {self.high!r}; give the lower one first."
            )


@dataclass(frozen=True, slots=True)
class SortBelow:
    """Sort key is less than the value, or equal when `inclusive`."""

    value: str
    inclusive: bool = False


@dataclass(frozen=True, slots=True)
class SortAbove:
    """Sort key is greater than the value, or equal when `inclusive`."""

    value: str
    inclusive: bool = False


SortCondition: TypeAlias = SortEquals | SortBeginsWith | SortBetween | SortBelow | SortAbove


@dataclass(frozen=True, slots=True)
class Query:
    """One partition of the table or of an index, in order of the sort key.

    `cursor` comes from the page before and fits this very query only (limit aside); another one is refused.
    """

    partition: str
    sort: SortCondition | None = None
    index: Index | None = None
    reverse: bool = False
    limit: int = 50
    cursor: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= QUERY_LIMIT_MAX:
            raise InvalidInput(
                f"The limit {self.limit} is not allowed; ask for 1 to {QUERY_LIMIT_MAX} items."
            )


@dataclass(frozen=True, slots=True)
class Page:
    """What a query found: `limit` items, or fewer when it is the last page and `cursor` is None."""

    items: tuple[Item, ...]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What an update does to top-level attributes: set them, add to numbers, remove them. None twice."""

    set: Mapping[str, Value] = field(default_factory=dict)
    add: Mapping[str, Number] = field(default_factory=dict)
    remove: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [*self.set, *self.add, *self.remove]
        if not names or len(set(names)) < len(names):
            raise InvalidInput(f"An update must touch at least one attribute, and each once; got {names}.")
        if fixed := {"pk", "sk"} & {*names}:
            raise InvalidInput(
                f"An update cannot change {sorted(fixed)}. Put a new item and delete the old one."
            )


@dataclass(frozen=True, slots=True)
class Put:
    """Write the item, replacing one with the same key."""

    item: Item
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Change attributes of an item, or make it when it is absent."""

    key: Key
    changes: Changes
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an item; nothing happens when it is absent."""

    key: Key
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """Change nothing, but let the transaction fail unless the condition holds."""

    key: Key
    condition: Condition


Action: TypeAlias = Put | Update | Delete | Check


class Table(Protocol):
    """A key-value table. All methods raise InvalidInput for what no adapter could store, StorageFailed when
    the store itself fails, Unavailable (Throttled) when it may answer the same call later."""

    def get(self, key: Key) -> Item | None:
        """The item, or None."""
        ...

    def put(self, item: Item, condition: Condition | None = None) -> None:
        """Write an item (`pk` and `sk` among its attributes).

        Raises ConditionFailed; then nothing is written.
        """
        ...

    def update(self, key: Key, changes: Changes, condition: Condition | None = None) -> Item:
        """Change attributes;

        an absent item is made. Returns the item as it is now. Raises ConditionFailed.
        """
        ...

    def delete(self, key: Key, condition: Condition | None = None) -> Item | None:
        """Remove an item and return what it was; None when it was absent. Raises ConditionFailed."""
        ...

    def query(self, query: Query) -> Page:
        """One page of a partition. Raises InvalidInput for a cursor that belongs to another query."""
        ...

    def query_many(self, queries: Sequence[Query]) -> Sequence[Page]:
        """One page of each query, in their order; side by side where that is quicker."""
        ...

    def batch_get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """Those of up to 100 items that exist."""
        ...

    def transact_write(self, actions: Sequence[Action]) -> None:
        """All of up to 100 actions (4 MB) or none; two on one item are refused.

        Raises ConditionFailed whose `failed` names the positions of all actions whose condition did not hold.
        """
        ...

    def purge_expired(self, limit: int = 1000) -> int:
        """Remove up to `limit` expired items; how many. 0 where the service does this itself."""
        ...


def checked_key(pk: object, sk: object, names: str = "pk/sk") -> Key:
    """A key that both homes accept. Raises InvalidInput when it is empty, too long or no text."""
    for part, limit in ((pk, PK_BYTES_MAX), (sk, SK_BYTES_MAX)):
        if not isinstance(part, str) or not part:
            raise InvalidInput(f"The key {names} = {pk!r} / {sk!r} is not two non-empty texts.")
        if (len(part) if part.isascii() else utf8_size(part, names)) > limit:
            raise InvalidInput(f"The key {names} starting {part[:60]!r} is longer than {limit} bytes.")
    return Key(str(pk), str(sk))


def key_of(item: Item) -> Key:
    """The key among an item's attributes. Raises InvalidInput when it is missing."""
    return checked_key(item.get("pk"), item.get("sk"))


def checked_query(query: Query) -> None:
    """Refuse a query that DynamoDB would: keys in it are not empty and not longer than keys can be."""
    if not query.partition:
        raise InvalidInput("The partition of a query is empty. Name one.")
    match query.sort:
        case None:
            sorts: tuple[str, ...] = ()
        case SortBetween(low, high):
            sorts = low, high
        case SortBeginsWith(prefix):
            sorts = (prefix,)
        case SortEquals(value) | SortBelow(value) | SortAbove(value):
            sorts = (value,)
    for sort in sorts or ("-",):
        checked_key(query.partition, sort, "of the query")


def fingerprint(query: Query) -> str:
    """What a cursor is bound to: everything of a query but its limit and cursor."""
    return repr((query.index and query.index.value, query.partition, query.sort, query.reverse))


def check_system_attributes(item: Item) -> None:
    """Refuse index keys that are no text and an `expires_at` that is no whole number of seconds."""
    for index in Index:
        for name in index.attributes:
            if name in item:
                checked_key("-", item[name], name) if name.endswith("sk") else checked_key(
                    item[name], "-", name
                )
    expires = item.get(EXPIRES_AT, 0)
    if isinstance(expires, bool) or not isinstance(expires, int):
        raise InvalidInput(f"{EXPIRES_AT} is {expires!r}; it must be whole epoch seconds.")


def check_transaction(actions: Sequence[Action]) -> tuple[Key, ...]:
    """The keys of a transaction's actions. Raises InvalidInput when there are too many or one comes twice."""
    if not 1 <= len(actions) <= TRANSACTION_MAX:
        raise InvalidInput(f"A transaction has {len(actions)} actions; give 1 to {TRANSACTION_MAX}.")
    keys = tuple(key_of(a.item) if isinstance(a, Put) else checked_key(*a.key) for a in actions)
    seen: set[Key] = set()
    for key in keys:
        if key in seen:
            raise InvalidInput(f"A transaction touches {key.pk} / {key.sk} twice. Join the two actions.")
        seen.add(key)
    return keys
