"""From runs of text on a page to blocks: lines, columns, tables, headings, running heads left out.

Coordinates are PDF points, y growing upwards. Everything is decided by geometry and font size, so that it
works for any language.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from rimedio.knowledge.extract.blocks import Block, Heading, Table
from rimedio.knowledge.extract.plain import text_blocks

CELL_GAP = 1.1  # of the font size: a wider gap inside a line separates cells or columns
JOIN_GAP = 0.4
HEADING_RATIO = 1.13  # of the body's font size
HEADING_CHARS_MAX = 120
BOLD_HEADING_CHARS_MAX = 80
COLUMN_CHARS_MIN = 18  # mean length of lines in a text column; shorter ones are cells of a table
COLUMN_LINES_MIN = 4
CROSSING_MAX = 0.25  # share of lines that may run across the gutter between columns
RUNNING_SHARE = 0.5  # of the pages: a line that often at the same edge is a running head
RUNNING_PAGES_MIN = 3
EDGE_LINES = 2
TABLE_ROWS_MIN = 3
TABLE_GAP = 3.5  # of the usual line distance: more white than that ends a table
MARKER = re.compile(r"\A(?:[-•*–▪‣◦o·]|\(?\d{1,3}[.)]|\(?[a-z][.)])\Z")


Box = tuple[float, float, float, float]  # left, bottom, right, top


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a line, upright."""

    left: float
    bottom: float
    right: float
    top: float
    text: str
    size: float
    bold: bool = False

    @staticmethod
    def turned(box: Box, angle: float) -> Box:
        """A box whose text stands at `angle` radians, clockwise as PDFium counts, turned upright."""
        left, bottom, right, top = box
        quarter = round(angle / (math.pi / 2)) % 4
        if quarter == 3:
            return bottom, -right, top, -left
        if quarter == 2:
            return -right, -top, -left, -bottom
        if quarter == 1:
            return -top, left, -bottom, right
        return box


def blocks_of(pages: Sequence[Sequence[Run]]) -> list[Block]:
    """Blocks of all pages; `pages[0]` is page 1."""
    running = _running_heads(pages)
    kept = [_without_running(runs, running) for runs in pages]
    body = _body_size(kept)
    bold = _is_bold(kept)
    levels = _levels(kept, body)
    return [
        block
        for number, segments in enumerate(kept, start=1)
        for region in _regions(segments)
        for block in _region_blocks(region, number, _Fonts(body, levels, bold))
    ]


