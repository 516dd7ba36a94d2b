"""PDF through pypdfium2: text with place and font size, laid out by `pdf_layout`; pages as pictures.

All of it runs in a confined process: PDFium unfolds whatever a file asks for, and ends the process when it cannot.
"""

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rimedio.domain.errors import InvalidDocument
from rimedio.knowledge.extract.blocks import Block
from rimedio.knowledge.extract.confined import narrow
from rimedio.knowledge.extract.pdf_layout import Run, blocks_of
from rimedio.knowledge.extract.pdf_runs import page_runs

OCR_SCALE = 300 / 72
OCR_PIXELS_MAX = 40_000_000
SECONDS_PER_FILE, SECONDS_PER_PAGE = 2.0, 0.25  # real pages take a hundredth
WORDLESS = re.compile(r"[\W\d_]*")
_PDFIUM = threading.Lock()  # PDFium is not thread-safe


@dataclass(frozen=True, slots=True)
class PdfText:
    """What PDFium reads in a file: `title` as the file gives it, `scanned` the places of pages that need OCR."""

    title: str
    blocks: tuple[Block, ...]
    pages: int
    damaged: int
    scanned: tuple[int, ...]


def read_text(data: bytes, name: str, pages_max: int) -> PdfText:
    """Blocks with page numbers. Raises InvalidDocument when it is encrypted, damaged, or too long."""
    with open_pdf(data, name) as document:
        count = len(document)
        if count > pages_max:
            msg = f"{name} has {count} pages, more than the {pages_max} that one PDF may have. Split it."
            raise InvalidDocument(msg)
        narrow(SECONDS_PER_FILE + SECONDS_PER_PAGE * count)
        pages, damaged = _pages(document)
        if damaged == count:
            msg = f"{name} is damaged: none of its {count} pages can be read. Download or export it again."
            raise InvalidDocument(msg)
        bare = [at for at, runs in enumerate(pages) if WORDLESS.fullmatch("".join(r.text for r in runs))]
        scanned = tuple(at for at in bare if _has_image(document, at))
        title = " ".join(str(document.get_metadata_dict().get("Title", "")).split())
        return PdfText(title, tuple(blocks_of(pages)), count, damaged, scanned)


def page_image(data: bytes, name: str, at: int) -> bytes:
    """The page at `at`, from 0, as PNG for OCR."""
    with open_pdf(data, name) as document:
        page = document[at]
        try:
            width, height = page.get_size()
            scale = min(OCR_SCALE, (OCR_PIXELS_MAX / max(1.0, width * height)) ** 0.5)
            buffer = io.BytesIO()
            page.render(scale=scale, grayscale=True).to_pil().save(buffer, "PNG")
            return buffer.getvalue()
        finally:
            page.close()


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
