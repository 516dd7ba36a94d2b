"""Tickets: open, list, read, export; their solution and others like them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from rimedio.domain.answer import Solution
from rimedio.domain.feedback import Use
from rimedio.domain.ticket import Asset, Attachment, Priority, Status, TicketRequest
from rimedio.domain.ticket import Ticket as StoredTicket
from rimedio.lambdas.csv_export import tickets_csv
from rimedio.lambdas.identifiers import SAID, Language, TicketId
from rimedio.lambdas.replies import Download, Items, Paging, Reply
from rimedio.lambdas.router import Api
from rimedio.lambdas.ticket_view import Ticket, shown
from rimedio.security.permissions import Role
from rimedio.tickets.desk.list_tickets import TicketFilter, TicketOrder

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

TAG = "tickets"
CSV = "text/csv; charset=utf-8"
READS_DRAFTS = (Role.OPERATOR, Role.ADMIN)
EXAMPLE: JsonValue = {
    "customer": {"id": "c-104", "name": "Officine Riva"},
    "asset": {"product_type": "EV_CHARGER", "model": "XC-200", "serial": "XC2-00417"},
    "symptom_text": "La colonnina si ferma dopo cinque minuti di ricarica e mostra E029.",
    "error_code": "E029",
    "priority": "P2",
    "lang": "it",
}
# What completing an upload gave, or an address of the public internet.
STORED_OR_WEB = r"^(object:attachments/[A-Za-z0-9._-]+|https?://[!-~]+)$"
Filter = Annotated[str, Field(min_length=1, max_length=200, pattern=SAID)]


class AssetBody(Asset):
    """The piece of equipment, of a product type that this service knows."""

    product_type: str = Field(json_schema_extra={"x-taxonomy": "product_types"})


class AttachmentBody(Attachment):
    """A file that was uploaded before, as completing the upload told it."""

    uri: str = Field(min_length=1, max_length=2048, pattern=STORED_OR_WEB)
    text: None = None  # read by the service itself


class TicketBody(TicketRequest):
    """What opens a ticket; the rest is decided by the service."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    asset: AssetBody
    attachments: tuple[AttachmentBody, ...] = Field((), json_schema_extra={"x-limit": "attachments_max"})


class CreateHeaders(BaseModel):
    """Headers of opening a ticket."""

    idempotency_key: str | None = Field(
        None,
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern="^[A-Za-z0-9._:-]+$",
        description="The same key with the same body is the same ticket; with another body a conflict.",
    )


class Links(BaseModel):
    """Where to go on."""

    model_config = ConfigDict(frozen=True)

    self: str
    solution: str
    stream: str


class Accepted(BaseModel):
    """A ticket that was taken in and is being worked on."""

    model_config = ConfigDict(frozen=True)

    ticket_id: TicketId
    status: Status
    duplicate_of: str | None = None
    links: Links


class TicketFilters(BaseModel):
    """Which tickets; what is absent lets everything through."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Status | None = None
    priority: Priority | None = None
    product_type: Filter | None = None
    model: Filter | None = None
    customer_id: Filter | None = None
    serial: Filter | None = None
    lang: Language | None = None
    q: Filter | None = Field(None, description="Every word of it stands in the ticket.")

    def wanted(self) -> TicketFilter:
        """The filter as the use case takes it."""
        return TicketFilter(**{name: getattr(self, name) for name in TicketFilters.model_fields})


class TicketQuery(TicketFilters, Paging):
    """A page of tickets."""

    sort: TicketOrder = Field(
        TicketOrder.NEWEST,
        description="`newest`: the last opened first. `urgency`: P1 first, then the oldest, of what still needs an "
        "answer (neither READY nor RESOLVED) unless `status` names others; a RESOLVED ticket has no urgency (409).",
    )


class SimilarView(BaseModel):
    """A solved ticket in a few lines. `use` is what was measured of its remedy."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    ticket_id: str
    symptom_text: str
    model: str
    error_code: str | None
    solved_at: datetime
    score: float = Field(ge=0, le=1)
    summary: str
    use: Use | None


class StreamHeaders(BaseModel):
    """Headers of a stream."""

    last_event_id: str | None = Field(
        None,
        alias="Last-Event-ID",
        min_length=1,
        max_length=200,
        pattern="^[!-~]+$",
        description="Id of the last event that was received; the stream goes on behind it.",
    )


