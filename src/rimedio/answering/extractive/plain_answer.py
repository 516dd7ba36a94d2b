"""Answers questions without a code: a fault by its symptom, a procedure, an FAQ, or the best sentences."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

from rimedio.answering.context import ContextEntry
from rimedio.answering.extractive.by_code import Told
from rimedio.answering.extractive.candidates import (
    Candidate,
    Scored,
    candidates_of,
    score_candidates,
)
from rimedio.answering.extractive.cues import Part, is_instruction
from rimedio.answering.extractive.faq import faq_answer
from rimedio.answering.extractive.fault import Piece
from rimedio.answering.extractive.frames import frame
from rimedio.answering.extractive.intent import Intent, intent_of
from rimedio.answering.extractive.outline import Shape
from rimedio.answering.extractive.procedures import how_to, which_ones
from rimedio.answering.extractive.relation import is_related, shared
from rimedio.answering.extractive.short_answer import short_answer
from rimedio.answering.extractive.steps import sentences_of
from rimedio.answering.extractive.symptom import about_symptom
from rimedio.answering.extractive.values import asks_price, has_price
from rimedio.answering.question import Question
from rimedio.domain.answer import DraftStep, Section

_SENTENCES_MAX = 2
_HEADING_SURE = 0.6  # share of the question's words in a procedure's heading and introduction
_HEADING_LIKELY = 0.3
_SYMPTOM_LEAST = (0.25, 0.5)  # share of the question's words that a fault holds; more when it asks "can I …?"
_CLOSE = 0.85  # a second sentence must be about as good as the first
_CANDIDATES_MAX = 400
_NEAR_SHARE = 0.5
_ENTRIES_MAX = 6


def answer(question: Question, entries: Sequence[ContextEntry]) -> Told:
    """Steps that answer; none when no passage has anything to do with the question."""
    usable = [e for e in entries if is_related(question, e)]
    if not usable:
        return Told()
    intent = intent_of(question.text)
    if intent is Intent.LIST and (told := which_ones(question, usable, _HEADING_SURE)).steps:
        return told
    if intent in {Intent.NUMBER, Intent.DEFINITION, Intent.LIST}:
        return _sentences(question, intent, usable)
    least = _SYMPTOM_LEAST[intent is Intent.YES_NO]
    ways: list[Callable[[], Told]]
    ways = [partial(faq_answer, question, usable), partial(about_symptom, question, usable, least)]
    if intent is Intent.PROCEDURE:
        ways.insert(0, partial(how_to, question, usable, _HEADING_SURE))
        ways.append(partial(how_to, question, usable, _HEADING_LIKELY))
    found = (told for way in ways if (told := way()).steps)
    return next(found, None) or _sentences(question, intent, usable)


def _sentences(question: Question, intent: Intent, entries: Sequence[ContextEntry]) -> Told:
    candidates = [c for e in _nearest(question, entries) for c in candidates_of(e)][:_CANDIDATES_MAX]
    scored = score_candidates(question, intent, candidates)
    if not scored or (asks_price(question.text) and not any(has_price(c.text) for c in candidates)):
        return Told()
    best = scored[0]
    if intent is Intent.OTHER and best.candidate.entry.passage.chunk.error_codes:
        told = about_symptom(question, [best.candidate.entry], 0.0)  # a fault is told whole
        if told.steps:
            return told
    chosen = [best.candidate]
    if intent in {Intent.OTHER, Intent.PROCEDURE}:
        here = [s for s in scored[1:] if _same_place(s.candidate, best.candidate)]
        chosen += [s.candidate for s in here[: _SENTENCES_MAX - 1] if s.score >= _CLOSE * best.score]
    short = short_answer(question, intent, best.candidate)
    if short and intent is Intent.NUMBER:
        chosen += _same_value(short, scored)
    chosen += _introduced(best, candidates)
    if intent in {Intent.OTHER, Intent.PROCEDURE}:
        chosen += _lead_in(best, candidates)
    chosen.sort(key=lambda c: (c.entry.index, c.order))
    pieces = [Piece(Part.REMEDY, replace(c.block, span=c.span), c.entry, stated=False) for c in chosen]
    sentences = tuple(dict.fromkeys(s for p in pieces for s in sentences_of(p)))
    if not sentences:
        return Told()
    title = frame("answer", question.language)
    return Told((DraftStep(Section.REMEDY, f"{title}: {short}" if short else title, sentences),))


def _same_place(one: Candidate, other: Candidate) -> bool:
    """Whether two candidates stand under the same headings of one passage."""
    return one.entry is other.entry and one.above == other.above


def _same_value(short: str, scored: Sequence[Scored]) -> list[Candidate]:
    """The next best instruction of the same passage that gives the same value: the work it belongs to."""
    best = scored[0].candidate
    again = (
        s.candidate
        for s in scored[1:]
        if s.candidate.entry is best.entry
        and s.own > 0
        and short in s.candidate.text
        and is_instruction(s.candidate.text)
    )
    return list(islice(again, 1)) if any(c.isalpha() for c in short) else []


def _nearest(question: Question, entries: Sequence[ContextEntry]) -> list[ContextEntry]:
    """The entries that share most words with the question; the first one always."""
    shares = {e.index: shared(question, e) for e in entries}
    least = _NEAR_SHARE * max(shares.values())
    near = [e for e in entries if shares[e.index] >= least or e is entries[0]]
    return near[:_ENTRIES_MAX]


def _lead_in(best: Scored, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The sentence, ending in a colon, that announces the list from which an item answers: it says where."""
    if best.candidate.block.shape is not Shape.ITEM:
        return []
    for earlier in reversed(candidates[: candidates.index(best.candidate)]):
        if earlier.entry is not best.candidate.entry:
            return []
        if earlier.text.rstrip().endswith(":"):
            return [earlier]
        if earlier.block.shape is not Shape.ITEM:
            return []
    return []


def _introduced(best: Scored, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The list that a sentence ending in a colon announces."""
    if not best.candidate.text.rstrip().endswith(":"):
        return []
    out: list[Candidate] = []
    at = candidates.index(best.candidate)
    for following in candidates[at + 1 :]:
        if following.block.shape is not Shape.ITEM or following.entry is not best.candidate.entry:
            break
        out.append(following)
    return out
