"""A ticket as the API shows it: as it is stored, and why it stands where it stands in a word for programs."""

from pydantic import computed_field

from rimedio.domain import ticket
from rimedio.tickets.desk.status_code import status_code


class Ticket(ticket.Ticket):
    """A ticket. `version` counts writes, for optimistic locking.

    `confidence` is that of its current solution; `waiting_since` is set while somebody has to do something;
    `duplicate_of` names an open ticket about the same trouble.
    """

    @computed_field(  # type: ignore[prop-decorator]  # as pydantic's own documentation says
        description="What kind of reason `status_reason` is, such as BUDGET_REACHED or NOT_IN_DOCUMENTATION; null "
        "for what a person wrote."
    )
    @property
    def status_code(self) -> str | None:
        """Made from the reason."""
        return status_code(self.status_reason)


def shown(stored: ticket.Ticket) -> Ticket:
    """A stored ticket as the API shows it; it was checked when it was read, so it is not again."""
    return Ticket.model_construct(stored.model_fields_set, **stored.__dict__)
