"""Sentences, table rows and list items that could answer, scored against the question's words."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rimedio.answering.context import ContextEntry
from rimedio.answering.extractive.cues import part_named
from rimedio.answering.extractive.intent import Intent
from rimedio.answering.extractive.outline import Block, Shape, read_outline
from rimedio.answering.extractive.values import expected_unit, values_in
from rimedio.answering.question import Question
from rimedio.answering.sentences import Span, split_sentences
from rimedio.answering.terms import Words, asked_words, content_terms, coverage
from rimedio.domain.knowledge import DocType

_HEADING_SHARE = 0.5  # a term found in the heading only counts half
_RANK_WEIGHT = 0.25
_LANGUAGE_BONUS = 0.1
_NUMBER_BONUS = 0.2
_BULLETIN_BONUS = 0.25  # a bulletin's value corrects the manual's
_DEFINITION_BONUS = 0.3
_DEFINES_SHARE = 0.6  # of the question's words in the first words of a definition
_LONG_WORDS = 45
_LONG_PENALTY = 0.1
_WRONG_PENALTY = 0.5
_YES_NO_BONUS = 0.1
_LEADS_AWAY_PENALTY = 0.25
_STATES = re.compile(
    r"\b(?:can(?:not|['’]t)?|may|must|(?:is|are|isn['’]t|aren['’]t)(?: not)? (?:supported|available"
    r"|allowed|possible)"
    r"|supports?|does(?:n['’]t| not)? support|(?:non )?(?:si può|si possono|può|possono|è possibile"
    r"|è supportat\w|supporta"
    r"|è disponibile|è previst\w|deve|devono))\b",
    re.IGNORECASE,
)
# Sentences that send the reader elsewhere, or announce what a text is about, instead of answering.
_LEADS_AWAY = re.compile(
    r"^\W*(?:for (?:more |further |detailed |additional )?(?:information|details?|examples?|instructions)"
    r"|to learn (?:more|how|about)"
    r"|see |refer to|the following (?:topics?|sections?|procedures?|examples?|videos?|tables?|diagrams?"
    r"|images?|steps?)"
    r"|this (?:topic|section|chapter|page|guide|tutorial|document)|in this (?:section|topic|chapter"
    r"|guide)|topics?$|note$"
    r"|per (?:maggiori|ulteriori|altre) (?:informazioni|dettagli)|vedi |vedere |consultare "
    r"|quest[oa] (?:sezione|capitolo"
    r"|paragrafo|pagina|guida|documento)|in quest[oa] (?:sezione|capitolo|paragrafo))|(?:,|\.) see [^.]*\.?$",
    re.IGNORECASE,
)
_WRONG = re.compile(
    r"\b(?:sbagliat\w|errat\w|non corrett\w|superat\w|wrong|incorrect|superseded|outdated)\b", re.IGNORECASE
)
_RIGHT = re.compile(r"\b(?:valore corretto|nuovo valore|correct value|new value|corretto è)\b", re.IGNORECASE)
_BULLETS = "-*•·–▪◦‣ \t"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch of one entry that may answer. `terms`: its content terms; `above`: those of its headings."""

    entry: ContextEntry
    block: Block
    span: Span
    order: int  # within the entry
    terms: frozenset[str]
    above: frozenset[str]

    @property
    def text(self) -> str:
        """Its literal words."""
        return self.span.of(self.entry.text)


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its score and the share of the question's terms (by weight) that it holds itself."""

    candidate: Candidate
    score: float
    own: float
    with_heading: float


def candidates_of(entry: ContextEntry) -> Iterator[Candidate]:
    """All candidates of an entry in reading order."""
    chunk = entry.passage.chunk
    path = content_terms(" ".join((chunk.source_title, *chunk.section)), chunk.language)
    heading: tuple[str, ...] = ()
    order = 0
    for block in read_outline(entry.text, entry.passage.chunk.section):
        words = block.span.of(entry.text)
        if block.shape in {Shape.HEADING, Shape.LABEL}:
            heading = content_terms(words, chunk.language) if part_named(words) is None else heading
            continue
        above = frozenset((*path, *heading))
        for span in _spans(entry.text, block):
            order += 1
            terms = frozenset(content_terms(span.of(entry.text), chunk.language))
            titles = " ".join(cell.title for cell in block.cells)
            extra = frozenset(content_terms(titles, chunk.language)) if titles else frozenset()
            yield Candidate(entry, block, span, order, terms | extra, above)
            if block.shape is Shape.TEXT and words.rstrip().endswith(":"):
                heading = content_terms(words, chunk.language)


