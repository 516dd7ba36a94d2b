"""Values as they stand in paths and bodies, with their limits: what the document says is what is accepted."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field

from rimedio.domain.ticket import SAID, TICKET_ID

__all__ = [
    "SAID",
    "ErrorCode",
    "Identifier",
    "Instant",
    "Language",
    "ModelName",
    "Question",
    "ShortLine",
    "TicketId",
]


def _instant(value: object) -> object:
    """The instant that a text writes out. Pydantic by itself takes "0.5" for half a second after 1970."""
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.upper())
        except ValueError:
            raise ValueError("write it as RFC 3339 does, such as 2026-01-31T08:00:00Z") from None
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]
TicketId = Annotated[str, Field(pattern=TICKET_ID.pattern, description="Id of a ticket.")]
Identifier = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._:@-]+$", description="An id.")
]
ShortLine = Annotated[str, Field(min_length=1, max_length=200, pattern=SAID)]
Question = Annotated[str, Field(min_length=1, max_length=5000, pattern=SAID)]
ModelName = Annotated[
    str, Field(min_length=1, max_length=100, pattern=SAID, description="A model of the equipment, as XC-200.")
]
ErrorCode = Annotated[
    str, Field(min_length=1, max_length=20, pattern=SAID, description="An error code, as E029.")
]
Language = Annotated[str, Field(pattern="^[a-z]{2}$", description="ISO 639-1, as it or en.")]
