"""Finds the procedure that a question of "how" asks for, and gives it whole."""

from collections.abc import Sequence

from rimedio.answering.context import ContextEntry
from rimedio.answering.extractive.by_code import Told
from rimedio.answering.extractive.cues import Part
from rimedio.answering.extractive.fault import Piece
from rimedio.answering.extractive.frames import frame
from rimedio.answering.extractive.outline import Block, Shape, read_outline
from rimedio.answering.extractive.relation import words_for
from rimedio.answering.extractive.steps import procedure_steps
from rimedio.answering.question import Question
from rimedio.answering.terms import content_terms, coverage
from rimedio.domain.answer import Section


def how_to(question: Question, entries: Sequence[ContextEntry], least: float) -> Told:
    """The list of instructions whose heading and introduction share most words with the question, whole."""
    best: tuple[float, list[Piece]] | None = None
    for entry in entries:
        for heading, pieces in _lists(entry):
            language = entry.passage.chunk.language
            asked = words_for(question, entry)
            near = content_terms(f"{' '.join(entry.passage.chunk.section)} {heading}", language)
            inside = content_terms(" ".join(p.text for p in pieces), language)
            score = coverage(asked, near) + 0.4 * coverage(asked, inside) + 0.25 / entry.index
            if coverage(asked, near) >= least and (best is None or score > best[0]):
                best = (score, pieces)
    if best is None:
        return Told()
    return Told(tuple(procedure_steps(best[1], Section.REMEDY, frame("procedure", question.language))))


def _lists(entry: ContextEntry) -> list[tuple[str, list[Piece]]]:
    """Each numbered list of an entry with what introduces it."""
    found: list[tuple[str, list[Piece]]] = []
    heading, intro = "", ""
    run: list[Piece] = []
    numbered = False
    for block in (*read_outline(entry.text, entry.passage.chunk.section), None):
        words = block.span.of(entry.text) if block else ""
        if block is not None and (block.shape is Shape.ITEM or (run and _goes_on(block, entry))):
            numbered = numbered or block.marker[:1].isdigit()
            run.append(Piece(Part.REMEDY, block, entry, stated=True))
            continue
        if numbered and sum(p.block.shape is Shape.ITEM for p in run) >= 2:
            found.append((f"{heading} {intro}", run))
        run, numbered = [], False
        if block is not None and block.shape is Shape.HEADING:
            heading, intro = words, ""
        elif block is not None:
            intro = words
    return found


def _goes_on(block: Block, entry: ContextEntry) -> bool:
    """A paragraph or a command that stands indented under an item is part of it."""
    line_start = entry.text.rfind("\n", 0, block.span.start) + 1
    indented = entry.text[line_start : block.span.start].isspace()
    return block.shape is Shape.CODE or (block.shape is Shape.TEXT and indented)
