"""A ticket's file, for somebody who may see the ticket."""

import mimetypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rimedio.domain.errors import NotFound
from rimedio.domain.ticket import Attachment
from rimedio.storage.objects import ObjectStore
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.uploads.check_attachments import stored_name
from rimedio.tickets.uploads.file_name import safe_name

ANY_BYTES = "application/octet-stream"
SHOWN = frozenset(  # what a browser may be told; anything that could run there is plain bytes
    {"application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "video/mp4", "text/plain"}
)


@dataclass(frozen=True, slots=True)
class AttachmentFile:
    """A file to send: a name without folders or control characters, its type, size, and bytes in blocks.

    `read` gives the bytes from one up to another; it raises NotFound when the file was taken away meanwhile.
    """

    name: str
    content_type: str
    size: int
    blocks: Iterator[bytes]
    content_hash: str
    read: Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class OpenAttachment:
    """The use case behind `GET /v1/tickets/{id}/attachments/{attachment_id}`."""

    tickets: TicketStore
    objects: ObjectStore

    def __call__(self, tenant_id: str, ticket_id: str, attachment_id: str) -> AttachmentFile:
        """The file. Raises NotFound, also for one that is kept somewhere else on the internet."""
        attachment = self._attachment(tenant_id, ticket_id, attachment_id)
        name = stored_name(attachment.uri)
        if name is None:
            msg = f"The attachment {attachment_id} is not kept here; it stands at {attachment.uri[:200]}."
            raise NotFound(msg)
        head = self.objects.head(tenant_id, name)
        if head is None:
            raise NotFound(f"The file of the attachment {attachment_id} is gone.")
        shown = safe_name(attachment.name or name)
        guessed = mimetypes.guess_type(shown)[0] or ANY_BYTES
        kind = guessed if guessed in SHOWN else ANY_BYTES
        return AttachmentFile(
            shown,
            kind,
            head.size,
            self.objects.stream(tenant_id, name),
            head.etag,
            lambda start, end: self.objects.part(tenant_id, name, start, end).data,
        )

    def _attachment(self, tenant_id: str, ticket_id: str, attachment_id: str) -> Attachment:
        for attachment in self.tickets.get(tenant_id, ticket_id).attachments:
            if attachment.id == attachment_id:
                return attachment
        raise NotFound(f"Ticket {ticket_id} has no attachment {attachment_id[:100]!r}.")
