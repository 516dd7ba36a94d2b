"""The items that a ticket is made of, each with the keys of its lists."""

from datetime import datetime

from rimedio.domain.answer import Solution
from rimedio.domain.feedback import Feedback
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage import keys
from rimedio.storage.codec import to_attributes, to_value
from rimedio.storage.keys import shard_of, stamp
from rimedio.storage.table import Key
from rimedio.storage.values import Value

OPEN_STATUSES = tuple(status for status in Status if status not in (Status.READY, Status.RESOLVED))


def ticket_item(ticket: Ticket, shards: int) -> dict[str, Value]:
    """The ticket itself, in the lists by status and by customer."""
    return to_attributes(ticket) | keys.TICKET.attributes(
        tenant=ticket.tenant_id,
        ticket=ticket.ticket_id,
        status=ticket.status.value,
        created=stamp(ticket.created_at),
        customer=ticket.customer.id,
        shard=shard_of(ticket.ticket_id, shards),
    )


def card_item(ticket: Ticket, shards: int) -> dict[str, Value]:
    """What carries the ticket into the lists by creation and by asset; it never changes."""
    return _pointer(ticket) | keys.TICKET_CARD.attributes(
        tenant=ticket.tenant_id,
        ticket=ticket.ticket_id,
        created=stamp(ticket.created_at),
        serial=ticket.asset.serial.upper(),
        shard=shard_of(ticket.ticket_id, shards),
    )


def urgency_item(ticket: Ticket, shards: int) -> dict[str, Value]:
    """What carries the ticket into the lists by urgency."""
    return _pointer(ticket) | keys.URGENCY.attributes(
        tenant=ticket.tenant_id,
        ticket=ticket.ticket_id,
        status=ticket.status.value,
        queue=keys.OPEN if ticket.status in OPEN_STATUSES else None,
        priority=ticket.priority.value,
        created=stamp(ticket.created_at),
        shard=shard_of(ticket.ticket_id, shards),
    )


def urgency_key(ticket: Ticket) -> Key:
    """Where `urgency_item` lives."""
    return keys.URGENCY.key(tenant=ticket.tenant_id, ticket=ticket.ticket_id)


def solved_item(ticket: Ticket) -> dict[str, Value]:
    """What makes a resolved ticket findable for similar ones."""
    return _pointer(ticket) | keys.SOLVED.attributes(
        tenant=ticket.tenant_id,
        ticket=ticket.ticket_id,
        solved=stamp(ticket.updated_at),
        model=ticket.asset.model.upper(),
        code=None if ticket.error_code is None else ticket.error_code.upper(),
    )


def solved_key(ticket: Ticket) -> Key:
    """Where `solved_item` lives."""
    return keys.SOLVED.key(tenant=ticket.tenant_id, ticket=ticket.ticket_id)


def solution_item(tenant_id: str, solution: Solution, at: datetime) -> dict[str, Value]:
    """A solution, in its ticket's partition."""
    return {
        "solution": to_value(solution),
        "stored_at": stamp(at),
        **keys.SOLUTION.attributes(
            tenant=tenant_id, ticket=solution.ticket_id, solution=solution.solution_id
        ),
    }


def feedback_item(feedback: Feedback, shards: int) -> dict[str, Value]:
    """Feedback, in its ticket's partition and in the list that training reads."""
    return to_attributes(feedback) | keys.FEEDBACK.attributes(
        tenant=feedback.tenant_id,
        ticket=feedback.ticket_id,
        feedback=feedback.feedback_id,
        created=stamp(feedback.created_at),
        shard=shard_of(feedback.feedback_id, shards),
    )


def _pointer(ticket: Ticket) -> dict[str, Value]:
    return {"tenant_id": ticket.tenant_id, "ticket_id": ticket.ticket_id}
