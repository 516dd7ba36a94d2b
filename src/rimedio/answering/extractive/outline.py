"""Reads a passage's plain text or Markdown into blocks: headings, labels, list items, table rows, paragraphs.

Blocks are spans of the text, so whatever is taken from them is literally in it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

from rimedio.answering.extractive.cues import Part, part_named
from rimedio.answering.sentences import Span


class Shape(StrEnum):
    """Kind of block."""

    HEADING = "HEADING"
    LABEL = "LABEL"  # "Cause:" before text of its own
    ITEM = "ITEM"
    ROW = "ROW"
    TEXT = "TEXT"
    CODE = "CODE"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table row under its column's title."""

    title: str
    span: Span


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of text. `level`: of a heading 1 (outermost) to 8; of an item its indentation."""

    shape: Shape
    span: Span
    level: int = 0
    marker: str = ""
    cells: tuple[Cell, ...] = ()


BARE_HEADING_LEVEL = 7
_BOLD_HEADING_LEVEL = 6
_OWN_HEADING_LEVEL = 1
_GLUED_HEADING_LEVEL = 5
_OPENS_HEADING = re.compile(r"(?:\d{1,2}(?:\.\d{1,2})*\.?\s+)?[A-ZÀ-Ý]")
_LAST_SMALL = re.compile(
    r"\b(?:the|a|an|of|to|in|on|for|and|or|with|by|il|lo|la|i|gli|le|di|da|del|della|dei|e|o|con|per|in"
    r"|al|alla)$",
    re.IGNORECASE,
)
_ATX = re.compile(r"\s{0,3}(#{1,6})\s+(.+?)\s*$")
_UNDERLINE = re.compile(r"\s*([=\-~^\"'*+#])\1{2,}\s*$")
_RULE_SIGNS = frozenset("-*_=+|: \t")
_RULE_SIGNS_MIN = 3
_FENCE = re.compile(r"\s*(```|~~~)")
_BULLET = "[-*•·–▪◦‣]"
_ITEM = re.compile(
    rf"(?P<indent>[ \t]*)(?:\|\s+)?(?P<marker>{_BULLET}|\(?\d{{1,2}}[.)°]|[a-zA-Z]\)|(?:[Ss]tep|[Pp]asso"
    rf"|[Ff]ase)\s+\d{{1,2}}\s*[:.–-])\s+(?=\S)"
)
_BOLD_LINE = re.compile(r"\s*(\*\*|__)(.{2,90}?)\1:?\s*$")
_BARE_CODE = re.compile(r"\s*[A-Z]{0,3}-?\d{2,4}(?:[/.-]\d{1,3})?\s*")
_LINE_BLOCK = re.compile(r"[ \t]*\| ?(?=[^|]*$)")
_UNDERLINE_LEVEL = {"=": 1, "-": 2, "~": 3, "^": 4}
_INLINE_NUMBER = re.compile(r"(?<!\S)(\d{1,2})[.)]\s+(?=\S)")
_BREAK = re.compile(r"<br\s*/?>|\n\s*\n|\s•\s|\s\|\s", re.IGNORECASE)
_LABEL_CHARS_MAX = 60
_TITLE_WORDS_MAX = 5
_GLUED_HEADING_CHARS_MAX = 70
_COLON = re.compile(r"(?:\*\*|__)?\s?[:：](?:\*\*|__)?(?=\s|$)")
_LABEL_START = re.compile(
    r"(?:^|(?<=[.;!?:|·\n]))[ \t\n]*(?:[-*•–][ \t]+)?(?:\*\*|__)?(?P<label>[^\W_][^.;!?:|·\n]*)$"
)
_RECORD_LINE = re.compile(r"[ \t]*(?:[-*•] )?(?:\*\*)?[^\W\d_][\w /'’()-]{1,34}(?:\*\*)?\s?:(?:\*\*)?\s+\S")


@dataclass(slots=True)
class _Reader:
    text: str
    lines: list[Span] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    at: int = 0
    headings: frozenset[str] = frozenset()

    def line(self, i: int) -> str:
        return self.lines[i].of(self.text) if i < len(self.lines) else ""


@lru_cache(maxsize=512)
def read_outline(text: str, section: tuple[str, ...] = ()) -> tuple[Block, ...]:
    """Blocks of `text` in reading order. Rules (`---`) and table frames are dropped.

    A line that repeats a heading of the passage's `section` path is a heading, whatever it looks like.
    """
    reader = _Reader(text, _lines(text), headings=frozenset(section))
    while reader.at < len(reader.lines):
        _read_next(reader)
    return tuple(piece for block in reader.blocks for piece in _split(text, block))


def _lines(text: str) -> list[Span]:
    spans, start = [], 0
    for line in text.split("\n"):
        spans.append(Span(start, start + len(line)))
        start += len(line) + 1
    return spans


def _read_next(reader: _Reader) -> None:
    line = reader.line(reader.at)
    if not line.strip():
        reader.at += 1
    elif fence := _FENCE.match(line):
        _read_fence(reader, fence[1])
    elif atx := _ATX.match(line):
        _heading(reader, Span(*atx.span(2)), len(atx[1]), 1)
    elif _is_underlined(reader):
        mark = reader.line(reader.at + 1).strip()[0]
        _heading(reader, _trim(line), _UNDERLINE_LEVEL.get(mark, 5), 2)
    elif _is_rule(line):
        reader.at += 1
    elif _is_row(line):
        _read_table(reader)
    elif bold := _BOLD_LINE.match(line):
        _heading(reader, Span(*bold.span(2)), _BOLD_HEADING_LEVEL, 1)
    elif line.strip() in reader.headings or _BARE_CODE.fullmatch(line):
        _heading(reader, _trim(line), _OWN_HEADING_LEVEL, 1)
    elif _is_bare_heading(line):
        _heading(reader, _trim(line), BARE_HEADING_LEVEL, 1)
    elif _is_glued_heading(reader):
        _heading(reader, _trim(line), _GLUED_HEADING_LEVEL, 1)
    else:
        _read_prose(reader)


def _heading(reader: _Reader, inside: Span, level: int, lines: int) -> None:
    base = reader.lines[reader.at].start
    reader.blocks.append(Block(Shape.HEADING, Span(base + inside.start, base + inside.end), level))
    reader.at += lines


def _trim(line: str) -> Span:
    return Span(len(line) - len(line.lstrip()), len(line.rstrip()))


def _is_underlined(reader: _Reader) -> bool:
    line, below = reader.line(reader.at), reader.line(reader.at + 1)
    if not _UNDERLINE.match(below) or _is_rule(line) or _ITEM.match(line) or len(line) > 120:
        return False
    above = reader.line(reader.at - 1) if reader.at else ""
    return not above.strip() or above.startswith("#") or bool(_UNDERLINE.match(above))


def _is_rule(line: str) -> bool:
    """A line drawn with signs: a thematic break, an underline, a table's frame."""
    return set(line) <= _RULE_SIGNS and sum(line.count(sign) for sign in "-*_=") >= _RULE_SIGNS_MIN


