"""What people said of a ticket becomes training rows, and the truth that shadow and calibration wait for.

Three things count: a reviewer names the category; feedback given for training names one in its corrections;
an answer is approved or used, and with it the category it was found by. The strongest word of each person
counts, and of equally strong ones the latest.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rimedio.classification.features import ticket_text
from rimedio.domain.feedback import Feedback, Use
from rimedio.domain.review import Review, ReviewVerdict
from rimedio.domain.ticket import Ticket
from rimedio.learning.observations import Observation, ObservationStore, Origin, Truth
from rimedio.learning.rows import RowStore, TrainingRow, row_id
from rimedio.storage.reviews import ReviewStore
from rimedio.storage.tickets import TicketStore

Redact = Callable[[str, Sequence[str], Sequence[str]], str]  # text, names to hide, strings to keep
UNKNOWN = "UNKNOWN"
PAGE = 200
_STRENGTH = {origin: place for place, origin in enumerate(reversed(Origin))}
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Statement:
    """One person's word on a ticket's category."""

    label: str
    by: str
    at: datetime
    origin: Origin

    @property
    def rank(self) -> tuple[int, datetime]:
        """Strongest origin first, then the latest."""
        return _STRENGTH[self.origin], self.at


def statements(
    ticket: Ticket, reviews: Iterable[Review], feedback: Iterable[Feedback], categories: Sequence[str]
) -> tuple[Statement, ...]:
    """What each person said at last; categories that the taxonomy does not know say nothing."""
    said = [*_of_reviews(ticket, reviews), *_of_feedback(ticket, feedback, categories)]
    known = [s for s in said if s.label in categories]
    by_person: dict[str, Statement] = {}
    for statement in sorted(known, key=lambda s: s.rank):
        by_person[statement.by] = statement
    return tuple(by_person.values())


def _of_reviews(ticket: Ticket, reviews: Iterable[Review]) -> Iterator[Statement]:
    for review in reviews:
        if review.category and review.category != review.category_before:
            yield Statement(review.category, review.reviewer, review.at, Origin.REVIEW)
        elif review.verdict is not ReviewVerdict.REJECTED:
            confirmed = review.category or review.category_before or ticket.category or ""
            yield Statement(confirmed, review.reviewer, review.at, Origin.APPROVAL)


def _of_feedback(
    ticket: Ticket, feedback: Iterable[Feedback], categories: Sequence[str]
) -> Iterator[Statement]:
    for given in feedback:
        if not given.use_for_training:
            continue
        named = {*_WORD.findall(given.corrections or "")} & {*categories}
        if len(named) == 1:
            yield Statement(named.pop(), given.operator_id, given.created_at, Origin.FEEDBACK)
        elif given.was_helpful and not named and given.use is not Use.IGNORED:
            yield Statement(ticket.category or "", given.operator_id, given.created_at, Origin.APPROVAL)


@dataclass(frozen=True)
class Collector:
    """Turns reviews and feedback into rows and truths."""

    tickets: TicketStore
    reviews: ReviewStore
    observations: ObservationStore
    rows: RowStore
    redact: Redact
    categories: tuple[str, ...]

    def collect(self, tenant_id: str, ticket_id: str) -> int:
        """Rows that are new or changed for one ticket. A ticket that is gone gives none."""
        ticket = self.tickets.find(tenant_id, ticket_id)
        if ticket is None:
            return 0
        said = statements(
            ticket,
            self.reviews.of_ticket(tenant_id, ticket_id),
            self.tickets.feedback(tenant_id, ticket_id),
            self.categories,
        )
        if not said:
            return 0
        seen = self.observations.find(tenant_id, ticket_id)
        best = max(said, key=lambda s: s.rank)
        self.observations.tell(tenant_id, ticket_id, Truth(best.label, best.by, best.at, best.origin))
        text = self._text(ticket, seen)
        predicted = seen.champion.category if seen else _category_before(ticket, best)
        return sum(self.rows.add(_row(ticket, text, predicted, s)) for s in said)

    def collect_all(self, tenant_id: str) -> int:
        """The same for every ticket of a tenant: for what was there before anybody listened."""
        count, cursor = 0, None
        while True:
            page = self.tickets.list_all(tenant_id, newest_first=False, limit=PAGE, cursor=cursor)
            count += sum(self.collect(tenant_id, ticket.ticket_id) for ticket in page.tickets)
            cursor = page.cursor
            if cursor is None:
                return count

    def _text(self, ticket: Ticket, seen: Observation | None) -> str:
        """What the classifier was asked, else what it would be asked; personal data out in any case."""
        asked = ticket_text(ticket.symptom_text, ticket.asset.model, ticket.error_code)
        names = tuple(n for n in (ticket.customer.name, ticket.customer.contact_email) if n)
        keep = tuple(k for k in (ticket.asset.model, ticket.error_code) if k)
        return self.redact(seen.text if seen else asked, names, keep)


def _category_before(ticket: Ticket, said: Statement) -> str:
    """What was predicted where no observation tells: the ticket's category unless it was just corrected."""
    corrected = said.origin is not Origin.APPROVAL and ticket.category == said.label
    return UNKNOWN if corrected or not ticket.category else ticket.category


def _row(ticket: Ticket, text: str, predicted: str, said: Statement) -> TrainingRow:
    return TrainingRow(
        row_id=row_id(ticket.ticket_id, said.by),
        tenant_id=ticket.tenant_id,
        ticket_id=ticket.ticket_id,
        text=text,
        label=said.label,
        predicted=predicted,
        origin=said.origin,
        by=said.by,
        at=said.at,
    )
