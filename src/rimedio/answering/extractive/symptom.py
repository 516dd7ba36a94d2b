"""Finds the fault that a question describes by its symptom, without naming a code."""

from collections.abc import Sequence

from rimedio.answering.context import ContextEntry
from rimedio.answering.extractive.by_code import Told, about_code
from rimedio.answering.extractive.cues import Part
from rimedio.answering.extractive.fault import Piece, read_fault, read_row
from rimedio.answering.extractive.outline import Block, Shape, read_outline
from rimedio.answering.extractive.relation import is_near, shared, words_for
from rimedio.answering.extractive.steps import fault_steps
from rimedio.answering.question import Question
from rimedio.answering.terms import content_terms, coverage

_FAULTS_CONSIDERED = 2
_FIRST_SHARE = 0.3  # the first passage must share this part of the words that the nearest one shares
_SURE = 0.5  # from this least share on, meaning alone is no reason to take a passage
_OTHER_SHARE = 0.95  # … and any other this


def about_symptom(question: Question, entries: Sequence[ContextEntry], least: float) -> Told:
    """The sections of the fault described first, told by one code or one table row, never by two.

    `least`: share of the question's words that its passage must hold.
    """
    most = max(shared(question, e) for e in entries)
    for place, entry in enumerate(entries[:_FAULTS_CONSIDERED]):
        wanted = (_OTHER_SHARE if place else _FIRST_SHARE) * most
        near = is_near(entry) and not place and least < _SURE
        if not near and shared(question, entry) < max(least, wanted):
            continue
        codes = entry.passage.chunk.error_codes
        pieces = _read(question, entry, entries)
        stated = {p.part for p in pieces if p.stated}
        if Part.REMEDY not in stated or not (codes or stated & {Part.CAUSE, Part.MEANING}):
            continue
        if codes:
            code = _likeliest_code(question, entry) if len(codes) > 1 else codes[0]
            return about_code(question, code, entries, code)
        return Told(fault_steps(pieces, question.language))
    return Told()


def _read(question: Question, entry: ContextEntry, entries: Sequence[ContextEntry]) -> tuple[Piece, ...]:
    rows = [b for b in read_outline(entry.text, entry.passage.chunk.section) if b.shape is Shape.ROW]
    if len(rows) > 1:
        return tuple(read_row(entry, _likeliest_row(question, entry, rows)))
    return read_fault(_run_from(entry, entries), None, guess=False)


def _likeliest_row(question: Question, entry: ContextEntry, rows: Sequence[Block]) -> Block:
    """Of a table's rows, the one that shares most words with the question."""
    asked, language = words_for(question, entry), entry.passage.chunk.language
    return max(rows, key=lambda row: coverage(asked, content_terms(row.span.of(entry.text), language)))


def _run_from(entry: ContextEntry, entries: Sequence[ContextEntry]) -> list[ContextEntry]:
    run = [entry]
    for following in entries[entries.index(entry) + 1 :]:
        if not following.continues:
            break
        run.append(following)
    return run


def _likeliest_code(question: Question, entry: ContextEntry) -> str:
    """Of several codes in one passage, the one whose own lines share most words with the question."""
    asked = words_for(question, entry)

    def fit(code: str) -> float:
        words = " ".join(p.text for p in read_fault([entry], code, guess=False))
        return coverage(asked, content_terms(words, entry.passage.chunk.language))

    return max(entry.passage.chunk.error_codes, key=fit)
