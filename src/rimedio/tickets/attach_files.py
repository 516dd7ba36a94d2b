"""Keep the files that come with a ticket."""

import hashlib
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rimedio.domain.errors import InvalidInput
from rimedio.domain.ticket import Attachment, AttachmentType, TicketRequest
from rimedio.storage.objects import ObjectStore
from rimedio.tickets.tasks.extract_text import STORED

BYTES_MAX = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class AttachFiles:
    """Puts files into the object store and names them in the request."""

    objects: ObjectStore

    def __call__(self, tenant_id: str, request: TicketRequest, paths: Sequence[Path]) -> TicketRequest:
        """The request with its attachments. Raises InvalidInput for a file that cannot be read or is huge."""
        added = tuple(self._keep(tenant_id, path) for path in paths)
        return request.model_copy(update={"attachments": request.attachments + added})

    def _keep(self, tenant_id: str, path: Path) -> Attachment:
        try:
            size = path.stat().st_size
            if size > BYTES_MAX:
                msg = f"{path} has {size / 1e6:.0f} MB; {BYTES_MAX / 1e6:.0f} MB are kept. Send a part."
                raise InvalidInput(msg)
            data = path.read_bytes()
        except OSError as error:
            raise InvalidInput(f"{path} cannot be read: {error.strerror}. Check its name.") from error
        # Named by its content: a request sent again is the same request, and keeps nothing twice.
        identifier = f"att_{hashlib.sha256(path.name.encode(errors='replace') + data).hexdigest()[:32]}"
        name = f"attachments/{identifier}{path.suffix.lower()}"
        self.objects.put(tenant_id, name, data)
        return Attachment(id=identifier, type=kind_of(path.name), uri=STORED + name, name=path.name)


def kind_of(name: str) -> AttachmentType:
    """Kind of a file by its name; whatever is no PDF, picture or video is read as a log."""
    guessed = mimetypes.guess_type(name)[0] or ""
    if guessed == "application/pdf":
        return AttachmentType.PDF
    if guessed.startswith("image/"):
        return AttachmentType.IMAGE
    return AttachmentType.VIDEO if guessed.startswith("video/") else AttachmentType.LOG
