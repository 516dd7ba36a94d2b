"""Identifiers as they stand in paths, with their limits."""

from typing import Annotated

from pydantic import Field

from rimedio.domain.ticket import TICKET_ID

TicketId = Annotated[str, Field(pattern=TICKET_ID.pattern, description="Id of a ticket.")]
Identifier = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._:@-]+$", description="An id.")
]
