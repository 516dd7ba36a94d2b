"""What the classifiers said of each live ticket, and what a person said later: shadow, drift and rows read it.

One item a ticket: the text as the champion was asked it (personal data out), its answer, the challenger's
answer beside it, and the truth once somebody has told it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from rimedio.domain.errors import ConditionFailed
from rimedio.storage import keys
from rimedio.storage.codec import from_item, to_attributes
from rimedio.storage.conditions import Equals
from rimedio.storage.fanout import query_shards
from rimedio.storage.keys import shard_of, stamp
from rimedio.storage.table import SortBetween, Table
from rimedio.storage.values import Value

TEXT_CHARS_MAX = 8000
PAGE = 200
ATTEMPTS_MAX = 5


class Origin(StrEnum):
    """Where a truth comes from, the strongest first."""

    REVIEW = "REVIEW"  # a reviewer named another category
    FEEDBACK = "FEEDBACK"  # feedback given for training named one
    APPROVAL = "APPROVAL"  # an answer was used as it is, and with it its category


@dataclass(frozen=True, slots=True)
class Guess:
    """A model's answer; confidence is a calibrated probability, 0..1."""

    version: str
    category: str  # "UNKNOWN" where no guess was likely enough
    confidence: float


@dataclass(frozen=True, slots=True)
class Truth:
    """What a person said the category is."""

    category: str
    by: str
    at: datetime
    origin: Origin


@dataclass(frozen=True, slots=True)
class Observation:
    """One classified ticket."""

    tenant_id: str
    ticket_id: str
    text: str
    at: datetime
    champion: Guess
    challenger: Guess | None = None
    truth: Truth | None = None
    revision: int = 1  # counts writes, for optimistic locking


class ObservationStore:
    """Keeps one observation a ticket. Every method may raise StorageFailed."""

    def __init__(self, table: Table, *, shards: int = 1) -> None:
        self._table = table
        self._shards = shards

    def note(self, observation: Observation) -> None:
        """Write what was said of a ticket; said again, the later word counts."""
        short = replace(observation, text=observation.text[:TEXT_CHARS_MAX])
        self._table.put(self._item(short))

    def find(self, tenant_id: str, ticket_id: str) -> Observation | None:
        """What was said of a ticket, or None."""
        item = self._table.get(keys.CLASSIFIED.key(tenant=tenant_id, ticket=ticket_id))
        return None if item is None else from_item(Observation, item)

    def tell(self, tenant_id: str, ticket_id: str, truth: Truth) -> bool:
        """Add the truth; False when the ticket was never classified or this is known already."""
        for _ in range(ATTEMPTS_MAX):
            before = self.find(tenant_id, ticket_id)
            if before is None or before.truth == truth:
                return False
            after = replace(before, truth=truth, revision=before.revision + 1)
            try:
                self._table.put(self._item(after), Equals("revision", before.revision))
            except ConditionFailed:
                continue
            return True
        return False

    def recent(
        self, tenant_id: str, *, since: datetime | None = None, limit: int = 1000
    ) -> Iterator[Observation]:
        """The newest `limit` observations, newest first; none older than `since`."""
        sort = None if since is None else SortBetween(stamp(since), "9~")
        cursor, left = None, limit
        while left > 0:
            queries = [
                keys.CLASSIFIED_BY_TIME.query(
                    sort=sort, reverse=True, limit=min(PAGE, left), cursor=cursor, tenant=tenant_id, shard=n
                )
                for n in range(self._shards)
            ]
            page = query_shards(self._table, queries)
            yield from (from_item(Observation, item) for item in page.items)
            left -= len(page.items)
            cursor = page.cursor
            if cursor is None:
                return

    def _item(self, seen: Observation) -> dict[str, Value]:
        return to_attributes(seen) | keys.CLASSIFIED.attributes(
            tenant=seen.tenant_id,
            ticket=seen.ticket_id,
            created=stamp(seen.at),
            shard=shard_of(seen.ticket_id, self._shards),
        )
