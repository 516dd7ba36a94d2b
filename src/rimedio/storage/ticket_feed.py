"""Status changes of tickets in the order they happened, read from the change stream without a checkpoint.

A live view needs no promise of delivery: it begins wherever its reader stands, and never holds back `trim`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Row
from typing import Protocol

from rimedio.domain.ticket import Status
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import decode
from rimedio.storage.values import Item


@dataclass(frozen=True, slots=True)
class TicketMove:
    """A ticket came to stand in `status`; `sequence` grows from change to change."""

    sequence: int
    tenant_id: str
    ticket_id: str
    status: Status
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Moves:
    """Some moves, and the sequence up to which changes were looked at."""

    moves: Sequence[TicketMove]
    sequence: int


class TicketFeed(Protocol):
    """Reads moves of all tenants."""

    def newest(self) -> int:
        """The sequence at which reading begins now; 0 where nothing ever changed."""
        ...

    def since(self, sequence: int, limit: int = 500) -> Moves:
        """Moves behind `sequence`, as many as `limit` changes of any kind hold.

        The sequence it gives stays the same once everything was read, for moments at least.
        """
        ...


class SqliteTicketFeed:
    """A `TicketFeed` over the change rows of a `SqliteTable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self) -> int:
        rows = self._database.rows("SELECT coalesce(max(sequence), 0) FROM item_change")
        return int(rows[0][0])

    def since(self, sequence: int, limit: int = 500) -> Moves:
        rows = self._database.rows(
            "SELECT sequence, pk, sk, CASE WHEN sk = 'META' THEN old END AS old, "
            "CASE WHEN sk = 'META' THEN new END AS new FROM item_change WHERE sequence > ? "
            "ORDER BY sequence LIMIT ?",
            (sequence, limit),
        )
        moves = [
            move
            for row in rows
            if row["new"] is not None and "#TICKET#" in row["pk"] and (move := _move(row)) is not None
        ]
        return Moves(moves, int(rows[-1]["sequence"]) if rows else sequence)


def _move(row: Row) -> TicketMove | None:
    new = decode(row["new"])
    return move_of(int(row["sequence"]), None if row["old"] is None else decode(row["old"]), new)


def move_of(sequence: int, old: Item | None, new: Item | None) -> TicketMove | None:
    """The move that a write tells of; None when no ticket came to stand in another status."""
    if new is None or new.get("entity") != "ticket":
        return None
    if old is not None and old.get("status") == new.get("status"):
        return None
    return TicketMove(
        sequence=sequence,
        tenant_id=str(new["tenant_id"]),
        ticket_id=str(new["ticket_id"]),
        status=Status(str(new["status"])),
        updated_at=datetime.fromisoformat(str(new["updated_at"])),
    )
