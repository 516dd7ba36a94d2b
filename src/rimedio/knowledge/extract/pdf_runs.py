"""What PDFium knows of a page's text: lines in the order of the file, cut where white space is wide.

PDFium decides on spaces and line ends; boxes are asked only for the first and last letter of each word, which
keeps a page of 3,000 letters at a few milliseconds.
"""

import ctypes
import re
from collections.abc import Iterator, Sequence
from typing import Any

from rimedio.knowledge.extract.decoding import CONTROLS, INVISIBLE
from rimedio.knowledge.extract.pdf_layout import CELL_GAP, Box, Run

CHARS_PER_PAGE_MAX = 200_000
BOLD_WEIGHT = 600
WORD = re.compile(r"\S+")
HYPHEN = re.compile(r"[\ufffe\x02]")  # PDFium's mark where it joins a word that a line end has cut
TALL = 0.72  # height of a capital letter, of the font size


def page_runs(text_page: Any) -> Iterator[Run]:
    """Runs of one page: a line, or the part of a line between wide gaps."""
    count = min(text_page.count_chars(), CHARS_PER_PAGE_MAX)
    text = _characters(text_page, count)
    for line in re.finditer(r"[^\r\n]+", text):
        words = [(line.start() + w.start(), line.start() + w.end()) for w in WORD.finditer(line.group())]
        if words:
            yield from _line_runs(_Probe(text_page), text, words)


def _characters(text_page: Any, count: int) -> str:
    """One character an index, so that places in the string are PDFium's indices."""
    from pypdfium2 import raw  # heavy

    text = str(text_page.get_text_range())
    if len(text) == count:
        return text
    codes = (raw.FPDFText_GetUnicode(text_page, index) for index in range(count))
    return "".join(
        chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " " for code in codes
    )


class _Probe:
    """Asks PDFium about single characters."""

    def __init__(self, text_page: Any) -> None:
        from pypdfium2 import raw  # heavy

        self._raw = raw
        self._page = text_page
        self._edges = [ctypes.c_double() for _ in range(4)]
        self._pointers = [ctypes.byref(edge) for edge in self._edges]

    def box(self, index: int, angle: float) -> Box:
        """(left, baseline, right, baseline) in points, turned upright."""
        x, y = self._edges[:2]
        self._raw.FPDFText_GetCharOrigin(self._page, index, self._pointers[0], self._pointers[1])
        _, base, _, _ = Run.turned((x.value, y.value, x.value, y.value), angle)
        left, right, bottom, top = self._edges
        self._raw.FPDFText_GetCharBox(self._page, index, *self._pointers)
        start, _, end, _ = Run.turned((left.value, bottom.value, right.value, top.value), angle)
        return start, base, end, base

    def size(self, index: int) -> float:
        """Font size in points as drawn: the nominal size times the scale of the text matrix."""
        matrix = self._raw.FS_MATRIX()
        size = float(self._raw.FPDFText_GetFontSize(self._page, index))
        if self._raw.FPDFText_GetMatrix(self._page, index, ctypes.byref(matrix)):
            scale = float(matrix.c**2 + matrix.d**2) ** 0.5
            size *= scale or 1.0
        return size or 10.0

    def angle(self, index: int) -> float:
        """Radians by which the character is turned."""
        return float(self._raw.FPDFText_GetCharAngle(self._page, index))

    def bold(self, index: int) -> bool:
        """By weight, or by the font's name."""
        if self._raw.FPDFText_GetFontWeight(self._page, index) >= BOLD_WEIGHT:
            return True
        buffer = ctypes.create_string_buffer(128)
        self._raw.FPDFText_GetFontInfo(self._page, index, buffer, 128, ctypes.byref(ctypes.c_int()))
        return b"bold" in buffer.value.lower() or b"black" in buffer.value.lower()


def _line_runs(probe: _Probe, text: str, words: Sequence[tuple[int, int]]) -> Iterator[Run]:
    start = words[0][0]
    size, angle = probe.size(start), probe.angle(start)
    group: list[tuple[int, int]] = []
    boxes: list[Box] = []
    cut = False
    for first, last in words:
        mark = HYPHEN.search(text, first + 1, last)
        end = mark.start() if mark else last
        box = _around(probe.box(first, angle), probe.box(end - 1, angle))
        if boxes and (cut or _apart(boxes[-1], box, size)):
            yield _run(probe, text, group, boxes)
            group, boxes = [], []
        group.append((first, last))
        boxes.append(box)
        cut = mark is not None  # what follows the word stands on the next line
    yield _run(probe, text, group, boxes)


def _apart(before: Box, after: Box, size: float) -> bool:
    """Whether two words of one line stand in different cells, columns or lines."""
    gap = after[0] - before[2]
    return gap > CELL_GAP * size or gap < -2.0 * size or abs(after[1] - before[1]) > 1.5 * size


def _around(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _run(probe: _Probe, text: str, words: Sequence[tuple[int, int]], boxes: Sequence[Box]) -> Run:
    box = boxes[0]
    for other in boxes[1:]:
        box = _around(box, other)
    raw = HYPHEN.sub("", " ".join(text[a:b] for a, b in words))
    cleaned = " ".join(CONTROLS.sub("", raw).translate(INVISIBLE).split())
    size = probe.size(words[len(words) // 2][0])
    bold = probe.bold(words[0][0]) and probe.bold(words[-1][0])
    return Run(box[0], box[1], box[2], box[1] + TALL * size, cleaned, size, bold)