def _is_row(line: str) -> bool:
    stripped = line.strip()
    return (stripped.startswith("|") and stripped.count("|") >= 2) or " | " in stripped.lstrip("| ")


def _is_bare_heading(line: str) -> bool:
    plain = line.strip()
    if (
        not plain
        or plain[-1] in ".;,!?"
        or _ITEM.match(line)
        or not (plain[0].isupper() or plain[0].isdigit())
    ):
        return False
    return part_named(plain) is not None


def _is_glued_heading(reader: _Reader) -> bool:
    """A short line without a full stop after an empty line, with text directly below that begins anew."""
    line, below = reader.line(reader.at).strip(), reader.line(reader.at + 1).strip()
    above = reader.line(reader.at - 1).strip() if reader.at else ""
    under_heading = bool(reader.blocks) and reader.blocks[-1].shape is Shape.HEADING
    if (
        (above and not under_heading)
        or not below
        or len(line) > _GLUED_HEADING_CHARS_MAX
        or line[-1:] in ".:;,!)"
    ):
        return False
    if (
        _ITEM.match(line)
        or _RECORD_LINE.match(line)
        or not _OPENS_HEADING.match(line)
        or _LAST_SMALL.search(line)
    ):
        return False
    return below[0].isupper() or bool(_ITEM.match(below))


