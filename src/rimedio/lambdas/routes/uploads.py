"""Files in pieces, and the files of tickets."""

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from rimedio.domain.ticket import Attachment, AttachmentType
from rimedio.domain.upload import Upload, UploadPart, UploadStatus
from rimedio.lambdas.binding import BYTES
from rimedio.lambdas.identifiers import SAID, Identifier, TicketId
from rimedio.lambdas.ranges import RangeHeaders, SentFile, sent
from rimedio.lambdas.replies import Download, Reply
from rimedio.lambdas.router import Api

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

TAG = "uploads"
PartNumber = Annotated[int, Field(ge=1, le=10_000, description="Number of a piece, from 1.")]
AttachmentId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^/\u0000-\u0020]+$")]


class UploadBody(BaseModel):
    """A file that is announced."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"name": "display.log", "type": "LOG", "size": 120}]},
    )

    name: Annotated[str, Field(min_length=1, max_length=1000, pattern=SAID)]
    type: AttachmentType
    size: int = Field(ge=1, description="Bytes.", json_schema_extra={"x-limit": "upload_bytes_max"})
    sha256: Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$", description="Of the whole file.")] | None = None


class UploadView(BaseModel):
    """What was announced, and which pieces have arrived. All pieces but the last have `part_size` bytes."""

    model_config = ConfigDict(frozen=True)

    upload_id: str
    name: str
    type: AttachmentType
    size: int
    part_size: int
    parts: int
    status: UploadStatus
    sha256: str | None
    received: tuple[int, ...] = ()


def register(api: Api, system: "Rimedio") -> None:
    """Routes of uploads and of attachments."""

    @api.post("/v1/uploads", summary="Announce a file", tag=TAG, status=201, errors=(409,), unfit=True)
    def start_upload(body: UploadBody) -> UploadView:
        """Send its pieces next, in any order, then complete it."""
        from rimedio.tickets.uploads.receive_upload import UploadRequest

        request = UploadRequest.model_validate(body.model_dump())
        caller = api.caller
        return _view(system.desk.uploads.start(caller.tenant_id, request, by=caller.subject), ())

    @api.get("/v1/uploads/{upload_id}", summary="Which pieces have arrived", tag=TAG, errors=(404,))
    def get_upload(upload_id: Identifier) -> UploadView:
        state = system.desk.uploads.state(api.caller.tenant_id, upload_id)
        return _view(state.upload, state.received)

    @api.put("/v1/uploads/{upload_id}/parts/{number}", summary="Send a piece", tag=TAG, errors=(404, 409),
             unfit=True)  # fmt: skip
    def put_part(upload_id: Identifier, number: PartNumber, raw: bytes) -> UploadPart:
        """The same number again replaces the piece. One that is not as announced is a conflict."""
        return system.desk.uploads.put_part(api.caller.tenant_id, upload_id, number, raw)

    @api.post("/v1/uploads/{upload_id}/complete", summary="Put the pieces together", tag=TAG,
              errors=(404, 409), unfit=True)  # fmt: skip
    def complete_upload(upload_id: Identifier) -> Attachment:
        """An attachment for a ticket; `upload_id` is what a document is loaded by."""
        return system.desk.uploads.complete(api.caller.tenant_id, upload_id)

    @api.delete("/v1/uploads/{upload_id}", summary="Give it up", tag=TAG, status=204, errors=(404, 409))
    def delete_upload(upload_id: Identifier) -> None:
        system.desk.uploads.abort(api.caller.tenant_id, upload_id)

    @api.get("/v1/tickets/{ticket_id}/attachments/{attachment_id}", summary="A file of a ticket", tag=TAG,
             errors=(404,), media=BYTES)  # fmt: skip
    def get_attachment(
        ticket_id: TicketId, attachment_id: AttachmentId, headers: RangeHeaders
    ) -> Reply[Download]:
        """Always bytes to be saved: what customers send is never shown as a page.

        Whole, or the piece that `Range` asks for; a file too large for one answer (413) in pieces only.
        """
        found = system.desk.attachment(api.caller.tenant_id, ticket_id, attachment_id)
        file = SentFile(found.name, found.size, found.content_hash, found.read)
        return sent(file, headers, api.file_bytes_max)


def _view(upload: Upload, received: tuple[int, ...]) -> UploadView:
    return UploadView(
        upload_id=upload.upload_id,
        name=upload.name,
        type=upload.type,
        size=upload.size,
        part_size=upload.part_size,
        parts=upload.parts,
        status=upload.status,
        sha256=upload.sha256,
        received=received,
    )
