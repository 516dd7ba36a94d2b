"""The name under which a ticket's execution runs: of two starts of the same ticket as it stands, one counts."""

from rimedio.domain.ticket import Status, Ticket

ATTEMPT = "-attempt-"


def name_of(ticket: Ticket) -> str:
    """Name of the execution that takes a ticket as it stands: the same ticket twice is one execution."""
    return ticket.ticket_id if ticket.status is Status.NEW else f"{ticket.ticket_id}-{ticket.version}"


def another(name: str, attempt: int) -> str:
    """Name of the execution that tries once more, where those before failed before they took the ticket."""
    return f"{name}{ATTEMPT}{attempt}"


def is_run_of(execution_id: str, ticket: Ticket) -> bool:
    """Whether an execution is the one that has the ticket, or is meant to take it as it stands."""
    if ticket.execution_id is not None:
        return ticket.execution_id == execution_id
    name = execution_id.rpartition(":")[2]  # both homes end the ARN with it
    return name.partition(ATTEMPT)[0] == name_of(ticket)