def _read_fence(reader: _Reader, fence: str) -> None:
    first = reader.at
    reader.at += 1
    while reader.at < len(reader.lines) and not reader.line(reader.at).strip().startswith(fence):
        reader.at += 1
    if reader.at > first + 1:
        span = Span(reader.lines[first + 1].start, reader.lines[reader.at - 1].end)
        reader.blocks.append(Block(Shape.CODE, span))
    reader.at += 1


def _read_table(reader: _Reader) -> None:
    """A run of rows; the first is the header when a frame follows it or when it names known parts."""
    titles: tuple[str, ...] = ()
    first = True
    while reader.at < len(reader.lines):
        line = reader.line(reader.at)
        if _is_rule(line):
            reader.at += 1
            continue
        if not _is_row(line):
            break
        spans = _cell_spans(line, reader.lines[reader.at].start)
        names = tuple(s.of(reader.text) for s in spans)
        framed = _is_rule(reader.line(reader.at + 1))
        if first and (framed or _are_titles(reader, names)):
            titles = names
        elif any(names):
            spans[-1] = Span(spans[-1].start, _end_of_last_cell(reader, spans[-1].end))
            cells = tuple(Cell(titles[i] if i < len(titles) else "", s) for i, s in enumerate(spans))
            reader.blocks.append(Block(Shape.ROW, Span(spans[0].start, spans[-1].end), cells=cells))
        first = False
        reader.at += 1


def _are_titles(reader: _Reader, names: Sequence[str]) -> bool:
    """Whether a first row without a frame is the header: it names known parts, or has words where others"
    " have data."""
    if sum(part_named(name) is not None for name in names) >= 2:
        return True
    below = reader.line(reader.at + 1)
    if not _is_row(below) or not all(names) or any(len(n.split()) > _TITLE_WORDS_MAX for n in names[:2]):
        return False
    data = [span.of(below) for span in _cell_spans(below, 0)]
    return not _digits(names[:2]) and (_digits(names) == 0 or _digits(names) < _digits(data))


def _digits(cells: Sequence[str]) -> int:
    """How many cells hold a digit."""
    return sum(any(c.isdigit() for c in cell) for cell in cells)


def _end_of_last_cell(reader: _Reader, end: int) -> int:
    """The last cell of a row may go on over lines without bars."""
    while (below := reader.line(reader.at + 1)).strip() and not _is_row(below) and not _is_rule(below):
        if (
            _ATX.match(below)
            or _BOLD_LINE.match(below)
            or (_is_bare_heading(below) and not _ITEM.match(below))
        ):
            break
        reader.at += 1
        end = reader.lines[reader.at].end
    return end


def _cell_spans(line: str, base: int) -> list[Span]:
    start = len(line) - len(line.lstrip())
    end = len(line.rstrip())
    if line[start:end].startswith("|"):
        start += 1
    if line[start:end].endswith("|") and end - start > 1:
        end -= 1
    spans, at = [], start
    for match in re.finditer(r"(?<!\\)\|", line[start:end]):
        spans.append((at, start + match.start()))
        at = start + match.end()
    spans.append((at, end))
    trimmed = []
    for left, right in spans:
        piece = line[left:right]
        lead = len(piece) - len(piece.lstrip())
        trimmed.append(Span(base + left + lead, base + max(left + lead, left + len(piece.rstrip()))))
    return trimmed


def _read_prose(reader: _Reader) -> None:
    """One list item or paragraph, with the lines that go on from it."""
    first = reader.at
    line = reader.line(first)
    item = _ITEM.match(line)
    reader.at += 1
    while reader.at < len(reader.lines) and not _starts_block(reader, line):
        reader.at += 1
    start = reader.lines[first].start
    if not item and (block := _LINE_BLOCK.match(line)):
        start += block.end()
    shape = Shape.ITEM if item else Shape.TEXT
    begin = start + (item.start("marker") if item else 0)
    span = Span(begin, reader.lines[reader.at - 1].end)
    level = len(item["indent"].expandtabs(4)) if item else 0
    reader.blocks.append(Block(shape, span, level, item["marker"] if item else ""))


