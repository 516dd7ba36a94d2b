"""Structure-aware chunking: sections, tables and procedures stay whole; an error code is one chunk.

1. The document becomes sections under their headings.
2. A section whose heading defines error codes is one piece with all below it. A table, a list or a run of
   paragraphs whose entries define codes gives one piece an entry.
3. Other sections are packed towards the target size; what a colon introduces stays with its introduction.
4. Small neighbours under one heading are merged, unless the heading is a question: an answer is whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.chunking.definitions import CodeRow, Definitions
from rimedio.knowledge.chunking.pieces import CountTokens, Piece, page_range, render, split_block
from rimedio.knowledge.chunking.sections import Section, sections_of, with_bases
from rimedio.knowledge.chunking.strategies import MAX_TOKENS, TARGET_TOKENS
from rimedio.knowledge.extract import Block, Code, Extracted, Heading, ItemList, Paragraph, Table

WHOLE_FACTOR = 1.1  # a table or procedure may exceed the maximum by this much before it is cut
CODE_SECTION_TOKENS_MAX = 1_500  # an error code found by rule does not need to fit into an embedding
LABEL_CELL_CHARS = 24  # short cells of a code row share its first line


@dataclass(frozen=True, slots=True)
class StructureAware:
    """Cuts by the document's own structure; sizes in tokens."""

    target: int = TARGET_TOKENS
    most: int = MAX_TOKENS
    small: int = 70  # a section below this is merged with its neighbour

    def pieces(self, extracted: Extracted, taxonomy: Taxonomy, count: CountTokens) -> Sequence[Piece]:
        """Pieces of the document, in reading order."""
        definitions = Definitions(taxonomy)
        sections, strong = sections_of(extracted, definitions)
        apart = extracted.records or _is_faq(sections)
        cutter = _Cutter(self, definitions, count, strong, apart)
        return list(_merged(cutter.pieces(sections), self, count))


