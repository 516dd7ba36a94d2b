"""Training rows out of people's corrections: one row a ticket and person, with where it comes from."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from rimedio.domain.errors import NotFound
from rimedio.learning.observations import Origin
from rimedio.storage import keys
from rimedio.storage.codec import from_item, to_attributes
from rimedio.storage.conditions import Equals
from rimedio.storage.fanout import query_shards
from rimedio.storage.keys import shard_of, stamp
from rimedio.storage.table import Table
from rimedio.storage.values import Value

PAGE = 200


class Ruling(StrEnum):
    """What a person decided about a row that was set aside."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """A text and the category a person gave it; `predicted` is what the champion had said. No personal data."""

    row_id: str
    tenant_id: str
    ticket_id: str
    text: str
    label: str
    predicted: str
    origin: Origin
    by: str
    at: datetime
    ruling: Ruling | None = None
    ruled_by: str | None = None

    @property
    def is_correction(self) -> bool:
        """Whether the person said something else than the champion."""
        return self.label != self.predicted


def row_id(ticket_id: str, by: str) -> str:
    """One row a ticket and person: who judges again replaces what was said before."""
    digest = hashlib.sha256("\0".join((ticket_id, by)).encode()).hexdigest()
    return f"row_{digest[:24]}"


class RowStore:
    """Keeps training rows. Every method may raise StorageFailed."""

    def __init__(self, table: Table, *, shards: int = 1) -> None:
        self._table = table
        self._shards = shards

    def add(self, row: TrainingRow) -> bool:
        """Write a row. False when it stands there already; another label replaces, and drops the ruling."""
        before = self.find(row.tenant_id, row.row_id)
        if before is not None and (before.label, before.text, before.origin) == (
            row.label,
            row.text,
            row.origin,
        ):
            return False
        self._table.put(self._item(row))
        return True

    def find(self, tenant_id: str, identifier: str) -> TrainingRow | None:
        """The row, or None."""
        item = self._table.get(keys.TRAINING_ROW.key(tenant=tenant_id, row=identifier))
        return None if item is None else from_item(TrainingRow, item)

    def rule(self, tenant_id: str, identifier: str, ruling: Ruling, by: str) -> TrainingRow:
        """Write a person's decision about a row. Raises NotFound, or ConditionFailed when it just changed."""
        before = self.find(tenant_id, identifier)
        if before is None:
            raise NotFound(f"There is no training row {identifier}. See `rimedio learn rows`.")
        after = replace(before, ruling=ruling, ruled_by=by)
        self._table.put(self._item(after), Equals("label", before.label))
        return after

    def all(self, tenant_id: str) -> Iterator[TrainingRow]:
        """Every row, oldest first."""
        cursor = None
        while True:
            queries = [
                keys.TRAINING_ROWS_BY_TIME.query(limit=PAGE, cursor=cursor, tenant=tenant_id, shard=n)
                for n in range(self._shards)
            ]
            page = query_shards(self._table, queries)
            yield from (from_item(TrainingRow, item) for item in page.items)
            cursor = page.cursor
            if cursor is None:
                return

    def _item(self, row: TrainingRow) -> dict[str, Value]:
        return to_attributes(row) | keys.TRAINING_ROW.attributes(
            tenant=row.tenant_id,
            row=row.row_id,
            created=stamp(row.at),
            shard=shard_of(row.row_id, self._shards),
        )
