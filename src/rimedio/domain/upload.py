"""A file that comes in pieces."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rimedio.domain.ticket import AttachmentType


class UploadStatus(StrEnum):
    """How far an upload has come."""

    OPEN = "OPEN"
    COMPLETE = "COMPLETE"


@dataclass(frozen=True, slots=True)
class UploadPart:
    """One piece that has arrived; numbers begin at 1, sizes are bytes, `sha256` is hexadecimal."""

    number: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Upload:
    """What was announced: `parts` pieces of `part_size` bytes, the last one smaller; `size` in all.

    `uri` names the whole file in the object store once it is complete.
    """

    upload_id: str
    tenant_id: str
    name: str  # safe to show and to save under
    type: AttachmentType
    size: int
    part_size: int
    parts: int
    created_at: datetime
    created_by: str
    status: UploadStatus = UploadStatus.OPEN
    sha256: str | None = None  # of the whole file; announced, then measured
    uri: str | None = None
    given_up: bool = False  # about to be removed: no ticket can take its file any more

    def size_of(self, number: int) -> int:
        """Bytes that part `number` has."""
        if number < self.parts:
            return self.part_size
        return self.size - self.part_size * (self.parts - 1)
