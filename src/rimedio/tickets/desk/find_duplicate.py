"""An open ticket about the same trouble: linked and shown, never merged.

Conservative on purpose: a link that is missing costs a second look, a wrong one hides a customer's trouble.
The rules are held to labelled pairs in tests/unit/tickets/desk/test_find_duplicate.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from rimedio.domain.ticket import Status, Ticket
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.desk.likeness import Symptom, Symptoms, containment, likeness, told

OPEN = frozenset(
    {Status.NEW, Status.PROCESSING, Status.READY, Status.IN_REVIEW, Status.NEEDS_INFO, Status.ESCALATED}
)
LOOKED_AT = 20  # the latest tickets of the same equipment, and of the same customer
AGE_MAX = timedelta(days=30)  # an older open ticket is forgotten rather than being the same
SAME_TEXT = 0.7  # likeness of two symptoms without codes
SAME_TEXT_DENIED = 0.85  # … where one says that something is not so, and the other does not
SAME_TEXT_OF_CUSTOMER = 0.8  # … where only the customer is the same and the equipment was not named
SAME_CODE_CONTAINED = 0.2  # a shared code and a text that does not speak of something else
WORDS_MIN = 3  # fewer words than this prove nothing
NO_SERIAL = frozenset(
    {"", "-", "?", "N/A", "NA", "UNKNOWN", "SCONOSCIUTO", "SCONOSCIUTA", "NON DISPONIBILE", "X"}
)


@dataclass(frozen=True, slots=True)
class FindDuplicate:
    """Finds the open ticket that a new one repeats."""

    tickets: TicketStore
    symptoms: Symptoms

    def __call__(self, ticket: Ticket) -> str | None:
        """Id of the oldest open ticket of the same tenant about the same trouble, or None.

        One that was linked to this ticket is none: of two opened in the same moment one repeats the other.
        """
        others = (o for o in self._candidates(ticket) if o.duplicate_of != ticket.ticket_id)
        same = [other for other in others if self._repeats(ticket, other)]
        if not same:
            return None
        first = min(same, key=lambda other: (other.created_at, other.ticket_id))
        return first.duplicate_of or first.ticket_id

    def _candidates(self, ticket: Ticket) -> Iterator[Ticket]:
        tenant, seen = ticket.tenant_id, {ticket.ticket_id}
        pages = [self.tickets.list_by_customer(tenant, ticket.customer.id, limit=LOOKED_AT)]
        if has_serial(ticket):
            pages.append(self.tickets.asset_history(tenant, ticket.asset.serial, limit=LOOKED_AT))
        for other in (found for page in pages for found in page.tickets):
            if other.ticket_id not in seen:
                seen.add(other.ticket_id)
                yield other

    def _repeats(self, ticket: Ticket, other: Ticket) -> bool:
        if other.status not in OPEN or ticket.created_at - other.created_at > AGE_MAX:
            return False
        return same_equipment(ticket, other) and same_trouble(
            self.symptoms(ticket), self.symptoms(other), named=has_serial(ticket) and has_serial(other)
        )


def same_equipment(one: Ticket, other: Ticket) -> bool:
    """Whether two tickets are about the same piece: by serial number, else by customer and model."""
    if one.asset.model.upper() != other.asset.model.upper():
        return False
    if has_serial(one) and has_serial(other):
        return one.asset.serial.upper() == other.asset.serial.upper()
    return one.customer.id == other.customer.id


def same_trouble(mine: Symptom, theirs: Symptom, *, named: bool) -> bool:
    """Whether two symptoms of one piece are the same; `named`: both tickets give its serial number."""
    if mine.codes and theirs.codes:
        return mine.codes == theirs.codes and _no_other_subject(mine, theirs)
    if bool(mine.codes) != bool(theirs.codes):
        return named and likeness(mine, theirs) >= _wanted(mine, theirs)
    enough = min(told(mine), told(theirs)) >= WORDS_MIN
    least = _wanted(mine, theirs) if named else SAME_TEXT_OF_CUSTOMER
    return enough and likeness(mine, theirs) >= least


def _wanted(mine: Symptom, theirs: Symptom) -> float:
    return SAME_TEXT if mine.denies == theirs.denies else SAME_TEXT_DENIED


def _no_other_subject(mine: Symptom, theirs: Symptom) -> bool:
    """Whether the words beside a shared code do not speak of different things; few words speak of nothing."""
    if min(told(mine), told(theirs)) < WORDS_MIN:
        return True
    return containment(mine, theirs) >= SAME_CODE_CONTAINED


def has_serial(ticket: Ticket) -> bool:
    """Whether a ticket names its very piece of equipment."""
    return ticket.asset.serial.strip().upper() not in NO_SERIAL
