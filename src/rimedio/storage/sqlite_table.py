"""The table in SQLite: one row an item, its index keys in columns, a change row beside every write.

`SqliteTable(Database(None), clock)` is the fake for tests: the same code in memory.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from sqlite3 import Connection

import orjson

from rimedio.domain.clock import Clock
from rimedio.domain.errors import ConditionFailed, InvalidInput
from rimedio.storage import cursor as cursors
from rimedio.storage.conditions import Condition, describe, holds
from rimedio.storage.database import Database
from rimedio.storage.streams import ChangeKind
from rimedio.storage.table import (
    BATCH_MAX,
    EXPIRES_AT,
    TRANSACTION_BYTES_MAX,
    Action,
    Changes,
    Check,
    Delete,
    Index,
    Key,
    Page,
    Put,
    Query,
    SortAbove,
    SortBeginsWith,
    SortBelow,
    SortBetween,
    SortEquals,
    Update,
    check_system_attributes,
    check_transaction,
    checked_key,
    checked_query,
    fingerprint,
    key_of,
)
from rimedio.storage.values import BYTES_MARK, Item, Value, added, canonical_item

ROOM = "table"
MIGRATIONS = (
    """
    CREATE TABLE item (
      pk TEXT NOT NULL, sk TEXT NOT NULL, body BLOB NOT NULL, expires_at INTEGER,
      gsi1pk TEXT, gsi1sk TEXT, gsi2pk TEXT, gsi2sk TEXT
    );
    CREATE UNIQUE INDEX item_key ON item (pk, sk);
    CREATE INDEX item_gsi1 ON item (gsi1pk, gsi1sk, pk, sk) WHERE gsi1pk IS NOT NULL;
    CREATE INDEX item_gsi2 ON item (gsi2pk, gsi2sk, pk, sk) WHERE gsi2pk IS NOT NULL;
    CREATE INDEX item_expires ON item (expires_at) WHERE expires_at IS NOT NULL;
    CREATE TABLE item_change (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL,
      pk TEXT NOT NULL, sk TEXT NOT NULL, old BLOB, new BLOB, expired INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE stream_checkpoint (consumer TEXT PRIMARY KEY, sequence INTEGER NOT NULL);
    """,
)

_SELECT = "SELECT body, expires_at FROM item WHERE pk = ? AND sk = ?"
_UPSERT = (
    "INSERT INTO item (pk, sk, body, expires_at, gsi1pk, gsi1sk, gsi2pk, gsi2sk) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (pk, sk) DO UPDATE SET body = excluded.body, expires_at = excluded.expires_at, "
    "gsi1pk = excluded.gsi1pk, gsi1sk = excluded.gsi1sk, gsi2pk = excluded.gsi2pk, gsi2sk = excluded.gsi2sk"
)
_CHANGE = "INSERT INTO item_change (at, kind, pk, sk, old, new, expired) VALUES (?, ?, ?, ?, ?, ?, ?)"
_VISIBLE = "(expires_at IS NULL OR expires_at > ?)"
_BYTES_MARK_JSON = orjson.dumps(BYTES_MARK)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What stands in the file for a key:

    `item` is None when it is absent or expired, `body` when it is absent.
    """

    body: bytes | None
    item: Item | None


class SqliteTable:
    """A `Table` over one database file."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        database.migrate(ROOM, MIGRATIONS)

    def get(self, key: Key) -> Item | None:
        rows = self._database.rows(_SELECT, checked_key(*key))
        if not rows or (rows[0][1] is not None and rows[0][1] <= self._seconds()):
            return None
        return decode(rows[0][0])

    def put(self, item: Item, condition: Condition | None = None) -> None:
        self._run((Put(item, condition),), (key_of(item),))

    def update(self, key: Key, changes: Changes, condition: Condition | None = None) -> Item:
        item = self._run((Update(key, changes, condition),), (checked_key(*key),))[0][1]
        if item is None:
            raise AssertionError("an update always leaves an item")
        return item

    def delete(self, key: Key, condition: Condition | None = None) -> Item | None:
        return self._run((Delete(key, condition),), (checked_key(*key),))[0][0]

    def transact_write(self, actions: Sequence[Action]) -> None:
        self._run(actions, check_transaction(actions))

    def batch_get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        if len(keys) > BATCH_MAX:
            raise InvalidInput(f"{len(keys)} items were asked for at once; ask for at most {BATCH_MAX}.")
        found = ((key, self.get(key)) for key in dict.fromkeys(keys))
        return {key: item for key, item in found if item is not None}

    def query(self, query: Query) -> Page:
        columns = ("sk",) if query.index is None else (query.index.attributes[1], "pk", "sk")
        partition = "pk" if query.index is None else query.index.attributes[0]
        checked_query(query)
        where, values = _sort_clause(query, columns[0])
        clauses = [f"{partition} = ?", _VISIBLE, *where]
        arguments: list[object] = [query.partition, self._seconds(), *values]
        if query.cursor is not None:
            position = cursors.unseal(query.cursor, fingerprint(query), len(columns))
            clauses.append(_after(columns, query.reverse))
            arguments += position
        direction = "DESC" if query.reverse else "ASC"
        ordering = ", ".join(f"{column} {direction}" for column in columns)
        sql = (
            f"SELECT body, {', '.join(columns)} FROM item WHERE {' AND '.join(clauses)} "  # noqa: S608 - fixed names
            f"ORDER BY {ordering} LIMIT ?"
        )
        rows = self._database.rows(sql, [*arguments, query.limit + 1])
        last = tuple(rows[query.limit - 1])[1:] if len(rows) > query.limit else None
        following = None if last is None else cursors.seal(last, fingerprint(query))
        return Page(tuple(decode(row[0]) for row in rows[: query.limit]), following)

    def query_many(self, queries: Sequence[Query]) -> Sequence[Page]:
        return [self.query(query) for query in queries]

    def purge_expired(self, limit: int = 1000) -> int:
        with self._database.transaction() as connection:
            expired = connection.execute(
                "SELECT pk, sk, body FROM item WHERE expires_at <= ? ORDER BY expires_at LIMIT ?",
                (self._seconds(), limit),
            ).fetchall()
            for pk, sk, body in expired:
                self._write(connection, Key(pk, sk), body, None, expired=True)
        return len(expired)

    def _run(
        self, actions: Sequence[Action], keys: Sequence[Key]
    ) -> Sequence[tuple[Item | None, Item | None]]:
        """Judge all conditions, then write:

        a refusal leaves nothing behind, even inside a larger transaction.
        """
        prepared = [canonical_item(a.item)[0] if isinstance(a, Put) else None for a in actions]
        with self._database.transaction() as connection:
            stored = [self._load(connection, key) for key in keys]
            _refuse_failed(actions, keys, [s.item for s in stored])
            results = [
                _result(action, key, found.item, plain)
                for action, key, found, plain in zip(actions, keys, stored, prepared, strict=True)
            ]
            bodies = [None if item is None else encode(item) for item in results]
            _check_total(bodies)
            for action, key, found, body, item in zip(actions, keys, stored, bodies, results, strict=True):
                if not isinstance(action, Check):
                    self._write(connection, key, found.body, item, body=body)
        return [(found.item, item) for found, item in zip(stored, results, strict=True)]

    def _load(self, connection: Connection, key: Key) -> _Stored:
        row = connection.execute(_SELECT, key).fetchone()
        if row is None:
            return _Stored(None, None)
        expired = row[1] is not None and row[1] <= self._seconds()
        return _Stored(row[0], None if expired else decode(row[0]))

    def _write(
        self,
        connection: Connection,
        key: Key,
        old: bytes | None,
        item: Item | None,
        *,
        body: bytes | None = None,
        expired: bool = False,
    ) -> None:
        if item is None:
            if old is None:
                return
            kind = ChangeKind.REMOVE
            connection.execute("DELETE FROM item WHERE pk = ? AND sk = ?", key)
        else:
            if old == body:
                return  # DynamoDB, too, streams nothing for a write that changes nothing
            kind = ChangeKind.INSERT if old is None else ChangeKind.MODIFY
            connection.execute(_UPSERT, (*key, body, item.get(EXPIRES_AT), *_index_keys(item)))
        at = int(self._clock.now().timestamp() * 1_000_000)
        connection.execute(_CHANGE, (at, kind, *key, old, body, expired))

    def _seconds(self) -> float:
        return self._clock.now().timestamp()


def encode(item: Item) -> bytes:
    """The item as JSON; bytes become a marked base64 text."""
    return orjson.dumps(item, default=_mark_bytes)


def decode(body: bytes) -> Item:
    """The item out of its JSON."""
    item: dict[str, Value] = orjson.loads(body)
    if _BYTES_MARK_JSON in body:
        return {name: _restore_bytes(value) for name, value in item.items()}
    return item


def _mark_bytes(value: object) -> object:
    if isinstance(value, bytes):
        return {BYTES_MARK: base64.b64encode(value).decode()}
    raise TypeError


def _restore_bytes(value: Value) -> Value:
    if isinstance(value, list):
        return [_restore_bytes(inner) for inner in value]
    if isinstance(value, dict):
        marked = value.get(BYTES_MARK)
        if isinstance(marked, str):
            return base64.b64decode(marked)
        return {name: _restore_bytes(inner) for name, inner in value.items()}
    return value


def _sort_clause(query: Query, column: str) -> tuple[list[str], list[str]]:  # noqa: PLR0911 - one return a kind
    match query.sort:
        case None:
            return [], []
        case SortEquals(value):
            return [f"{column} = ?"], [value]
        case SortBetween(low, high):
            return [f"{column} BETWEEN ? AND ?"], [low, high]
        case SortBelow(value, inclusive):
            return [f"{column} {'<=' if inclusive else '<'} ?"], [value]
        case SortAbove(value, inclusive):
            return [f"{column} {'>=' if inclusive else '>'} ?"], [value]
        case SortBeginsWith(prefix):
            end = _after_prefix(prefix)
            if end is None:
                return [f"{column} >= ?"], [prefix]
            return [f"{column} >= ?", f"{column} < ?"], [prefix, end]


def _after_prefix(prefix: str) -> str | None:
    """The least text above all that begin with `prefix`, in UTF-8 order; None when there is none."""
    stem = prefix.rstrip("\U0010ffff")
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if 0xD800 <= following <= 0xDFFF else following)


def _after(columns: tuple[str, ...], reverse: bool) -> str:
    marks = ", ".join("?" * len(columns))
    return f"({', '.join(columns)}) {'<' if reverse else '>'} ({marks})"


def _index_keys(item: Item) -> list[Value]:
    """The four index columns; both keys of an index or neither, for the indexes are sparse."""
    columns: list[Value] = []
    for index in Index:
        pair = [item.get(name) for name in index.attributes]
        columns += pair if None not in pair else [None, None]
    return columns


def _result(action: Action, key: Key, found: Item | None, plain: Item | None) -> Item | None:
    """The item as the action leaves it; None when it is gone."""
    if isinstance(action, Delete):
        return None
    if isinstance(action, Check):
        return found
    item = _changed(key, found, action.changes) if isinstance(action, Update) else plain
    if item is None:
        raise AssertionError("a put always carries its item")
    check_system_attributes(item)
    return item


def _changed(key: Key, found: Item | None, changes: Changes) -> Item:
    item: dict[str, Value] = dict(found) if found is not None else {"pk": key.pk, "sk": key.sk}
    item.update(changes.set)
    for name, step in changes.add.items():
        item[name] = added(item.get(name, 0), step, name)
    for name in changes.remove:
        item.pop(name, None)
    return canonical_item(item)[0]


def _refuse_failed(actions: Sequence[Action], keys: Sequence[Key], found: Sequence[Item | None]) -> None:
    failed = tuple(
        place
        for place, (action, item) in enumerate(zip(actions, found, strict=True))
        if action.condition is not None and not holds(action.condition, item)
    )
    if failed:
        which = "; ".join(f"{keys[p].pk} / {keys[p].sk}: {_reason(actions[p])}" for p in failed[:3])
        msg = f"The stored data is not in the expected state ({which}). Read it again, then decide."
        raise ConditionFailed(msg, failed)


def _reason(action: Action) -> str:
    return describe(action.condition) if action.condition is not None else "no condition"


def _check_total(bodies: Sequence[bytes | None]) -> None:
    total = sum(len(body) for body in bodies if body is not None)
    if total > TRANSACTION_BYTES_MAX:
        msg = f"The transaction writes {total} bytes; at most {TRANSACTION_BYTES_MAX} go together. Split it."
        raise InvalidInput(msg)
