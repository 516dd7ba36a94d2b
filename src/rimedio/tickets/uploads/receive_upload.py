"""A file in pieces: announced, received in any order, put together, checked, or given up."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import ConditionFailed, Conflict, InvalidInput, NotFound
from rimedio.domain.ticket import Attachment, AttachmentType
from rimedio.domain.upload import Upload, UploadPart, UploadStatus
from rimedio.storage.conditions import Equals
from rimedio.storage.objects import ObjectStore, etag_of
from rimedio.storage.tenants import TenantStore
from rimedio.storage.tickets import TicketStore
from rimedio.storage.uploads import PARTS_MAX, UploadStore
from rimedio.tickets.tasks.extract_text import STORED
from rimedio.tickets.uploads.file_kind import HEAD_BYTES, check_kind, check_whole, needs_whole
from rimedio.tickets.uploads.file_name import ending_of, safe_name

KEPT_FOR = timedelta(hours=24)
ATTACHMENTS = "attachments/"
PIECES = "uploads/"
CLAIMED = "attachment"  # kind of the link from a stored file to its ticket
UPLOAD_ID = re.compile(r"upl_[0-9a-f-]{36}")


class UploadRequest(BaseModel):
    """What is announced: name, kind, size in bytes, and SHA-256 in hexadecimal where it is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=1000)]
    type: AttachmentType
    size: int
    sha256: Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")] | None = None


