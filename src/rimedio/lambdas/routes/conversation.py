"""What is said about a ticket, and what people think of its remedy."""

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from rimedio.domain.conversation import Author, Message
from rimedio.domain.feedback import Feedback
from rimedio.lambdas.caller import Caller
from rimedio.lambdas.identifiers import SAID, TicketId
from rimedio.lambdas.replies import Items, Paging
from rimedio.lambdas.router import Api
from rimedio.security.permissions import Role
from rimedio.tickets.desk.give_feedback import FeedbackRequest

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

TAG = "tickets"
OPERATORS = (Role.OPERATOR, Role.ADMIN)


class MessageBody(BaseModel):
    """A message. An operator may write down what the customer said, as `CUSTOMER`."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"text": "Il display mostra E029."}]}
    )

    text: Annotated[str, Field(min_length=1, max_length=20_000, pattern=SAID)]
    author: Author | None = Field(None, description="CUSTOMER or OPERATOR; the caller's own when absent.")


def register(api: Api, system: "Rimedio") -> None:
    """Routes of messages and feedback."""

    @api.get("/v1/tickets/{ticket_id}/messages", summary="Its conversation", tag=TAG, errors=(404,))
    def list_messages(ticket_id: TicketId, query: Paging) -> Items[Message]:
        page = system.desk.messages.list(
            api.caller.tenant_id, ticket_id, limit=query.limit, cursor=query.cursor
        )
        return Items(items=page.messages, next_cursor=page.cursor)

    @api.post("/v1/tickets/{ticket_id}/messages", summary="Say something", tag=TAG, status=201,
              errors=(404, 409))  # fmt: skip
    def add_message(ticket_id: TicketId, body: MessageBody) -> Message:
        """The customer's answer to a question lets the same execution go on."""
        author = author_of(api.caller, body.author)
        return system.desk.messages(api.caller.tenant_id, ticket_id, body.text, author)

    @api.post("/v1/tickets/{ticket_id}/feedback", summary="Judge its remedy", tag=TAG, status=204,
              errors=(404, 409))  # fmt: skip
    def give_feedback(ticket_id: TicketId, body: FeedbackRequest) -> None:
        """The same judgement again, as a double click sends it, is kept once."""
        system.desk.feedback(api.caller.tenant_id, ticket_id, body, api.caller.subject)

    @api.get("/v1/tickets/{ticket_id}/feedback", summary="Judgements of its remedy", tag=TAG, errors=(404,))
    def list_feedback(ticket_id: TicketId) -> Items[Feedback]:
        return Items(items=system.desk.feedback.list(api.caller.tenant_id, ticket_id))


def author_of(caller: Caller, said: Author | None) -> Author:
    """Operators speak for themselves, or write down what the customer said; everybody else is the customer."""
    if not caller.has(*OPERATORS):
        return Author.CUSTOMER
    return Author.CUSTOMER if said is Author.CUSTOMER else Author.OPERATOR
