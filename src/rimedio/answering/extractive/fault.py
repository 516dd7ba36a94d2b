"""Sorts what a passage says of a fault into meaning, cause, checks and remedy."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from rimedio.answering.context import ContextEntry
from rimedio.answering.extractive.codes import code_pattern, isolate
from rimedio.answering.extractive.cues import Part, is_instruction, part_named, part_of_sentence
from rimedio.answering.extractive.outline import (
    BARE_HEADING_LEVEL,
    Block,
    Shape,
    read_cell,
    read_outline,
)
from rimedio.answering.sentences import Span

_NEEDS = frozenset({Part.TOOLS, Part.PARTS, Part.TIME})
_AUXILIARY = _NEEDS | {Part.OTHER}
_WARNS = re.compile(
    r"(?:attenzione|avvertenz[ae]|avviso|pericolo|cautela|warning|danger|caution)\s*[:!]", re.IGNORECASE
)
_TOP = 0
_LABEL_LEVEL = 9


@dataclass(frozen=True, slots=True)
class Piece:
    """A block with what it is about. `stated`: a heading, label or column says so; else it is a guess."""

    part: Part
    block: Block
    entry: ContextEntry
    stated: bool
    heading: str = ""  # the sub-heading it stands under, when that is no part's name

    @property
    def text(self) -> str:
        """Its literal words."""
        return self.block.span.of(self.entry.text)


@dataclass(slots=True)
class _State:
    part: Part | None = None
    level: int = 99
    heading: str = ""
    before_aux: tuple[Part | None, int] | None = None
    label: Span | None = None  # of a label whose own words belong to what it introduces


def read_fault(entries: Sequence[ContextEntry], code: str | None, *, guess: bool = True) -> tuple[Piece, ...]:
    """Pieces of the passages that follow each other in a document, of `code` alone when it is given.

    Without `guess`, blocks that no heading, label or column names stay what they are not: unstated.
    """
    state = _State()
    pieces: list[Piece] = []
    for position, entry in enumerate(entries):
        blocks = read_outline(entry.text, entry.passage.chunk.section)
        chunk = entry.passage.chunk
        if code is not None and not (position and entry.continues and not chunk.error_codes):
            blocks = isolate(entry.text, blocks, chunk, code)
        _enter_section(state, chunk.section)
        pieces += _sort(entry, blocks, state, code)
    return _guess(pieces) if guess else tuple(pieces)


def _enter_section(state: _State, section: Sequence[str]) -> None:
    """A chunk cut at a heading such as "Remedy" has that heading in its section path only."""
    named = part_named(section[-1]) if section else None
    if named is not None:
        state.part, state.level, state.heading = named, _TOP, ""


def _sort(entry: ContextEntry, blocks: Iterable[Block], state: _State, code: str | None) -> list[Piece]:
    pieces: list[Piece] = []
    for block in blocks:
        if block.shape is Shape.HEADING:
            _enter_heading(entry, block, state, code)
        elif block.shape is Shape.LABEL:
            _enter_label(entry, block, state)
        elif block.shape is Shape.ROW:
            pieces += read_row(entry, block, code)
        else:
            pieces.append(_piece(entry, block, state))
            _leave_auxiliary(state, block)
    return pieces


def _piece(entry: ContextEntry, block: Block, state: _State) -> Piece:
    part, stated = state.part or Part.MEANING, state.part is not None
    if state.label is not None:
        block = replace(block, span=Span(state.label.start, block.span.end))
        state.label = None
    whole = part in {Part.REMEDY, Part.CHECKS} and state.level < BARE_HEADING_LEVEL
    if block.shape is Shape.TEXT and not whole and _WARNS.match(block.span.of(entry.text)):
        part, stated = Part.WARNING, True
    return Piece(part, block, entry, stated, state.heading)


def _enter_heading(entry: ContextEntry, block: Block, state: _State, code: str | None) -> None:
    title = block.span.of(entry.text)
    named = part_named(title)
    state.before_aux = state.label = None
    if named is not None:
        state.part, state.level, state.heading = named, block.level, ""
    elif state.part is not None and block.level > state.level:
        state.heading = _plain(title)  # a sub-heading inside a part stays in it
    else:
        state.part, state.level = None, 99
        is_the_code = code is not None and code_pattern(code).search(title)
        state.heading = "" if is_the_code else _plain(title)


def _enter_label(entry: ContextEntry, block: Block, state: _State) -> None:
    named = part_named(block.span.of(entry.text))
    state.label = None
    if named in _AUXILIARY and state.part is not None:
        whole = state.level < BARE_HEADING_LEVEL or (named is Part.OTHER and state.level < _LABEL_LEVEL)
        if whole:
            state.label = block.span
            return  # under a heading of its own a part stays whole
    if named not in _AUXILIARY:
        state.before_aux = None
    elif state.before_aux is None:
        state.before_aux = (state.part, state.level)
    if named in _NEEDS:
        state.label = block.span
    state.part, state.level = named, _LABEL_LEVEL


def _leave_auxiliary(state: _State, block: Block) -> None:
    """ "Tools: …" speaks for its own paragraph; what follows goes on where the text was before."""
    if state.before_aux is not None and block.shape is not Shape.ITEM:
        state.part, state.level = state.before_aux
        state.before_aux = None


def read_row(entry: ContextEntry, row: Block, code: str | None = None) -> list[Piece]:
    """Pieces of one table row by its columns' titles; without titles the last column tells what to do."""
    cells = [c for c in row.cells if c.span.of(entry.text).strip()]
    pattern = code_pattern(code) if code else None
    if pattern is not None:
        cells = [c for c in cells if not _is_code_cell(c.span.of(entry.text), code or "")]
    pieces: list[Piece] = []
    for cell in cells:
        named = part_named(cell.title) if cell.title else None
        pieces += [
            Piece(named or Part.MEANING, block, entry, named is not None)
            for block in read_cell(entry.text, cell.span)
        ]
    if pieces and not any(p.stated for p in pieces) and len(cells) > 1:
        last = cells[-1].span  # without titles: the last column tells what to do
        pieces = [
            Piece(Part.REMEDY, p.block, entry, stated=True) if p.block.span.start >= last.start else p
            for p in pieces
        ]
    return [p for p in pieces if p.part is not Part.OTHER]


def _is_code_cell(cell: str, code: str) -> bool:
    parts = {part.upper() for part in code.replace("-", "/").replace(".", "/").split("/")}
    plain = cell.strip("*`_ ").upper()
    return plain in parts or plain == code.upper()


def _guess(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Where nothing says what a block is about, its verbs do; a list of instructions stays one procedure."""
    if any(p.stated and p.part in {Part.REMEDY, Part.CHECKS} for p in pieces):
        return tuple(pieces)
    out: list[Piece] = []
    for is_list, group in groupby(pieces, key=lambda p: p.block.shape is Shape.ITEM):
        run = list(group)
        whole = _of_list(run) if is_list else None
        out += [p if p.stated else replace(p, part=whole or part_of_sentence(p.text)) for p in run]
    return tuple(out)


def _of_list(run: Sequence[Piece]) -> Part | None:
    """What a list is when most of its items tell the reader to do something: checks, or a remedy in its"
    " order."""
    told = [p for p in run if is_instruction(p.text)]
    if len(told) * 2 < len(run):
        return None
    return Part.CHECKS if all(part_of_sentence(p.text) is Part.CHECKS for p in told) else Part.REMEDY


def _plain(title: str) -> str:
    return " ".join(title.strip("#*_ :").split())
