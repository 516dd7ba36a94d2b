"""Finds the procedure, or the list, that a question asks for, and gives it whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rimedio.answering.context import ContextEntry
from rimedio.answering.extractive.by_code import Told, runs_of
from rimedio.answering.extractive.cues import Part
from rimedio.answering.extractive.fault import Piece, read_fault
from rimedio.answering.extractive.frames import frame
from rimedio.answering.extractive.outline import Block, Shape, read_outline
from rimedio.answering.extractive.relation import shared, words_for
from rimedio.answering.extractive.steps import NEEDS, joined_step, work_steps
from rimedio.answering.question import Question
from rimedio.answering.terms import content_terms, coverage
from rimedio.domain.answer import Section

_INSIDE_WEIGHT = 0.4
_RANK_WEIGHT = 0.5
_LIST_ITEMS_MAX = 15
_SHARE = 0.85  # of the most words that any passage shares: less, and the procedure is another's


@dataclass(frozen=True, slots=True)
class _Found:
    """A list with what introduces it, and the passages it runs through."""

    intro: str
    pieces: tuple[Piece, ...]
    run: tuple[ContextEntry, ...]
    numbered: bool


def how_to(question: Question, entries: Sequence[ContextEntry], least: float) -> Told:
    """The numbered list whose heading and introduction share most words with the question, whole."""
    best = _best(question, entries, least, numbered=True)
    if best is None:
        return Told()
    around = read_fault(best.run, None, guess=False)
    taken = {(p.entry.index, p.block.span.start) for p in best.pieces}
    beside = [p for p in around if (p.entry.index, p.block.span.start) not in taken]
    warnings = [p for p in beside if p.part is Part.WARNING]
    needs = [p for p in beside if p.part in NEEDS]
    steps = joined_step(warnings, Section.REMEDY, frame("safety", question.language))
    name = frame("procedure", question.language)
    return Told((*steps, *work_steps([*best.pieces, *needs], name, question.language)))


def which_ones(question: Question, entries: Sequence[ContextEntry], least: float) -> Told:
    """The list, numbered or not, that answers "which … are there?"."""
    best = _best(question, entries, least, numbered=False)
    if best is None or len(best.pieces) > _LIST_ITEMS_MAX:
        return Told()
    return Told(tuple(joined_step(best.pieces, Section.REMEDY, frame("answer", question.language))))


def _best(
    question: Question, entries: Sequence[ContextEntry], least: float, *, numbered: bool
) -> _Found | None:
    best: tuple[float, _Found] | None = None
    most = max(shared(question, e) for e in entries)
    for run in runs_of(entries):
        if run[0].index > 1 and max(shared(question, e) for e in run) < _SHARE * most:
            continue
        chunk = run[0].passage.chunk
        asked = words_for(question, run[0])
        for found in _lists(run):
            if numbered and not found.numbered:
                continue
            near = content_terms(f"{' '.join(chunk.section)} {found.intro}", chunk.language)
            if coverage(asked, near) < least:
                continue
            inside = content_terms(" ".join(p.text for p in found.pieces), chunk.language)
            score = coverage(asked, near) + _INSIDE_WEIGHT * coverage(asked, inside)
            score += _RANK_WEIGHT / found.pieces[0].entry.index
            if best is None or score > best[0]:
                best = (score, found)
    return best[1] if best else None


def _lists(run: Sequence[ContextEntry]) -> Iterator[_Found]:
    """Each list of passages that go on from each other; one that is cut between two passages is one list."""
    heading, intro = "", ""
    items: list[Piece] = []
    for entry, block in [*_blocks(run), (run[-1], None)]:
        words = block.span.of(entry.text) if block else ""
        if block is not None and (block.shape is Shape.ITEM or (items and _goes_on(block, entry))):
            items.append(Piece(Part.REMEDY, block, entry, stated=True))
            continue
        if block is not None and block.shape is Shape.HEADING and words == heading:
            continue  # the next passage repeats the heading of the section that it goes on with
        if sum(p.block.shape is Shape.ITEM for p in items) >= 2:
            numbered = any(p.block.marker[:1].isdigit() for p in items)
            yield _Found(f"{heading} {intro}", tuple(items), tuple(run), numbered)
        items = []
        if block is not None and block.shape is Shape.HEADING:
            heading, intro = words, ""
        elif block is not None:
            intro = words


def _blocks(run: Sequence[ContextEntry]) -> Iterator[tuple[ContextEntry, Block]]:
    for entry in run:
        for block in read_outline(entry.text, entry.passage.chunk.section):
            yield entry, block


def _goes_on(block: Block, entry: ContextEntry) -> bool:
    """A paragraph or a command that stands indented under an item is part of it."""
    line_start = entry.text.rfind("\n", 0, block.span.start) + 1
    indented = entry.text[line_start : block.span.start].isspace()
    return block.shape is Shape.CODE or (block.shape is Shape.TEXT and indented)
