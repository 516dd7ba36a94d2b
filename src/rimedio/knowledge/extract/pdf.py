"""PDF: what `pdf_file` reads in a confined process, and OCR of scanned pages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rimedio.domain.errors import InvalidDocument
from rimedio.knowledge.extract import ocr
from rimedio.knowledge.extract.blocks import MEBIBYTE, Block, Extracted, Heading, Limits, PageReader
from rimedio.knowledge.extract.confinement import Allowance, confined
from rimedio.knowledge.extract.pdf_file import WORDLESS, page_image, read_text
from rimedio.knowledge.extract.plain import text_blocks

PICTURE = Allowance(
    seconds=20.0, memory=448 * MEBIBYTE
)  # a page of 40 million pixels and the scan that is on it
JUNK_TITLE = re.compile(
    r"\A(?:untitled|microsoft|document\d*|.*\.(?:docx?|indd|pdf|tex|odt|qxd|fm))\b", re.IGNORECASE
)


def extract_pdf(data: bytes, name: str, limits: Limits) -> Extracted:
    """Blocks with page numbers. Raises InvalidDocument when it is encrypted, damaged, a bomb, or only images."""
    found = confined(read_text, allowance(len(data)), data, name, limits.pages_max)
    blocks = list(found.blocks)
    reader = limits.page_reader or ocr.TesseractReader()
    read = found.scanned[: limits.ocr_pages_max] if reader.available() else ()
    by_ocr = bool(read)
    if by_ocr:
        blocks = _with_ocr(data, read, blocks, name, _Reading(reader, limits))
    if not any(not WORDLESS.fullmatch(block.text) for block in blocks):
        raise _without_text(name, bool(found.scanned), by_ocr, limits)
    unread = found.damaged + len(found.scanned) - len(read)
    attributes = {"pages_without_text": str(unread)} if unread else {}
    title = _title(found.title, blocks)
    return Extracted(title, tuple(blocks), "pdf", pages=found.pages, attributes=attributes, by_ocr=by_ocr)


def allowance(size: int) -> Allowance:
    """What reading the text of a PDF of `size` bytes may take: about five times what the densest manuals do."""
    return Allowance(seconds=3.0 + 8.0 * size / MEBIBYTE, memory=128 * MEBIBYTE + 8 * size)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Who reads scanned pages, and what that may cost."""

    reader: PageReader
    limits: Limits


def _with_ocr(
    data: bytes, scanned: Sequence[int], blocks: Sequence[Block], name: str, reading: _Reading
) -> list[Block]:
    """Blocks of the pages with text and of the scanned ones, in the order of the pages."""
    read: list[Block] = []
    for at in scanned:
        picture = confined(page_image, PICTURE, data, name, at)
        text = reading.reader.read_image(picture, name, reading.limits.ocr_seconds_per_page)
        read.extend(text_blocks(text, at + 1))
    return sorted([*blocks, *read], key=lambda block: block.page or 0)


def _without_text(name: str, scanned: bool, by_ocr: bool, limits: Limits) -> InvalidDocument:
    if by_ocr:
        return InvalidDocument(
            f"{name} holds only images in which OCR found no text. Scan it again at 300 dpi."
        )
    if scanned and not limits.ocr_pages_max:
        return InvalidDocument(
            f"{name} holds only images, and OCR is switched off. Switch on the setting `ocr`."
        )
    if scanned:
        return InvalidDocument(
            f"{name} holds only images, so it needs OCR, and Tesseract is not installed. Install it "
            f"({ocr.INSTALL}) and ingest again."
        )
    return InvalidDocument(f"{name} holds no words. Check that it is the right file.")


def _title(given: str, blocks: Sequence[Block]) -> str:
    if len(given) >= 4 and " " in given and not JUNK_TITLE.match(given):
        return given
    return next((b.text for b in blocks if isinstance(b, Heading) and (b.page or 1) <= 2), "")