def _spans(text: str, block: Block) -> Sequence[Span]:
    if block.shape in {Shape.ROW, Shape.CODE}:
        return (block.span,)
    start = block.span.start
    while start < block.span.end and text[start] in _BULLETS:
        start += 1
    return [s for s in split_sentences(text, start, block.span.end) if any(c.isalnum() for c in s.of(text))]


def score_candidates(
    question: Question, intent: Intent, candidates: Sequence[Candidate]
) -> tuple[Scored, ...]:
    """Candidates, best first, by rarity-weighted share of the question's terms, rank and intent."""
    by_language = {c.entry.passage.chunk.language for c in candidates}
    asked = {of: asked_words(question.text, question.language, of) for of in by_language}
    counts: Counter[str] = Counter(t for c in candidates for t in c.terms)
    total = len(candidates)

    def weight(word: frozenset[str]) -> float:
        return math.log(1 + total / (1 + max((counts[form] for form in word), default=0)))

    scored = []
    for candidate in candidates:
        words = asked[candidate.entry.passage.chunk.language]
        whole = sum(map(weight, words)) or 1.0
        here = [w for w in words if not w.isdisjoint(candidate.terms)]
        near = [w for w in words if w.isdisjoint(candidate.terms) and not w.isdisjoint(candidate.above)]
        own, above = sum(map(weight, here)) / whole, sum(map(weight, near)) / whole
        score = own + _HEADING_SHARE * above + _RANK_WEIGHT / candidate.entry.index
        score += _LANGUAGE_BONUS * (candidate.entry.passage.chunk.language == question.language)
        score += _fitness(question.text, intent, candidate, words)
        scored.append(Scored(candidate, score, own, own + above))
    return tuple(sorted(scored, key=lambda s: (-s.score, s.candidate.entry.index, s.candidate.order)))


def _fitness(question: str, intent: Intent, candidate: Candidate, asked: Words) -> float:
    text = candidate.text
    bonus = 0.0
    if intent is Intent.NUMBER:
        fitness = _number_fitness(question, text)
        is_bulletin = candidate.entry.passage.chunk.doc_type is DocType.BULLETIN
        bonus += fitness + (_BULLETIN_BONUS if is_bulletin and fitness > 0 else 0.0)
    if intent is Intent.DEFINITION and _defines(candidate, asked):
        bonus += _DEFINITION_BONUS
    if intent is Intent.YES_NO and _STATES.search(text):
        bonus += _YES_NO_BONUS
    if _LEADS_AWAY.search(text):
        bonus -= _LEADS_AWAY_PENALTY
    if _WRONG.search(text):
        bonus -= _WRONG_PENALTY
    if _RIGHT.search(text):
        bonus += _NUMBER_BONUS
    if len(text.split()) > _LONG_WORDS and candidate.block.shape is not Shape.ROW:
        bonus -= _LONG_PENALTY
    if text.rstrip().endswith(("?", ":")):
        bonus -= _LONG_PENALTY * 2
    return bonus


def _number_fitness(question: str, text: str) -> float:
    """A value that the question does not give itself, better in the unit that it asks for."""
    values = values_in(text, question)
    if not values:
        return -_NUMBER_BONUS
    wanted = expected_unit(question)
    if wanted is None:
        return _NUMBER_BONUS
    return _NUMBER_BONUS * 2 if any(wanted.search(v) for v in values) else 0.0


def _defines(candidate: Candidate, asked: Words) -> bool:
    """Whether the sentence opens with the subject of the question, as definitions do."""
    language = candidate.entry.passage.chunk.language
    opening = content_terms(" ".join(candidate.text.split()[:8]), language)
    return coverage(asked, opening) >= _DEFINES_SHARE