@dataclass(frozen=True, slots=True)
class UploadState:
    """An upload, and the numbers of the pieces that have arrived."""

    upload: Upload
    received: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A whole file: the name it was sent under, and its bytes in blocks."""

    name: str
    size: int
    blocks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """How much may be sent, in bytes, and how much begun at the same time."""

    bytes_max: int = 64 * 1024 * 1024
    part_bytes: int = 5 * 1024 * 1024
    open_max: int = 200


@dataclass(frozen=True, slots=True)
class ReceiveUpload:
    """The use cases behind `/v1/uploads`. All raise NotFound for what is another tenant's."""

    uploads: UploadStore
    objects: ObjectStore
    tickets: TicketStore
    tenants: TenantStore
    clock: Clock
    ids: Ids
    limits: UploadLimits = UploadLimits()

    def start(self, tenant_id: str, request: UploadRequest, *, by: str) -> Upload:
        """Announce a file. Raises InvalidInput for an empty or too large one, Conflict for too many begun."""
        size, most = request.size, self.limits.bytes_max
        if not 1 <= size <= most:
            msg = f"The file has {size} bytes; 1 to {most} are taken. Send a part of it."
            raise InvalidInput(msg)
        part_size = max(self.limits.part_bytes, -(-size // PARTS_MAX))
        self._require_room(tenant_id)
        upload = Upload(
            upload_id=self.ids.new("upl"),
            tenant_id=tenant_id,
            name=safe_name(request.name),
            type=request.type,
            size=size,
            part_size=part_size,
            parts=-(-size // part_size),
            created_at=self.clock.now(),
            created_by=by,
            sha256=request.sha256.lower() if request.sha256 else None,
        )
        self.tenants.note(tenant_id)
        self.uploads.put(upload)
        return upload

    def _require_room(self, tenant_id: str) -> None:
        begun = 0
        for upload in self.uploads.older_than(tenant_id, self.clock.now() + KEPT_FOR):
            begun += upload.status is UploadStatus.OPEN and not upload.given_up
            if begun >= self.limits.open_max:
                msg = f"{begun} uploads are begun and not finished. Complete or give up some of them first."
                raise Conflict(msg)

    def put_part(self, tenant_id: str, upload_id: str, number: int, data: bytes) -> UploadPart:
        """Keep piece `number`, from 1; the same number again replaces it.

        Raises InvalidInput for a number or size that was not announced, Conflict when it is complete.
        """
        upload = self._open(tenant_id, upload_id)
        if not 1 <= number <= upload.parts:
            raise InvalidInput(f"There is no part {number}; the upload has parts 1 to {upload.parts}.")
        if len(data) != upload.size_of(number):
            msg = f"Part {number} has {len(data)} bytes; {upload.size_of(number)} were announced."
            raise InvalidInput(msg)
        if number == 1:
            check_kind(data[:HEAD_BYTES], upload.name, upload.type)
        part = UploadPart(number, len(data), etag_of(data))
        self.objects.put(tenant_id, piece_name(upload_id, number), data)
        self.uploads.put_part(tenant_id, upload_id, part)
        return part

    def state(self, tenant_id: str, upload_id: str) -> UploadState:
        """The upload and what has arrived."""
        upload = self._get(tenant_id, upload_id)
        if upload.status is UploadStatus.COMPLETE:
            return UploadState(upload, tuple(range(1, upload.parts + 1)))
        return UploadState(upload, tuple(part.number for part in self.uploads.parts(tenant_id, upload_id)))

    def complete(self, tenant_id: str, upload_id: str) -> Attachment:
        """Put the pieces together and check the whole; again gives the same, also in the same moment.

        Raises Conflict while pieces are missing, InvalidInput when the bytes are not what was announced.
        """
        upload = self._get(tenant_id, upload_id)
        if upload.status is UploadStatus.OPEN:
            try:
                upload = self._assembled(upload)
            except (NotFound, Conflict, InvalidInput):
                upload = self._get(tenant_id, upload_id)
                if upload.status is not UploadStatus.COMPLETE:
                    raise  # else somebody was quicker, and has put the pieces away
        return Attachment(id=upload_id, type=upload.type, uri=str(upload.uri), name=upload.name)

    def _assembled(self, upload: Upload) -> Upload:
        tenant_id, upload_id = upload.tenant_id, upload.upload_id
        arrived = {part.number for part in self.uploads.parts(tenant_id, upload_id)}
        missing = [n for n in range(1, upload.parts + 1) if n not in arrived]
        if missing:
            shown = ", ".join(map(str, missing[:10])) + (" …" if len(missing) > 10 else "")
            raise Conflict(f"The upload is not complete: parts {shown} are missing. Send them first.")
        # A name for each attempt: of two at once, the one that fails must not take the other's file away.
        attempt = self.ids.new("try").rpartition("_")[2]
        name = f"{ATTACHMENTS}{upload_id}-{attempt}{ending_of(upload.name)}"
        stored = self.objects.put(tenant_id, name, self._pieces(upload))
        done = replace(upload, status=UploadStatus.COMPLETE, sha256=stored.etag, uri=STORED + name)
        try:
            if stored.size != upload.size:
                raise InvalidInput(f"{upload.name} has {stored.size} bytes; {upload.size} were announced.")
            if upload.sha256 not in (None, stored.etag):
                raise InvalidInput(
                    f"{upload.name} has another SHA-256 than announced: {stored.etag}. Send the parts again."
                )
            self._check_content(upload, name)
            self.uploads.put(done, Equals("status", UploadStatus.OPEN.value))
        except (InvalidInput, ConditionFailed):  # the latter: completed or given up by somebody else
            self.objects.delete(tenant_id, name)
            raise
        self._drop_pieces(done)
        return done

    def _check_content(self, upload: Upload, name: str) -> None:
        head = next(self.objects.stream(upload.tenant_id, name, HEAD_BYTES), b"")
        check_kind(head, upload.name, upload.type)
        if needs_whole(head, upload.type):
            check_whole(self.objects.get(upload.tenant_id, name), upload.name)

    def _pieces(self, upload: Upload) -> Iterator[bytes]:
        for number in range(1, upload.parts + 1):
            yield from self.objects.stream(upload.tenant_id, piece_name(upload.upload_id, number))

    def abort(self, tenant_id: str, upload_id: str) -> None:
        """Give an upload up; nothing of it is kept. Raises Conflict when a ticket has the file."""
        try:
            removed = self._removed(self._get(tenant_id, upload_id))
        except ConditionFailed:  # completed in this moment: given up as the file that it is now
            removed = self._removed(self._get(tenant_id, upload_id))
        if not removed:
            raise Conflict(f"The upload {upload_id} belongs to a ticket already and is kept with it.")

    def content(self, tenant_id: str, upload_id: str) -> UploadedFile:
        """The whole file. Raises Conflict when it is not complete."""
        upload = self._get(tenant_id, upload_id)
        if upload.uri is None:
            raise Conflict(f"The upload {upload_id} is not complete. Complete it first.")
        blocks = self.objects.stream(tenant_id, upload.uri.removeprefix(STORED))
        return UploadedFile(upload.name, upload.size, blocks)

    def sweep_once(self) -> int:
        """Remove what was begun a day ago and is nobody's: unfinished uploads, and files no ticket took."""
        swept = 0
        before = self.clock.now() - KEPT_FOR
        for tenant_id in self.tenants.all():
            for upload in list(self.uploads.older_than(tenant_id, before)):
                with suppress(ConditionFailed):  # completed or removed in this moment: for the next sweep
                    if not self._removed(upload):
                        self._drop_pieces(upload)  # one may have come while they were put together
                        self.uploads.forget(tenant_id, upload.upload_id)
                    swept += 1
        return swept

    def claim(self, tenant_id: str, attachments: tuple[Attachment, ...], ticket_id: str) -> None:
        """Say that a ticket has these files, so that they are kept as long as it is.

        Raises InvalidInput for one that was given up, or swept, in this moment.
        """
        for attachment in attachments:
            if not attachment.uri.startswith(STORED):
                continue
            known = self.tickets.linked(tenant_id, CLAIMED, attachment.uri) is not None
            self.tickets.link(tenant_id, CLAIMED, attachment.uri, ticket_id)
            of_upload = UPLOAD_ID.match(attachment.uri.removeprefix(STORED + ATTACHMENTS))
            if of_upload and not known and self.uploads.find(tenant_id, of_upload[0]) is None:
                msg = f"The file of the attachment {attachment.id!r} was just given up. Upload it again."
                raise InvalidInput(msg)

    def _removed(self, upload: Upload) -> bool:
        """Remove an upload with its file; False when a ticket has it: it takes it before, or not at all.

        Raises ConditionFailed when it was completed or removed meanwhile. The record goes last, so that the
        sweep finds what a crash has left.
        """
        claim = None if upload.uri is None else (CLAIMED, upload.uri)
        if not self.uploads.give_up(upload, unless_linked=claim):
            return False
        self._drop_pieces(upload)
        if upload.uri is not None:
            self.objects.delete(upload.tenant_id, upload.uri.removeprefix(STORED))
        self.uploads.forget(upload.tenant_id, upload.upload_id)
        return True

    def _drop_pieces(self, upload: Upload) -> None:
        for number in range(1, upload.parts + 1):
            self.objects.delete(upload.tenant_id, piece_name(upload.upload_id, number))
        self.uploads.forget_parts(upload.tenant_id, upload.upload_id)

    def _open(self, tenant_id: str, upload_id: str) -> Upload:
        upload = self._get(tenant_id, upload_id)
        if upload.status is not UploadStatus.OPEN:
            raise Conflict(f"The upload {upload_id} is complete; it takes no more parts.")
        return upload

    def _get(self, tenant_id: str, upload_id: str) -> Upload:
        if not UPLOAD_ID.fullmatch(upload_id):
            raise NotFound(f"There is no upload {upload_id[:60]!r}. Start one to get its id.")
        return self.uploads.get(tenant_id, upload_id)


def piece_name(upload_id: str, number: int) -> str:
    """Where the object store keeps a piece."""
    return f"{PIECES}{upload_id}/{number:05d}"
