"""Text out of a customer's file, by the same extractors that read manuals."""

from dataclasses import replace

from rimedio.knowledge.extract import Extracted, Limits, PageReader, extract

ATTACHMENT_LIMITS = Limits(bytes_max=20 * 1024 * 1024, pages_max=50, ocr_pages_max=5)


def read_attachment(data: bytes, name: str, reader: PageReader | None = None) -> str:
    """The file's text, block by block; `reader` reads scanned pages. Raises InvalidDocument."""
    limits = ATTACHMENT_LIMITS if reader is None else replace(ATTACHMENT_LIMITS, page_reader=reader)
    read: Extracted = extract(data, name, limits=limits)
    return "\n".join(block.text for block in read.blocks)
