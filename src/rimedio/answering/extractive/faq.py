"""Answers from passages written as question and answer: the whole answer under the nearest question."""

from collections.abc import Iterator, Sequence

from rimedio.answering.context import ContextEntry
from rimedio.answering.extractive.by_code import Told
from rimedio.answering.extractive.cues import Part
from rimedio.answering.extractive.fault import Piece
from rimedio.answering.extractive.frames import frame
from rimedio.answering.extractive.outline import Shape, read_outline
from rimedio.answering.extractive.relation import words_for
from rimedio.answering.extractive.steps import work_steps
from rimedio.answering.question import Question
from rimedio.answering.terms import content_terms, coverage
from rimedio.domain.knowledge import DocType

_CONSIDERED = 3
_COVERAGE_MIN = 0.3
_ANSWER_WORDS_MAX = 160
_INSIDE_WEIGHT = 0.6
_RANK_WEIGHT = 0.25
_LANGUAGE_BONUS = 0.2  # an answer in the reader's own language


def faq_answer(question: Question, entries: Sequence[ContextEntry]) -> Told:
    """The answer whose question shares most words with this one; none when that is not enough."""
    best: tuple[float, list[Piece]] | None = None
    for entry in entries[:_CONSIDERED]:
        language = entry.passage.chunk.language
        asked = words_for(question, entry)
        for heading, pieces in _answers(entry):
            words = " ".join(p.text for p in pieces)
            near, inside = content_terms(heading, language), content_terms(words, language)
            if coverage(asked, (*near, *inside)) < _COVERAGE_MIN or len(words.split()) > _ANSWER_WORDS_MAX:
                continue
            score = (
                coverage(asked, near) + _INSIDE_WEIGHT * coverage(asked, inside) + _RANK_WEIGHT / entry.index
            )
            score += _LANGUAGE_BONUS * (language == question.language)
            if best is None or score > best[0]:
                best = (score, pieces)
    if best is None:
        return Told()
    return Told(tuple(work_steps(best[1], frame("answer", question.language), question.language)))


def _answers(entry: ContextEntry) -> Iterator[tuple[str, list[Piece]]]:
    """Each question of an entry with what stands below it."""
    chunk = entry.passage.chunk
    heading = chunk.section[-1] if chunk.section else ""
    short = chunk.doc_type is DocType.FAQ
    run: list[Piece] = []
    for block in read_outline(entry.text, chunk.section):
        words = block.span.of(entry.text)
        if block.shape is Shape.HEADING or (block.shape is Shape.TEXT and _asks(words)):
            if run and (short or _asks(heading)):
                yield heading, run
            heading, run = words, []
        elif block.shape is not Shape.LABEL:
            run.append(Piece(Part.REMEDY, block, entry, stated=True))
    if run and (short or _asks(heading)):
        yield heading, run


def _asks(heading: str) -> bool:
    return heading.rstrip().endswith("?") and "\n" not in heading.strip()
