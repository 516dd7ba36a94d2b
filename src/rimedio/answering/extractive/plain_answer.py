"""Answers questions that name no code: a fault told by its symptom, a procedure, or the sentences that"
" answer."""

from collections.abc import Sequence
from dataclasses import replace

from rimedio.answering.context import ContextEntry
from rimedio.answering.extractive.candidates import (
    Candidate,
    Scored,
    candidates_of,
    score_candidates,
)
from rimedio.answering.extractive.cues import Part
from rimedio.answering.extractive.fault import Piece, read_fault
from rimedio.answering.extractive.frames import frame
from rimedio.answering.extractive.intent import Intent, intent_of
from rimedio.answering.extractive.outline import Block, Shape, read_outline
from rimedio.answering.extractive.short_answer import short_answer
from rimedio.answering.extractive.steps import fault_steps, procedure_steps, sentences_of
from rimedio.answering.question import Question
from rimedio.answering.terms import content_terms, coverage, question_terms
from rimedio.domain.answer import DraftStep, Section

_FAULTS_CONSIDERED = 2
_SENTENCES_MAX = 2
_COSINE_MIN = 0.82  # multilingual-e5: below, a passage without a shared word is chance
_COVERAGE_MIN = 0.25
_FAULT_SHARE = 0.6  # a fault must share this part of the words that the nearest passage shares
_HEADING_SURE = 0.6  # share of the question's words in a procedure's heading and introduction
_HEADING_LIKELY = 0.3
_CLOSE = 0.85  # a second sentence must be about as good as the first
_CANDIDATES_MAX = 400
_NEAR_SHARE = 0.5
_ENTRIES_MAX = 6


def answer_steps(question: Question, entries: Sequence[ContextEntry]) -> tuple[DraftStep, ...]:
    """Steps that answer; none when no passage has anything to do with the question."""
    usable = [e for e in entries if _is_related(question, e)]
    if not usable:
        return ()
    intent = intent_of(question.text)
    if intent is Intent.PROCEDURE and (steps := _procedure(question, usable, _HEADING_SURE)):
        return steps
    if intent not in {Intent.NUMBER, Intent.DEFINITION, Intent.LIST} and (steps := _fault(question, usable)):
        return steps
    if intent is Intent.PROCEDURE and (steps := _procedure(question, usable, _HEADING_LIKELY)):
        return steps
    return _sentences(question, intent, usable)


def _asked(question: Question, entry: ContextEntry) -> frozenset[str]:
    return question_terms(question.text, question.language, entry.passage.chunk.language)


def _is_related(question: Question, entry: ContextEntry) -> bool:
    """Shared content words, or (questions in another language than the page) a near vector."""
    signals = entry.passage.signals
    if signals.cosine is not None and signals.cosine >= _COSINE_MIN:
        return True
    return _shared(question, entry) >= _COVERAGE_MIN


def _shared(question: Question, entry: ContextEntry) -> float:
    language = entry.passage.chunk.language
    return coverage(_asked(question, entry), content_terms(f"{entry.place} {entry.text}", language))


def _fault(question: Question, entries: Sequence[ContextEntry]) -> tuple[DraftStep, ...]:
    """The three sections of the fault whose description comes first, told by one code of one passage."""
    most = max(_shared(question, e) for e in entries)
    for entry in entries[:_FAULTS_CONSIDERED]:
        if _shared(question, entry) < _FAULT_SHARE * most:
            continue
        codes = entry.passage.chunk.error_codes
        code = _likeliest_code(question, entry) if len(codes) > 1 else next(iter(codes), None)
        pieces = read_fault(_run_from(entry, entries), code, guess=False)
        stated = {p.part for p in pieces if p.stated}
        if Part.REMEDY in stated and (code is not None or stated & {Part.CAUSE, Part.MEANING}):
            return fault_steps(pieces, question.language, code or "")
    return ()


def _run_from(entry: ContextEntry, entries: Sequence[ContextEntry]) -> list[ContextEntry]:
    run = [entry]
    for following in entries[entries.index(entry) + 1 :]:
        if not following.continues:
            break
        run.append(following)
    return run


def _likeliest_code(question: Question, entry: ContextEntry) -> str:
    """Of several codes in one passage, the one whose own lines share most words with the question."""
    asked = _asked(question, entry)

    def shared(code: str) -> float:
        words = " ".join(p.text for p in read_fault([entry], code, guess=False))
        return coverage(asked, content_terms(words, entry.passage.chunk.language))

    return max(entry.passage.chunk.error_codes, key=shared)


def _procedure(question: Question, entries: Sequence[ContextEntry], least: float) -> tuple[DraftStep, ...]:
    """The list of instructions whose heading and introduction share most words with the question, whole."""
    best: tuple[float, list[Piece]] | None = None
    for entry in entries:
        for heading, pieces in _lists(entry):
            language = entry.passage.chunk.language
            asked = _asked(question, entry)
            near = content_terms(f"{' '.join(entry.passage.chunk.section)} {heading}", language)
            inside = content_terms(" ".join(p.text for p in pieces), language)
            score = coverage(asked, near) + 0.4 * coverage(asked, inside) + 0.25 / entry.index
            if coverage(asked, near) >= least and (best is None or score > best[0]):
                best = (score, pieces)
    if best is None:
        return ()
    return tuple(procedure_steps(best[1], Section.REMEDY, frame("procedure", question.language)))


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


def _sentences(question: Question, intent: Intent, entries: Sequence[ContextEntry]) -> tuple[DraftStep, ...]:
    candidates = [c for e in _nearest(question, entries) for c in candidates_of(e)][:_CANDIDATES_MAX]
    scored = score_candidates(question, intent, candidates)
    if not scored:
        return ()
    best = scored[0]
    chosen = [best.candidate]
    if intent in {Intent.OTHER, Intent.PROCEDURE}:
        chosen += [s.candidate for s in scored[1:_SENTENCES_MAX] if s.score >= _CLOSE * best.score]
    chosen += _introduced(best, candidates)
    chosen.sort(key=lambda c: (c.entry.index, c.order))
    pieces = [Piece(Part.REMEDY, replace(c.block, span=c.span), c.entry, stated=False) for c in chosen]
    sentences = tuple(dict.fromkeys(s for p in pieces for s in sentences_of(p)))
    if not sentences:
        return ()
    short = short_answer(question, intent, best.candidate)
    title = frame("answer", question.language)
    return (DraftStep(Section.REMEDY, f"{title}: {short}" if short else title, sentences),)


def _nearest(question: Question, entries: Sequence[ContextEntry]) -> list[ContextEntry]:
    """The entries that share most words with the question; the first one always."""
    shares = {e.index: _shared(question, e) for e in entries}
    least = _NEAR_SHARE * max(shares.values())
    near = [e for e in entries if shares[e.index] >= least or e is entries[0]]
    return near[:_ENTRIES_MAX]


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
