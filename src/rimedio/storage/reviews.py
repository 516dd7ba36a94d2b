"""Reviews of solutions, and the notes of escalations: what people decide about a ticket."""

from dataclasses import dataclass

from rimedio.domain.investigation import InvestigationNotes
from rimedio.domain.review import Review
from rimedio.storage import keys
from rimedio.storage.codec import from_item, to_attributes
from rimedio.storage.conditions import NotExists
from rimedio.storage.fanout import query_shards
from rimedio.storage.keys import shard_of, stamp
from rimedio.storage.table import Put, Table

REVIEWS_MAX = 1000  # of one ticket: one for each of its solutions


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Some reviews, and the cursor of the next page; None at the end."""

    reviews: tuple[Review, ...]
    cursor: str | None = None


class ReviewStore:
    """Finds reviews and notes; writing goes along with the ticket's own change. May raise StorageFailed."""

    def __init__(self, table: Table, *, shards: int = 1) -> None:
        self._table = table
        self._shards = shards

    def put(self, review: Review) -> Put:
        """The action that stores a review; refused when its solution was reviewed before."""
        item = to_attributes(review) | keys.REVIEW.attributes(
            tenant=review.tenant_id,
            ticket=review.ticket_id,
            solution=review.solution_id,
            review=review.review_id,
            created=stamp(review.at),
            shard=shard_of(review.review_id, self._shards),
        )
        return Put(item, NotExists("pk"))

    def of_solution(self, tenant_id: str, ticket_id: str, solution_id: str) -> Review | None:
        """The review of a solution, or None."""
        key = keys.REVIEW.key(tenant=tenant_id, ticket=ticket_id, solution=solution_id)
        item = self._table.get(key)
        return None if item is None else from_item(Review, item)

    def of_ticket(self, tenant_id: str, ticket_id: str) -> tuple[Review, ...]:
        """Every review of a ticket, oldest first."""
        query = keys.REVIEWS_OF_TICKET.query(limit=REVIEWS_MAX, tenant=tenant_id, ticket=ticket_id)
        found = (from_item(Review, item) for item in self._table.query(query).items)
        return tuple(sorted(found, key=lambda review: (review.at, review.review_id)))

    def list_all(self, tenant_id: str, *, limit: int = 100, cursor: str | None = None) -> ReviewPage:
        """All reviews of a tenant, oldest first; what learning reads."""
        queries = [
            keys.REVIEWS_BY_TIME.query(limit=limit, cursor=cursor, tenant=tenant_id, shard=shard)
            for shard in range(self._shards)
        ]
        page = query_shards(self._table, queries)
        return ReviewPage(tuple(from_item(Review, item) for item in page.items), page.cursor)

    def put_notes(self, tenant_id: str, notes: InvestigationNotes) -> Put:
        """The action that stores the notes of an escalation; later ones replace them."""
        return Put(to_attributes(notes) | keys.NOTES.attributes(tenant=tenant_id, ticket=notes.ticket_id))

    def notes(self, tenant_id: str, ticket_id: str) -> InvestigationNotes | None:
        """The notes of a ticket, or None."""
        item = self._table.get(keys.NOTES.key(tenant=tenant_id, ticket=ticket_id))
        return None if item is None else from_item(InvestigationNotes, item)
