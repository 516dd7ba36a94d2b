"""Text out of one attachment."""

from dataclasses import dataclass

from rimedio.domain.errors import InvalidInput, NotFound
from rimedio.domain.ticket import Attachment, AttachmentType
from rimedio.tickets.parts import TaskParts
from rimedio.tickets.tasks.task import Task

STORED = "object:"  # the URI of a file kept in the object store
TEXT_CHARS_MAX = 4000


@dataclass(frozen=True, slots=True)
class ExtractTextInput:
    """One attachment of a ticket."""

    tenant_id: str
    ticket_id: str
    attachment: Attachment


@dataclass(frozen=True, slots=True)
class AttachmentText:
    """What an attachment says; `problem` where it could not be read."""

    text: str = ""
    problem: str | None = None


def extract_text(parts: TaskParts, given: ExtractTextInput) -> AttachmentText:
    """The attachment's text, cut to a length that fits a workflow's payload."""
    attachment = given.attachment
    if attachment.text is not None:
        return AttachmentText(attachment.text[:TEXT_CHARS_MAX])
    if attachment.type is AttachmentType.VIDEO:
        return AttachmentText(problem="A video is kept for the operator; nothing is read out of it.")
    if not attachment.uri.startswith(STORED):
        return AttachmentText(
            problem=f"{attachment.uri} is not a stored file, and nothing is fetched from outside."
        )
    name = attachment.uri.removeprefix(STORED)
    try:
        text = parts.read_attachment(parts.objects.get(given.tenant_id, name), attachment.name or name)
    except (InvalidInput, NotFound) as error:
        return AttachmentText(problem=str(error))
    return AttachmentText(text[:TEXT_CHARS_MAX])


TASK = Task("extract_text", ExtractTextInput, AttachmentText, extract_text)