def register(api: Api, system: "Rimedio") -> None:
    """Routes of tickets."""
    _register_lists(api, system)

    @api.post("/v1/tickets", summary="Open a ticket", tag=TAG, status=202, errors=(409,), unfit=True)
    def open_ticket(body: TicketBody, headers: CreateHeaders) -> Reply[Accepted]:
        """The work goes on in the background; follow it with the links."""
        created = system.desk.open_ticket.open(
            api.caller.tenant_id, _request_of(body), idempotency_key=headers.idempotency_key
        )
        replayed = {"Idempotency-Replayed": "true"} if created.replayed else {}
        return Reply(_accepted(created.ticket), replayed)

    @api.get("/v1/tickets/{ticket_id}", summary="One ticket", tag=TAG, errors=(404,))
    def get_ticket(ticket_id: TicketId) -> Ticket:
        return shown(system.desk.show(api.caller.tenant_id, ticket_id))

    @api.get("/v1/tickets/{ticket_id}/solution", summary="Its solution", tag=TAG, errors=(404,))
    def get_solution(ticket_id: TicketId) -> Solution:
        """Technicians and integrations see it once it is published."""
        caller = api.caller
        published_only = not caller.has(*READS_DRAFTS)
        return system.desk.show.solution(caller.tenant_id, ticket_id, published_only=published_only)

    @api.get("/v1/tickets/{ticket_id}/similar", summary="Solved tickets like it", tag=TAG, errors=(404,))
    def list_similar_tickets(ticket_id: TicketId) -> Items[SimilarView]:
        found = system.desk.similar(api.caller.tenant_id, ticket_id)
        return Items(items=tuple(map(SimilarView.model_validate, found)))

    _register_streams(api)


def _register_lists(api: Api, system: "Rimedio") -> None:
    @api.get("/v1/tickets", summary="Tickets, newest or most urgent first", tag=TAG, errors=(409,))
    def list_tickets(query: TicketQuery) -> Items[Ticket]:
        """A page may be short, or empty, and still have a cursor: rare words are looked for a part at a time."""
        page = system.desk.list_tickets(
            api.caller.tenant_id, query.wanted(), order=query.sort, limit=query.limit, cursor=query.cursor
        )
        return Items(items=tuple(map(shown, page.tickets)), next_cursor=page.cursor)

    @api.get("/v1/tickets.csv", summary="Tickets as a spreadsheet", tag=TAG, media=CSV)
    def export_tickets(query: TicketFilters) -> Download:
        """Cells that a spreadsheet would take for formulas begin with an apostrophe."""
        found = system.desk.list_tickets.every(api.caller.tenant_id, query.wanted())
        return Download(tickets_csv(found), CSV, name="tickets.csv")


def _register_streams(api: Api) -> None:
    @api.stream("GET", "/v1/tickets/{ticket_id}/solution/stream", summary="Its solution while it is written",
                tag=TAG, errors=(404,))  # fmt: skip
    def stream_solution(ticket_id: TicketId, headers: StreamHeaders) -> None:
        """Server-sent events: start, progress, chunk, citation, complete, error. Nothing unverified is sent."""

    @api.stream("GET", "/v1/tickets/{ticket_id}/events/stream", summary="Its progress, live", tag=TAG,
                errors=(404,))  # fmt: skip
    def stream_ticket(ticket_id: TicketId, headers: StreamHeaders) -> None:
        """Server-sent events: progress, until the ticket rests."""

    @api.stream("GET", "/v1/events/stream", summary="Changes of all tickets, live", tag=TAG)
    def stream_events(headers: StreamHeaders) -> None:
        """Server-sent events: ticket {ticket_id, status, updated_at}."""


def _request_of(body: TicketBody) -> TicketRequest:
    """The domain's own type: what is stored and hashed does not know of the API's."""
    return TicketRequest.model_validate(body.model_dump())


def _accepted(ticket: StoredTicket) -> Accepted:
    here = f"/v1/tickets/{ticket.ticket_id}"
    return Accepted(
        ticket_id=ticket.ticket_id,
        status=ticket.status,
        duplicate_of=ticket.duplicate_of,
        links=Links(self=here, solution=f"{here}/solution", stream=f"{here}/solution/stream"),
    )
