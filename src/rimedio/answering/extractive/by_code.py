"""Tells what the passages say of one error code; of several documents, the one to be followed first."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rimedio.answering.context import ContextEntry, age_key
from rimedio.answering.extractive.codes import mention_pattern, tells_of
from rimedio.answering.extractive.cues import Part
from rimedio.answering.extractive.fault import Piece, read_fault
from rimedio.answering.extractive.frames import frame
from rimedio.answering.extractive.pointers import pointed_at
from rimedio.answering.extractive.rivals import CORRECTS, Account, contradicts, prefer
from rimedio.answering.extractive.steps import fault_steps, sentences_of
from rimedio.answering.question import Question
from rimedio.answering.sentences import Span, split_sentences
from rimedio.answering.terms import content_terms
from rimedio.domain.answer import DraftSentence, DraftStep, Section, Severity

_OLD_SENTENCES_MAX = 2
_OLD_NEARNESS = 0.6  # share of the most words that an old sentence has in common with the new text


@dataclass(frozen=True, slots=True)
class Told:
    """Steps, and what else the reader should do or know."""

    steps: tuple[DraftStep, ...] = ()
    actions: tuple[str, ...] = ()


def about_code(question: Question, code: str, entries: Sequence[ContextEntry], label: str = "") -> Told:
    """The fault's sections out of the document to be followed; `label` ends each title when it is given."""
    runs = [run for run in runs_of(entries) if any(tells_of(e, code) for e in run)]
    accounts = [a for run in runs if (a := Account(tuple(run), read_fault(run, code))).pieces]
    if not accounts:
        return Told(tuple(_mentions(question, code, entries, label)))
    accounts = prefer(accounts, question.language)
    main = accounts[0]
    others = [a for a in accounts[1:] if a.shares_product(main)]
    pieces = _completed(main, others)
    steps = list(fault_steps(pieces, question.language, label))
    steps += pointed_at(pieces, main.chunk, entries, question.language)
    actions = _other_products(code, main, accounts[1:], question.language)
    rival = next((other for other in others if contradicts(main, other)), None)
    if rival is None:
        return Told(tuple(steps), tuple(actions))
    newer = main.is_newer_than(rival)
    names = {"title": main.chunk.source_title, "other": rival.chunk.source_title}
    actions.append(frame("conflict_action" if newer else "conflict_open", question.language, **names))
    correction = _correction(main, rival, question.language) if newer else []
    differing = _differing(
        main, rival, frame("superseded" if newer else "differing", question.language, **names)
    )
    return Told((*correction, *steps, *differing), tuple(actions))


def _other_products(code: str, main: Account, others: Sequence[Account], language: str) -> list[str]:
    """A word to the reader when the code also exists, with another meaning, for products not told of."""
    foreign = [a for a in others if not a.shares_product(main)]
    if not foreign:
        return []
    models = dict.fromkeys(m for a in (main, *foreign) for m in a.chunk.product_models[:1])
    return [frame("product_action", language, code=code, models=", ".join(models))]


def runs_of(entries: Sequence[ContextEntry]) -> Iterator[list[ContextEntry]]:
    """Entries that go on from each other, together."""
    run: list[ContextEntry] = []
    for entry in entries:
        if run and not entry.continues:
            yield run
            run = []
        run.append(entry)
    if run:
        yield run


def _completed(main: Account, others: Sequence[Account]) -> tuple[Piece, ...]:
    """A part that the followed account lacks is taken from another chunk of the same document only."""
    pieces = list(main.pieces)
    for part in (Part.CAUSE, Part.CHECKS, Part.REMEDY):
        if any(p.part is part for p in pieces):
            continue
        for other in others:
            same = other.chunk.document_id == main.chunk.document_id
            extra = [p for p in other.pieces if p.part is part and p.stated] if same else []
            if extra:
                pieces += extra
                break
    return tuple(pieces)


def _correction(main: Account, older: Account, language: str) -> list[DraftStep]:
    """The newer document's own sentence that it corrects the other, as the first step."""
    said = [s for p in main.pieces for s in sentences_of(p) if CORRECTS.search(s.text)]
    if not said:
        return []
    names = {"title": main.chunk.source_title, "other": older.chunk.source_title}
    title = frame("correction", language, **names)
    return [DraftStep(Section.CAUSE, title, tuple(said[:1]), Severity.CAUTION)]


def _differing(main: Account, older: Account, title: str) -> list[DraftStep]:
    """What the other document says differently of the same things, cited, named for what it is."""
    ours = {s.text.lower() for p in main.pieces for s in sentences_of(p)}
    theirs = [p for p in older.pieces if p.part in {Part.REMEDY, Part.CHECKS}]
    different = [s for p in theirs for s in sentences_of(p) if s.text.lower() not in ours]
    spoken_of = set(content_terms(main.words(), main.chunk.language))

    def nearness(sentence: DraftSentence) -> int:
        return len(spoken_of & set(content_terms(sentence.text, older.chunk.language)))

    most = max(map(nearness, different), default=0)
    near = [s for s in different if nearness(s) >= _OLD_NEARNESS * most]
    nearest = sorted(near, key=nearness, reverse=True)[:_OLD_SENTENCES_MAX]
    sentences = tuple(_unnumbered(s) for s in different if s in nearest)
    return [DraftStep(Section.REMEDY, title, sentences, Severity.CAUTION)] if sentences else []


def _unnumbered(sentence: DraftSentence) -> DraftSentence:
    """Without its list number: torn out of its procedure, a number would look like a step to take."""
    words = re.sub(r"^\d{1,2}[.)]\s+", "", sentence.text)
    return DraftSentence(words, sentence.passage, words)


def _mentions(question: Question, code: str, entries: Sequence[ContextEntry], label: str) -> list[DraftStep]:
    """No passage defines the code: what is said from where a paragraph names it, if one does, and no more."""
    pattern = mention_pattern(code)
    pieces: list[Piece] = []
    for entry in entries:
        if pattern.search(entry.text):
            pieces += [_from_mention(p, pattern) for p in read_fault([entry], code) if pattern.search(p.text)]
    newest = sorted(pieces, key=lambda p: age_key(p.entry.passage.chunk), reverse=True)
    return list(fault_steps(newest, question.language, label))


def _from_mention(piece: Piece, pattern: re.Pattern[str]) -> Piece:
    """The piece without the sentences before the one that names the code."""
    text, span = piece.entry.text, piece.block.span
    sentences = split_sentences(text, span.start, span.end)
    start = next((s.start for s in sentences if pattern.search(s.of(text))), span.start)
    return replace(piece, block=replace(piece.block, span=Span(start, span.end)))