def _rows(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs by baseline from the top, each row from left to right."""
    rows: list[list[Run]] = []
    for run in sorted(runs, key=lambda r: (-(r.top + r.bottom) / 2, r.left)):
        middle = (run.top + run.bottom) / 2
        if rows and rows[-1][0].bottom < middle < rows[-1][0].top:
            rows[-1].append(run)
        else:
            rows.append([run])
    return [_joined(sorted(row, key=lambda r: r.left)) for row in rows]


def _joined(row: Sequence[Run]) -> list[Run]:
    """A row whose pieces with no white between them, such as an index and its word, are one run."""
    joined = [row[0]]
    for run in row[1:]:
        last = joined[-1]
        if run.left - last.right < JOIN_GAP * max(run.size, last.size):
            space = " " if run.left - last.right > 0.15 * last.size else ""
            size, bold = max(last.size, run.size), last.bold and run.bold
            text = f"{last.text}{space}{run.text}"
            joined[-1] = Run(
                last.left, last.bottom, max(last.right, run.right), max(last.top, run.top), text, size, bold
            )
        else:
            joined.append(run)
    return joined


def _masked(text: str) -> str:
    return re.sub(r"\d+", "0", " ".join(text.split())).lower()


def _running_heads(pages: Sequence[Sequence[Run]]) -> frozenset[str]:
    """Lines, numbers masked, that stand at the edge of most pages."""
    if len(pages) < RUNNING_PAGES_MIN:
        return frozenset()
    seen = Counter(
        line for segments in pages for line in {_masked(s.text) for s in segments if _at_edge(s, segments)}
    )
    least = max(RUNNING_PAGES_MIN, math.ceil(RUNNING_SHARE * len(pages)))
    odd_even = max(
        RUNNING_PAGES_MIN, math.ceil(0.8 * RUNNING_SHARE * len(pages))
    )  # left and right pages differ
    return frozenset(line for line, n in seen.items() if n >= min(least, odd_even))


def _without_running(runs: Sequence[Run], running: frozenset[str]) -> Sequence[Run]:
    """A page without its running heads; a page of nothing else stays as it is."""
    rest = [run for run in runs if _masked(run.text) not in running or not _at_edge(run, runs)]
    return rest or runs


def _at_edge(segment: Run, segments: Sequence[Run]) -> bool:
    middle = (segment.top + segment.bottom) / 2
    above = {round(s.bottom) for s in segments if s.bottom > middle}
    below = {round(s.top) for s in segments if s.top < middle}
    return len(above) < EDGE_LINES or len(below) < EDGE_LINES


def _body_size(pages: Sequence[Sequence[Run]]) -> float:
    chars: Counter[float] = Counter()
    for segments in pages:
        for s in segments:
            chars[round(s.size * 2) / 2] += len(s.text)
    return chars.most_common(1)[0][0] if chars else 10.0


def _is_bold(pages: Sequence[Sequence[Run]]) -> bool:
    """Whether so much is bold that it sets no heading apart."""
    bold = sum(len(s.text) for segments in pages for s in segments if s.bold)
    return bold * 3 > sum(len(s.text) for segments in pages for s in segments)


def _levels(pages: Sequence[Sequence[Run]], body: float) -> dict[float, int]:
    """Heading level by font size: the largest size that is used for short lines is 1."""
    sizes = {
        round(s.size * 2) / 2
        for segments in pages
        for s in segments
        if s.size > HEADING_RATIO * body and len(s.text) <= HEADING_CHARS_MAX
    }
    return {size: min(level, 5) for level, size in enumerate(sorted(sizes, reverse=True), start=1)}


def _regions(segments: Sequence[Run], depth: int = 0) -> Iterator[list[Run]]:
    """Stretches of a page in reading order: above the columns, left column, right column, below."""
    gutter = _gutter(segments) if depth < 3 else None
    if gutter is None:
        if segments:
            yield sorted(segments, key=lambda s: (-s.top, s.left))
        return
    left: list[Run] = []
    right: list[Run] = []
    across: list[Run] = []
    for row in _rows(segments):
        if any(s.left < gutter < s.right for s in row):
            for column in (left, right):
                yield from _regions(column, depth + 1)
            left, right = [], []
            across.extend(row)
            continue
        if across:
            yield across
            across = []
        for s in row:
            (left if s.right <= gutter else right).append(s)
    for column in (left, right, across):
        yield from _regions(column, depth + 1)


def _gutter(segments: Sequence[Run]) -> float | None:
    """x of the white stripe between two text columns, None when there is one column."""
    if len(segments) < 2 * COLUMN_LINES_MIN:
        return None
    low, high = min(s.left for s in segments), max(s.right for s in segments)
    best: tuple[int, float] | None = None
    for x in sorted({s.left - 1.0 for s in segments if low + 0.2 * (high - low) < s.left < high}):
        crossing = sum(s.left < x < s.right for s in segments)
        left = [s for s in segments if s.right <= x]
        right = [s for s in segments if s.left >= x]
        few = crossing <= CROSSING_MAX * len(segments) and (best is None or crossing < best[0])
        if few and _is_column(left) and _is_column(right):
            best = (crossing, x)
    return best[1] if best else None


def _is_column(segments: Sequence[Run]) -> bool:
    if len(segments) < COLUMN_LINES_MIN:
        return False
    return sum(len(s.text) for s in segments) / len(segments) >= COLUMN_CHARS_MIN


@dataclass(frozen=True, slots=True)
class _Fonts:
    """How a document sets its headings apart."""

    body: float  # size of running text
    levels: dict[float, int]  # heading level by size
    bold_body: bool

    def level(self, row: Sequence[Run], text: str, *, apart: bool) -> int:
        """Heading level of a line, 0 for running text; `apart` says that white space stands above it."""
        size = max(s.size for s in row)
        if len(row) > 2 or len(text) > HEADING_CHARS_MAX or not re.search(r"[^\W\d_]", text):
            return 0
        if size > HEADING_RATIO * self.body and (level := self.levels.get(round(size * 2) / 2)):
            return level
        bold = apart and not self.bold_body and all(s.bold for s in row)
        return 6 if bold and len(text) <= BOLD_HEADING_CHARS_MAX and text[-1] not in ".,;" else 0


def _region_blocks(region: Sequence[Run], page: int, fonts: _Fonts) -> Iterator[Block]:
    rows = _rows(region)
    gap = _line_gap(rows)
    lines: list[str] = []
    headings: list[Heading] = []
    at = 0
    while at < len(rows):
        row = rows[at]
        text = " ".join(s.text for s in row)
        white = _white(rows[at - 1], row) if at else math.inf
        end = _table_end(rows, at, gap)
        level = 0 if end > at else fonts.level(row, text, apart=white > 1.15 * gap or bool(headings))
        if headings and (level != headings[-1].level or white > 2 * row[0].size):
            yield _one(headings)
            headings = []
        if level or end > at:
            yield from _text(lines, page)
            lines = []
        if end > at:
            yield _table(rows[at:end], page)
        elif level:
            headings.append(Heading(text, level, page))
        else:
            if lines and white > 1.3 * gap:
                lines.append("")
            lines.append(text)
        at = max(end, at + 1)
    yield from _text(lines, page)
    if headings:
        yield _one(headings)


def _one(headings: Sequence[Heading]) -> Heading:
    """The lines of one heading."""
    return Heading(
        _dehyphenated("\n".join(h.text for h in headings)).replace("\n", " "),
        headings[0].level,
        headings[0].page,
    )


def _line_gap(rows: Sequence[Sequence[Run]]) -> float:
    """Usual distance between the baselines of neighbouring lines."""
    steps = [step for a, b in pairwise(rows) if (step := _white(a, b)) > 0]
    return median(steps) if steps else 12.0


def _white(above: Sequence[Run], below: Sequence[Run]) -> float:
    return above[0].bottom - below[0].bottom


def _text(lines: Sequence[str], page: int) -> Iterator[Block]:
    if lines:
        yield from text_blocks(_dehyphenated("\n".join(lines)), page)


def _dehyphenated(text: str) -> str:
    """Words cut at the end of a line made whole; "EV-\\nCharger" keeps its hyphen."""
    return re.sub(r"(?<=[^\W\d_]{2})-\n(?=[a-zà-ÿ]{2})", "", text)


def _table_end(rows: Sequence[Sequence[Run]], start: int, gap: float) -> int:
    """Index after the table that starts at row `start`; `start` when none does."""
    if len(rows[start]) < 2 or MARKER.match(rows[start][0].text):
        return start
    margin = min(s.left for s in rows[start])
    end = start + 1
    while end < len(rows) and _white(rows[end - 1], rows[end]) < TABLE_GAP * max(gap, rows[end][0].size):
        row = rows[end]
        if len(row) == 1 and row[0].left < margin + row[0].size:
            break
        margin = min(margin, row[0].left)
        end += 1
    full = sum(len(row) > 1 for row in rows[start:end])
    if full < TABLE_ROWS_MIN or full * 3 < end - start or len(_columns(rows[start:end])) < 2:
        return start
    return end


def _columns(rows: Sequence[Sequence[Run]]) -> list[tuple[float, float]]:
    """Left and right edge of each column, found by laying the cells of all rows over each other."""
    spans = sorted((s.left, s.right) for row in rows if len(row) > 1 for s in row)
    columns: list[tuple[float, float]] = []
    for left, right in spans:
        if columns and left <= columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], right))
        else:
            columns.append((left, right))
    return columns


def _table(rows: Sequence[Sequence[Run]], page: int) -> Table:
    columns = _columns(rows)
    cells: list[list[str]] = []
    for row in rows:
        found: dict[int, list[str]] = defaultdict(list)
        for s in row:
            middle = (s.left + s.right) / 2
            found[min(range(len(columns)), key=lambda i: _distance(columns[i], middle))].append(s.text)
        if len(cells) > 1 and 0 not in found:  # the first column is empty: the row above goes on
            for i, texts in found.items():
                cells[-1][i] = "\n".join([cells[-1][i], *texts]).strip()
        else:
            cells.append([" ".join(found.get(i, [])) for i in range(len(columns))])
    whole = [tuple(_dehyphenated(cell) for cell in row) for row in cells]
    headed = len(whole) > 1 and not any(re.search(r"\d", cell) for cell in whole[0])
    return Table(whole[0] if headed else (), tuple(whole[1:] if headed else whole), page)


def _distance(column: tuple[float, float], x: float) -> float:
    return max(column[0] - x, x - column[1], 0.0)
