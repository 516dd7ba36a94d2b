"""Text out of one attachment."""

from dataclasses import dataclass

from rimedio.domain.errors import InvalidInput, NotFound, Unavailable
from rimedio.domain.ticket import Attachment, AttachmentType
from rimedio.tickets.parts import TaskParts
from rimedio.tickets.tasks.room import ATTACHMENTS_BYTES_MAX, cut_text
from rimedio.tickets.tasks.task import Task

STORED = "object:"  # the URI of a file kept in the object store
KEPT = STORED + "attachments/"  # other objects of a tenant are none of a ticket's business
WEB = ("http://", "https://")
TEXT_CHARS_MAX = 4000
PROBLEM_CHARS_MAX = 500


@dataclass(frozen=True, slots=True)
class ExtractTextInput:
    """One attachment of a ticket: the how-manieth, from 0, of how many."""

    tenant_id: str
    ticket_id: str
    number: int
    of: int = 1


@dataclass(frozen=True, slots=True)
class AttachmentText:
    """What an attachment says; `problem` where it could not be read."""

    text: str = ""
    problem: str | None = None


def extract_text(parts: TaskParts, given: ExtractTextInput) -> AttachmentText:
    """The attachment's text, cut to a length that fits a workflow's payload."""
    ticket = parts.tickets.get(given.tenant_id, given.ticket_id)
    found = text_of(parts, given.tenant_id, ticket.attachments[given.number])
    share = ATTACHMENTS_BYTES_MAX // max(1, given.of)
    problem = None if found.problem is None else found.problem[:PROBLEM_CHARS_MAX]
    return AttachmentText(cut_text(found.text, share), problem)


def text_of(parts: TaskParts, tenant_id: str, attachment: Attachment) -> AttachmentText:
    """What an attachment says, its first characters, or why it cannot be read."""
    if attachment.text is not None:
        return AttachmentText(attachment.text[:TEXT_CHARS_MAX])
    if attachment.type is AttachmentType.VIDEO:
        return AttachmentText(problem="A video is kept for the operator; nothing is read out of it.")
    try:
        name, data = _file(parts, tenant_id, attachment)
        return AttachmentText(parts.read_attachment(data, name)[:TEXT_CHARS_MAX])
    except (InvalidInput, NotFound, Unavailable) as error:
        return AttachmentText(problem=str(error))


def _file(parts: TaskParts, tenant_id: str, attachment: Attachment) -> tuple[str, bytes]:
    """Name and bytes of the attachment: from the object store, or fetched from the public internet."""
    if attachment.uri.startswith(KEPT):
        name = attachment.uri.removeprefix(STORED)
        return attachment.name or name, parts.objects.get(tenant_id, name)
    if parts.fetch is None or not attachment.uri.lower().startswith(WEB):
        msg = f"{attachment.uri} is not a stored file, and nothing is fetched from outside."
        raise InvalidInput(msg)
    return parts.fetch(attachment.uri)


TASK = Task("extract_text", ExtractTextInput, AttachmentText, extract_text)
