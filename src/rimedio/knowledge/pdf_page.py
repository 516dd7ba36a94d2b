"""A page of a PDF for people: as a picture, and where on it a quote stands.

The picture and the boxes come from the same PDFium page, so they agree whatever rotation or crop it has. PDFium
works in a confined process.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rimedio.domain.errors import InvalidInput, NotFound
from rimedio.knowledge.extract.confinement import confined
from rimedio.knowledge.extract.pdf import PICTURE
from rimedio.knowledge.extract.pdf_file import open_pdf

WIDTH_MIN, WIDTH_MAX = 200, 2000
HEIGHT_MAX = 4000
GRID = 10_000  # device units of a page, in which boxes are measured before they become fractions
QUOTE_LETTERS_MIN = 8  # a shorter beginning is found anywhere


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page; all fractions of its width and height, 0..1, from the top left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PagePlace:
    """A page and where the quote stands on it; sizes in PDF points, no boxes when it is not found."""

    number: int
    of: int
    width: float
    height: float
    boxes: tuple[Box, ...]


def page_picture(data: bytes, name: str, number: int, width: int = 900) -> bytes:
    """The page as PNG, `width` pixels wide. Raises NotFound, InvalidInput, InvalidDocument."""
    if not WIDTH_MIN <= width <= WIDTH_MAX:
        raise InvalidInput(f"A width of {width} pixels is not allowed. Ask for {WIDTH_MIN} to {WIDTH_MAX}.")
    return confined(_picture, PICTURE, data, name, number, width)


def _picture(data: bytes, name: str, number: int, width: int) -> bytes:
    with open_pdf(data, name) as document, _page(document, name, number) as page:
        points_wide, points_high = page.get_size()
        scale = min(width / max(points_wide, 1.0), HEIGHT_MAX / max(points_high, 1.0))
        picture = page.render(scale=scale).to_pil()
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        return buffer.getvalue()


def find_on_page(data: bytes, name: str, first: int, last: int, quote: str) -> PagePlace:
    """The page from `first` to `last` on which `quote` stands, and its boxes there.

    Where it is on none of them, `first` without boxes. Raises NotFound, InvalidDocument.
    """
    return confined(_found, PICTURE, data, name, first, last, quote)


def _found(data: bytes, name: str, first: int, last: int, quote: str) -> PagePlace:
    with open_pdf(data, name) as document:
        places = [
            _place(document, name, number, quote)
            for number in range(first, min(max(first, last), len(document)) + 1)
        ]
    if not places:
        raise _no_page(name, first, 0)
    return next((place for place in places if place.boxes), places[0])


class _page:  # noqa: N801 - a context manager that reads as a function
    def __init__(self, document: Any, name: str, number: int) -> None:
        if not 1 <= number <= len(document):
            raise _no_page(name, number, len(document))
        self._page = document[number - 1]

    def __enter__(self) -> Any:
        return self._page

    def __exit__(self, *_: object) -> None:
        self._page.close()


def _no_page(name: str, number: int, count: int) -> NotFound:
    return NotFound(f"{name} has no page {number}. It has {count} pages.")


def _place(document: Any, name: str, number: int, quote: str) -> PagePlace:
    with _page(document, name, number) as page:
        width, height = page.get_size()
        text_page = page.get_textpage()
        try:
            boxes = tuple(_boxes(page, text_page, quote))
        finally:
            text_page.close()
        return PagePlace(number, len(document), width, height, boxes)


def _boxes(page: Any, text_page: Any, quote: str) -> Iterator[Box]:
    """A box for each piece of a line that the quote covers."""
    found = _char_range(text_page, quote)
    if found is None:
        return
    start, count = found
    for at in range(text_page.count_rects(start, count)):
        yield _fraction(page, text_page.get_rect(at))


def _char_range(text_page: Any, quote: str) -> tuple[int, int] | None:
    """First character and count, letters and digits compared: PDFs put spaces and hyphens anywhere.

    A quote that runs on to the next page is sought by its longest beginning that stands on this one.
    """
    from pypdfium2 import raw  # heavy

    letters: list[str] = []
    origin: list[int] = []
    for index in range(text_page.count_chars()):
        for letter in chr(raw.FPDFText_GetUnicode(text_page, index)).casefold():
            if letter.isalnum():
                letters.append(letter)
                origin.append(index)
    flat = "".join(letters)
    wanted = "".join(letter for letter in quote.casefold() if letter.isalnum())
    while len(wanted) >= QUOTE_LETTERS_MIN:
        at = flat.find(wanted)
        if at >= 0:
            first, last = origin[at], origin[at + len(wanted) - 1]
            return first, last - first + 1
        wanted = wanted[: len(wanted) * 3 // 4]
    return None


def _fraction(page: Any, rect: tuple[float, float, float, float]) -> Box:
    left, bottom, right, top = rect
    (x1, y1), (x2, y2) = (_device(page, left, top), _device(page, right, bottom))
    x, y = min(x1, x2), min(y1, y2)
    return Box(*(round(value, 4) for value in (x, y, abs(x2 - x1), abs(y2 - y1))))


def _device(page: Any, x: float, y: float) -> tuple[float, float]:
    """A point of the page as fractions, rotation and crop box applied by PDFium."""
    import ctypes

    from pypdfium2 import raw  # heavy

    right, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, GRID, GRID, 0, x, y, right, down)
    return right.value / GRID, down.value / GRID
