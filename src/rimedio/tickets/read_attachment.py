"""Text out of a customer's file, by the same extractors that read manuals."""

from rimedio.knowledge.extract import Extracted, Limits, extract

ATTACHMENT_LIMITS = Limits(bytes_max=20 * 1024 * 1024, pages_max=50, ocr_pages_max=5)


def read_attachment(data: bytes, name: str) -> str:
    """The file's text, block by block. Raises InvalidDocument when it cannot be read."""
    read: Extracted = extract(data, name, limits=ATTACHMENT_LIMITS)
    return "\n".join(block.text for block in read.blocks)