def _starts_block(reader: _Reader, opener: str) -> bool:
    line = reader.line(reader.at)
    if not line.strip() or _ITEM.match(line) or _ATX.match(line) or _FENCE.match(line) or _is_rule(line):
        return True
    if _is_row(line) or _LINE_BLOCK.match(line) or _BOLD_LINE.match(line) or _is_bare_heading(line):
        return True
    if _RECORD_LINE.match(line) and _RECORD_LINE.match(opener):
        return True
    return _opens_with_label(line) or _is_underlined(reader)


def _opens_with_label(line: str) -> bool:
    colon = _COLON.search(line[: _LABEL_CHARS_MAX + 2])
    return colon is not None and part_named(line[: colon.start()].strip(" \t-*•–_")) is not None


def _split(text: str, block: Block) -> list[Block]:
    """Cut labels ("Cause: …") off a paragraph or bullet, and numbered steps that share one line apart."""
    if block.shape not in {Shape.TEXT, Shape.ITEM}:
        return [block]
    if block.shape is Shape.ITEM and block.marker[-1:] in ".)°:–-" and block.marker not in "-–":
        return split_numbers(text, block)
    pieces: list[Block] = []
    at = block.span.start
    cut = False
    for label, after in _labels(text, block.span):
        if text[at : label.start].strip(" \t\n-*•·_"):
            pieces.append(Block(block.shape, Span(at, label.start), block.level, block.marker))
        pieces.append(Block(Shape.LABEL, label, 9))
        at, cut = after, True
    if text[at : block.span.end].strip():
        shape = Shape.TEXT if cut else block.shape
        pieces.append(Block(shape, Span(at, block.span.end), block.level, block.marker))
    return [one for piece in pieces for one in split_numbers(text, piece)]


def _labels(text: str, within: Span) -> Iterator[tuple[Span, int]]:
    """Spans of known titles before a colon, at the start of the block, a line or a sentence; and where"
    " they end."""
    for colon in _COLON.finditer(text, within.start, within.end):
        earlier = _LABEL_START.search(
            text, max(within.start, colon.start() - _LABEL_CHARS_MAX), colon.start()
        )
        if earlier is None:
            continue
        start = earlier.start("label")
        first = start <= within.start or not text[within.start : start].strip(" \t\n-*•–_")
        if not first and not text[start].isupper():
            continue
        part = part_named(text[start : colon.start()])
        if part is not None and part is not Part.WARNING:  # a warning's word is part of its message
            yield Span(start, colon.start()), colon.end()


def split_numbers(text: str, block: Block) -> list[Block]:
    """Numbered steps written one after the other in one paragraph or cell, each as an item of its own."""
    if block.shape not in {Shape.TEXT, Shape.ITEM}:
        return [block]
    starts: list[int] = []
    expected = 1
    for match in _INLINE_NUMBER.finditer(text, block.span.start, block.span.end):
        number = int(match[1])
        if number == expected or (starts and number == expected + 1):
            starts.append(match.start())
            expected = number + 1
    if len(starts) < 2:
        return [block]
    edges = [*starts, block.span.end]
    pieces = [
        Block(Shape.ITEM, Span(a, b), block.level, text[a:b].split(None, 1)[0]) for a, b in pairwise(edges)
    ]
    if text[block.span.start : starts[0]].strip():
        pieces.insert(0, Block(block.shape, Span(block.span.start, starts[0]), block.level, block.marker))
    return pieces


def read_cell(text: str, cell: Span) -> tuple[Block, ...]:
    """Blocks inside one table cell: lines broken by `<br>`, bullets, numbered steps."""
    pieces: list[Block] = []
    at = cell.start
    for match in [*_BREAK.finditer(text, cell.start, cell.end), None]:
        end = match.start() if match else cell.end
        if text[at:end].strip():
            item = _ITEM.match(text, at, end)
            shape = Shape.ITEM if item else Shape.TEXT
            pieces.append(Block(shape, Span(at, end), 0, item["marker"] if item else ""))
        at = match.end() if match else end
    return tuple(one for piece in pieces for one in split_numbers(text, piece))
