"""Open a ticket: check it against the taxonomy, store it once, set its execution going."""

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import ConditionFailed, InvalidTicket
from rimedio.domain.taxonomy import Taxonomy
from rimedio.domain.ticket import Asset, Attachment, Ticket, TicketRequest
from rimedio.knowledge.language import detect_language
from rimedio.storage import keys
from rimedio.storage.conditions import NotExists
from rimedio.storage.table import Check
from rimedio.storage.tickets import Created, TicketStore
from rimedio.tickets.runner import made_up_for_later
from rimedio.tickets.waker import Executions


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """The use case behind `rimedio ticket open` and `POST /v1/tickets`."""

    tickets: TicketStore
    runner: Executions
    taxonomy: Taxonomy
    clock: Clock
    ids: Ids
    find_duplicate: Callable[[Ticket], str | None] | None = None
    check_attachments: Callable[[str, Sequence[Attachment]], None] | None = None
    claim_files: Callable[[str, tuple[Attachment, ...], str], None] | None = None
    note_tenant: Callable[[str], None] | None = None

    def __call__(
        self, tenant_id: str, request: TicketRequest, *, idempotency_key: str | None = None
    ) -> Ticket:
        """Store the ticket and start its execution; the ticket as it was stored. Raises as `open` does."""
        return self.open(tenant_id, request, idempotency_key=idempotency_key).ticket

    def open(self, tenant_id: str, request: TicketRequest, *, idempotency_key: str | None = None) -> Created:
        """Store the ticket, linked to the open one that it repeats, and start its execution.

        `replayed` says that the same request with the same key had been stored before. Raises InvalidTicket,
        InvalidInput for an attachment that is not the tenant's, Conflict for a reused key. A crash between
        the two steps loses nothing, nor does a runner that cannot be reached: `Runner.recover` starts whatever
        is still NEW.
        """
        if self.check_attachments is not None:
            self.check_attachments(tenant_id, request.attachments)
        if self.note_tenant is not None:
            self.note_tenant(tenant_id)
        now = self.clock.now()
        ticket = Ticket(
            **request.model_dump(exclude={"asset", "lang"}),
            asset=known_asset(request.asset, self.taxonomy),
            lang=request.lang or detect_language(request.symptom_text),
            ticket_id=self.ids.new("tkt"),
            tenant_id=tenant_id,
            created_at=now,
            updated_at=now,
        )
        if self.find_duplicate is not None:
            ticket = ticket.model_copy(update={"duplicate_of": self.find_duplicate(ticket)})
        if self.claim_files is not None:  # before the ticket is there: a file too many is kept, none lost
            self.claim_files(tenant_id, ticket.attachments, ticket.ticket_id)
        created = self.tickets.create(ticket, idempotency_key=idempotency_key)
        if created.replayed:
            return created
        created = replace(created, ticket=self._linked(created.ticket))
        with made_up_for_later("The start of", created.ticket):
            self.runner.start(created.ticket)
        return created

    def _linked(self, ticket: Ticket) -> Ticket:
        """The ticket, looked at once more: one opened in the same moment was not there to be seen before.

        Where both see the other now, the one that is linked first is the duplicate.
        """
        if self.find_duplicate is None or ticket.duplicate_of is not None:
            return ticket
        found = self.find_duplicate(ticket)
        if found is None:
            return ticket
        linked = ticket.model_copy(update={"duplicate_of": found, "version": ticket.version + 1})
        no_duplicate = Check(
            keys.TICKET.key(tenant=ticket.tenant_id, ticket=found), NotExists("duplicate_of")
        )
        try:
            self.tickets.save(linked, also=(no_duplicate,))
        except ConditionFailed:
            return self.tickets.get(ticket.tenant_id, ticket.ticket_id)
        return linked


def parse_request(raw: object) -> TicketRequest:
    """A ticket request out of JSON. Raises InvalidTicket naming every field at fault."""
    try:
        return TicketRequest.model_validate(raw)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'the ticket'}: {fault['msg'].lower()}"
            for fault in error.errors()
        )
        msg = f"The ticket is not valid. {faults}. Correct these fields and send it again."
        raise InvalidTicket(msg) from error


def known_asset(asset: Asset, taxonomy: Taxonomy) -> Asset:
    """The asset with its model written as the taxonomy writes it. Raises InvalidTicket when it is unknown."""
    product = taxonomy.product_types.get(asset.product_type)
    if product is None:
        types = ", ".join(sorted(taxonomy.product_types))
        msg = f"There is no product type {asset.product_type!r}. Use one of: {types}."
        raise InvalidTicket(msg)
    if not product.models:
        return asset
    written = {_plain(model): model for model in product.models}
    model = written.get(_plain(asset.model))
    if model is None:
        near = difflib.get_close_matches(asset.model, product.models, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known models: {', '.join(product.models)}."
        msg = f"There is no model {asset.model!r} of type {asset.product_type}. {hint}"
        raise InvalidTicket(msg)
    return asset.model_copy(update={"model": model})


def _plain(model: str) -> str:
    return re.sub(r"[\s_-]+", "", model).upper()
