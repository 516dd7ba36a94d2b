"""What was said: messages between the customer, the operator and Rimedio."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Author(StrEnum):
    """Who wrote a message."""

    CUSTOMER = "CUSTOMER"
    OPERATOR = "OPERATOR"
    ASSISTANT = "ASSISTANT"


class Message(BaseModel):
    """One message of a session; the conversation about a ticket is the session named after the ticket."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    message_id: str
    tenant_id: str
    session_id: str
    author: Author
    text: Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
    created_at: datetime
