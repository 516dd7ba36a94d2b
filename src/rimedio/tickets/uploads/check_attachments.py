"""Which files a ticket may name: the tenant's own uploads, and addresses of the public internet."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from rimedio.domain.errors import InvalidInput, Unavailable
from rimedio.domain.ticket import Attachment
from rimedio.security.ssrf import PublicUrl
from rimedio.storage.objects import ObjectStore
from rimedio.tickets.tasks.extract_text import STORED
from rimedio.tickets.uploads.receive_upload import ATTACHMENTS

CheckUrl = Callable[[str], PublicUrl]
WEB = ("http://", "https://")
ID_CHARS_MAX = 100


@dataclass(frozen=True, slots=True)
class CheckAttachments:
    """Looks at the attachments of a request before a ticket is stored."""

    objects: ObjectStore
    check_url: CheckUrl
    most: int = 10

    def __call__(self, tenant_id: str, attachments: Sequence[Attachment]) -> None:
        """Raises InvalidInput naming the attachment at fault."""
        if len(attachments) > self.most:
            raise InvalidInput(f"The ticket has {len(attachments)} attachments; {self.most} are taken.")
        if len({attachment.id for attachment in attachments}) < len(attachments):
            raise InvalidInput("Two attachments have the same id. Give each its own.")
        for attachment in attachments:
            self._check(tenant_id, attachment)

    def _check(self, tenant_id: str, attachment: Attachment) -> None:
        uri = attachment.uri
        if uri.startswith(STORED):
            name = stored_name(uri)
            if name is None or not self.objects.exists(tenant_id, name):
                msg = f"The attachment {attachment.id!r} names no file of yours: {uri!r}. Upload it first."
                raise InvalidInput(msg)
        elif uri.lower().startswith(WEB):
            with suppress(Unavailable):  # a name that has no address now may have one when it is read
                self.check_url(uri)
        else:
            msg = f"The attachment {attachment.id!r} has a URI that is not taken: {uri[:100]!r}. Upload the file."
            raise InvalidInput(msg)


def stored_name(uri: str) -> str | None:
    """The object behind a URI, where it is an attachment: no other object can be named."""
    name = uri.removeprefix(STORED)
    if not uri.startswith(STORED + ATTACHMENTS) or "/" in name.removeprefix(ATTACHMENTS):
        return None
    return None if ".." in name else name
