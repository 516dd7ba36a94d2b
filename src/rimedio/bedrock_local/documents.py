"""Text of a document that came inside a message, by the laptop's own readers."""

import base64
import binascii

from rimedio.bedrock_local.errors import ValidationError
from rimedio.domain.errors import InvalidDocument

_ENDINGS = {"pdf": ".pdf", "docx": ".docx", "html": ".html", "md": ".md", "txt": ".txt", "csv": ".txt"}


def document_text(name: str, kind: str | None, content: str | None, place: str) -> str:
    """The text of base64 `content`. Raises ValidationError for what cannot be read here."""
    ending = _ENDINGS.get(kind or "")
    if content is None:
        raise ValidationError(
            f"{place}: the document {name!r} holds no bytes and no text; S3 is not read here."
        )
    if ending is None:
        known = ", ".join(_ENDINGS)
        raise ValidationError(f"{place}: documents of format {kind!r} are not read here. Known are: {known}.")
    from rimedio.tickets.read_attachment import read_attachment

    try:
        return read_attachment(base64.b64decode(content, validate=True), f"{name}{ending}")
    except (binascii.Error, InvalidDocument) as error:
        raise ValidationError(f"{place}: {error}") from error