class _Cutter:
    """Turns sections into pieces."""

    def __init__(
        self,
        sizes: StructureAware,
        definitions: Definitions,
        count: CountTokens,
        strong: frozenset[str],
        apart: bool,
    ) -> None:
        self._sizes = sizes
        self._definitions = definitions
        self._count = count
        self._strong = strong
        self._apart = apart

    def pieces(self, sections: Sequence[Section]) -> Iterator[Piece]:
        at = 0
        while at < len(sections):
            section = sections[at]
            end = at + 1
            if section.codes:
                while end < len(sections) and sections[end].is_below(section) and not sections[end].codes:
                    end += 1
                blocks = [block for s in sections[at:end] for block in s.whole]
                yield from self._coded(blocks, section.path, section.codes)
            elif section.blocks or not (end < len(sections) and sections[end].is_below(section)):
                yield from self._section(section)
            at = end

    def _coded(
        self, blocks: Sequence[Block], path: tuple[str, ...], codes: tuple[str, ...]
    ) -> Iterator[Piece]:
        """One piece whatever its size, up to the hard limit; beyond it, pieces that all carry the codes."""
        if self._count(render(blocks)) <= CODE_SECTION_TOKENS_MAX:
            yield _piece(blocks, path, codes, sealed=True)
            return
        for group in self._packed(blocks, CODE_SECTION_TOKENS_MAX // 2, CODE_SECTION_TOKENS_MAX):
            yield _piece(group, path, codes, sealed=True)

    def _section(self, section: Section) -> Iterator[Piece]:
        pending: list[Block] = [section.heading] if section.heading else []
        for block in section.blocks:
            entries = list(self._entries(block, section))
            if not entries:
                pending.append(block)
                continue
            if any(not isinstance(b, Heading) for b in pending):
                yield from self._plain(pending, section.path)
            pending = []
            yield from entries
        yield from self._plain(pending, section.path)

    def _entries(self, block: Block, section: Section) -> Iterator[Piece]:
        """One piece for each entry of a table or list that defines codes."""
        if isinstance(block, Table):
            for row in self._definitions.of_table(block, in_context=section.context):
                yield Piece(
                    _row_text(block, row), section.path, block.page, block.page, row.codes, sealed=True
                )
        elif isinstance(block, ItemList) and section.context:
            found = [self._definitions.of_item(item, in_context=True) for item in block.items]
            fresh = [codes for codes in found if codes and not self._strong.intersection(with_bases(codes))]
            if len(fresh) >= 2 and len(fresh) * 2 > len(block.items):
                for item, codes in zip(block.items, found, strict=True):
                    own = codes if codes in fresh else ()
                    yield Piece(item, section.path, block.page, block.page, own, sealed=bool(own))

    def _plain(self, blocks: Sequence[Block], path: tuple[str, ...]) -> Iterator[Piece]:
        if blocks and (any(not isinstance(b, Heading) for b in blocks) or len(blocks) == 1):
            for group in self._packed(blocks, self._sizes.target, self._sizes.most):
                yield _piece(group, path, (), sealed=self._apart or is_question(path))

    def _packed(self, blocks: Sequence[Block], target: int, most: int) -> Iterator[list[Block]]:
        """Groups of blocks, each at most `most` tokens, nearly equal in size and not far above `target`."""
        units = [(unit, self._count(render(unit))) for unit in self._units(blocks, most)]
        total = sum(size for _, size in units)
        if total <= most:
            yield [block for unit, _ in units for block in unit]
            return
        goal = total / max(1, round(total / target))
        group: list[Block] = []
        size = 0
        for unit, tokens in units:
            if group and (size + tokens > most or size + tokens / 2 > goal):
                yield group
                group, size = [], 0
            group.extend(unit)
            size += tokens
        if group:
            yield group

    def _units(self, blocks: Sequence[Block], most: int) -> Iterator[list[Block]]:
        """Blocks that must stay together; blocks too large for one chunk are cut first."""
        unit: list[Block] = []
        size = 0
        for block in blocks:
            whole = isinstance(block, Table | ItemList)
            parts = split_block(block, int(most * WHOLE_FACTOR) if whole else most, self._count)
            if len(parts) > 1:
                parts = split_block(block, most, self._count)
            for part in parts:
                tokens = self._count(part.text)
                if unit and not (_introduces(unit[-1], part) and size + tokens <= most * WHOLE_FACTOR):
                    yield unit
                    unit, size = [], 0
                unit.append(part)
                size += tokens
        if unit:
            yield unit


def _is_faq(sections: Sequence[Section]) -> bool:
    """Whether so many headings ask something that all of them are entries of one list of questions."""
    paths = [s.path for s in sections if s.path]
    return len(paths) > 2 and sum(map(is_question, paths)) * 2 >= len(paths)


def is_question(path: Sequence[str]) -> bool:
    """Whether the nearest heading asks something: then what stands below is its whole answer."""
    return bool(path) and path[-1].rstrip().endswith("?")


def _introduces(block: Block, following: Block) -> bool:
    """Whether `block` makes sense only together with what follows it."""
    if isinstance(block, Heading):
        return True
    if not isinstance(block, Paragraph):
        return False
    return block.text.rstrip().endswith(":") and isinstance(following, ItemList | Table | Code | Paragraph)


def _piece(blocks: Sequence[Block], path: tuple[str, ...], codes: tuple[str, ...], *, sealed: bool) -> Piece:
    page, page_end = page_range(blocks)
    return Piece(render(blocks), path, page, page_end, codes, sealed)


def _row_text(table: Table, row: CodeRow) -> str:
    """A row with its column names: short cells on the first line, then one line or paragraph a cell."""
    short: list[str] = []
    lines: list[str] = []
    for at, cell in enumerate(row.cells):
        name = " ".join(table.header[at].split()).rstrip(":") if at < len(table.header) else ""
        if not cell.strip():
            continue
        labelled = f"{name}: {cell}" if name else cell
        if "\n" in cell:
            lines.append(f"{name}:\n{cell}" if name else cell)
        elif not lines and len(cell) <= LABEL_CELL_CHARS:
            short.append(labelled)
        else:
            lines.append(labelled)
    return "\n".join([" · ".join(short), *lines] if short else lines)


def _merged(pieces: Iterable[Piece], sizes: StructureAware, count: CountTokens) -> Iterator[Piece]:
    """Small neighbours under one heading become one piece, under the heading that they share."""
    last: Piece | None = None
    last_size = 0
    for piece in pieces:
        size = count(piece.text)
        fits = last_size + size <= sizes.target and min(last_size, size) < sizes.small
        if last is not None and fits and _mergeable(last, piece):
            last = _together(last, piece)
            last_size += size
            continue
        if last is not None:
            yield last
        last, last_size = piece, size
    if last is not None:
        yield last


def _mergeable(a: Piece, b: Piece) -> bool:
    if a.sealed or b.sealed:
        return False
    return len(_shared(a, b)) >= max(len(a.section), len(b.section)) - 1


def _shared(a: Piece, b: Piece) -> tuple[str, ...]:
    shared: list[str] = []
    for left, right in zip(a.section, b.section, strict=False):
        if left != right:
            break
        shared.append(left)
    return tuple(shared)


def _together(a: Piece, b: Piece) -> Piece:
    pages = [p for p in (a.page, a.page_end, b.page, b.page_end) if p is not None]
    first, last = (min(pages), max(pages)) if pages else (None, None)
    return Piece(f"{a.text}\n\n{b.text}", _shared(a, b), first, last)
