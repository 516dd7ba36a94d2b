"""PDF through pypdfium2: text with place and font size, laid out by `pdf_layout`; OCR of scanned pages."""

import io
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rimedio.domain.errors import InvalidDocument
from rimedio.knowledge.extract import ocr
from rimedio.knowledge.extract.blocks import Block, Extracted, Heading, Limits, PageReader
from rimedio.knowledge.extract.pdf_layout import Run, blocks_of
from rimedio.knowledge.extract.pdf_runs import page_runs
from rimedio.knowledge.extract.plain import text_blocks

OCR_SCALE = 300 / 72
OCR_PIXELS_MAX = 40_000_000
WORDLESS = re.compile(r"[\W\d_]*")
JUNK_TITLE = re.compile(
    r"\A(?:untitled|microsoft|document\d*|.*\.(?:docx?|indd|pdf|tex|odt|qxd|fm))\b", re.IGNORECASE
)
_PDFIUM = threading.Lock()  # PDFium is not thread-safe


def extract_pdf(data: bytes, name: str, limits: Limits) -> Extracted:
    """Blocks with page numbers. Raises InvalidDocument when it is encrypted, damaged, or only images."""
    with open_pdf(data, name) as document:
        return _extracted(document, name, limits)


@contextmanager
def open_pdf(data: bytes, name: str) -> Iterator[Any]:
    """A pypdfium2 document, one at a time in the process. Raises InvalidDocument when it cannot be opened."""
    with _PDFIUM:
        document = _opened(data, name)
        try:
            yield document
        finally:
            document.close()


def _opened(data: bytes, name: str) -> Any:
    import pypdfium2  # heavy

    try:
        document = pypdfium2.PdfDocument(data)
        if len(document):
            return document
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            msg = f"{name} is password-protected. Save a copy without the password and ingest that."
        else:
            msg = f"{name} is damaged and cannot be opened as PDF. Download or export it again."
        raise InvalidDocument(msg) from error
    msg = f"{name} is a PDF without pages. Download or export it again."
    raise InvalidDocument(msg)


def _extracted(document: Any, name: str, limits: Limits) -> Extracted:
    count = len(document)
    if count > limits.pages_max:
        msg = f"{name} has {count} pages, more than the {limits.pages_max} that one PDF may have. Split it."
        raise InvalidDocument(msg)
    pages, damaged = _pages(document)
    if damaged == count:
        msg = f"{name} is damaged: none of its {count} pages can be read. Download or export it again."
        raise InvalidDocument(msg)
    bare = [at for at, runs in enumerate(pages) if WORDLESS.fullmatch("".join(r.text for r in runs))]
    scanned = [at for at in bare if _has_image(document, at)]
    blocks = blocks_of(pages)
    reader = limits.page_reader or ocr.TesseractReader()
    read = scanned[: limits.ocr_pages_max] if reader.available() else []
    by_ocr = bool(read)
    if by_ocr:
        blocks = _with_ocr(document, read, blocks, name, _Reading(reader, limits))
    if not any(not WORDLESS.fullmatch(block.text) for block in blocks):
        raise _without_text(name, bool(scanned), by_ocr, limits)
    unread = damaged + len(scanned) - len(read)
    attributes = {"pages_without_text": str(unread)} if unread else {}
    title = _title(document, blocks)
    return Extracted(title, tuple(blocks), "pdf", pages=count, attributes=attributes, by_ocr=by_ocr)


def _pages(document: Any) -> tuple[list[list[Run]], int]:
    """Runs of every page, and how many pages are damaged; one of those does not spoil the others."""
    from pypdfium2 import PdfiumError  # heavy

    pages: list[list[Run]] = []
    damaged = 0
    for at in range(len(document)):
        try:
            pages.append(_runs(document, at))
        except PdfiumError:
            pages.append([])
            damaged += 1
    return pages, damaged


def _runs(document: Any, at: int) -> list[Run]:
    page = document[at]
    text_page = page.get_textpage()
    try:
        return [run for run in page_runs(text_page) if run.text]
    finally:
        text_page.close()
        page.close()


def _has_image(document: Any, at: int) -> bool:
    from pypdfium2 import PdfiumError, raw  # heavy

    try:
        page = document[at]
    except PdfiumError:
        return False
    try:
        kinds = {raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM}
        return any(found.type in kinds for found in page.get_objects(max_depth=4))
    finally:
        page.close()


@dataclass(frozen=True, slots=True)
class _Reading:
    """Who reads scanned pages, and what that may cost."""

    reader: PageReader
    limits: Limits


def _with_ocr(
    document: Any,
    scanned: Sequence[int],
    blocks: Sequence[Block],
    name: str,
    reading: _Reading,
) -> list[Block]:
    """Blocks of the pages with text and of the scanned ones, in the order of the pages."""
    read: list[Block] = []
    for at in scanned:
        text = reading.reader.read_image(_image(document, at), name, reading.limits.ocr_seconds_per_page)
        read.extend(text_blocks(text, at + 1))
    return sorted([*blocks, *read], key=lambda block: block.page or 0)


def _image(document: Any, at: int) -> bytes:
    page = document[at]
    try:
        width, height = page.get_size()
        scale = min(OCR_SCALE, (OCR_PIXELS_MAX / max(1.0, width * height)) ** 0.5)
        buffer = io.BytesIO()
        page.render(scale=scale, grayscale=True).to_pil().save(buffer, "PNG")
        return buffer.getvalue()
    finally:
        page.close()


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


def _title(document: Any, blocks: Sequence[Block]) -> str:
    given = " ".join(str(document.get_metadata_dict().get("Title", "")).split())
    if len(given) >= 4 and " " in given and not JUNK_TITLE.match(given):
        return given
    return next((b.text for b in blocks if isinstance(b, Heading) and (b.page or 1) <= 2), "")
