"""Contextual grounding by the laptop's claim verifier: does the source carry each sentence of an answer?

A sentence is compared with the stretches of the source that share most words with it, by the very check that
a remedy's claims go through; it scores what the best of them gives, and an answer scores the mean.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rimedio.answering.context import Context, ContextEntry
from rimedio.answering.sentences import split_sentences
from rimedio.answering.terms import asked_words, content_terms, coverage
from rimedio.answering.verification.quote import find_quote
from rimedio.answering.verify import GroundednessVerifier
from rimedio.domain.answer import Draft, DraftSentence, DraftStep, Routing, Section
from rimedio.domain.knowledge import Chunk, DocType, Passage, Signals
from rimedio.knowledge.language import detect_language

_CANDIDATES = 3
_LITERAL = 2.0  # goes before any share of words
_SENTENCES_MAX = 200
_ROUTING = Routing("", "", "")


@dataclass(frozen=True, slots=True)
class Grounding:
    """Both 0..1."""

    grounding: float
    relevance: float


def assessed(verifier: GroundednessVerifier, answer: str, sources: Sequence[str], query: str) -> Grounding:
    """How far `sources` carry `answer`, and how far the answer speaks of `query`."""
    spoken = _spoken(answer)
    claims = _sentences(spoken)[:_SENTENCES_MAX]
    if not claims:
        return Grounding(1.0, 1.0)
    context = _context(sources)
    scores = [_support(verifier, claim, context) for claim in claims]
    language = detect_language(query)
    words = asked_words(query, language, detect_language(spoken, language))
    told = content_terms(f"{spoken} {' '.join(sources)}", detect_language(spoken, language))
    return Grounding(round(sum(scores) / len(scores), 4), round(coverage(words, told), 4) if query else 1.0)


def _spoken(answer: str) -> str:
    """What an answer says; of a remedy in JSON, its sentences."""
    try:
        steps = json.loads(answer)["steps"]
        return "\n".join(str(s["text"]) for step in steps for s in step["sentences"])
    except (ValueError, KeyError, TypeError):
        return answer


def _sentences(text: str) -> list[str]:
    """Sentences line by line: a remedy's are one a line, whatever letter they begin with."""
    found = (s.of(line).strip() for line in text.splitlines() for s in split_sentences(line))
    return [sentence for sentence in found if any(c.isalnum() for c in sentence)]


def _context(sources: Sequence[str]) -> Context:
    entries = []
    for number, text in enumerate(sources, 1):
        chunk = Chunk(
            chunk_id=f"s{number}", document_id=f"s{number}", tenant_id="", ordinal=number, text=text, source_uri="",
            source_title="", doc_type=DocType.MANUAL, language=detect_language(text),
        )  # fmt: skip
        entries.append(ContextEntry(number, Passage(chunk, number, 1.0, Signals()), text, 0))
    return Context(tuple(entries), 0, 0)


def _support(verifier: GroundednessVerifier, claim: str, context: Context) -> float:
    """The best support that a stretch of the sources gives."""
    candidates = [
        (overlap, DraftSentence(claim, entry.index, quote))
        for entry in context.entries
        for overlap, quote in _near(claim, entry)
    ]
    best = [s for _, s in sorted(candidates, key=lambda c: -c[0])[:_CANDIDATES]]
    if not best:
        return 0.0
    draft = Draft(detect_language(claim), (DraftStep(Section.REMEDY, "", tuple(best)),), _ROUTING)
    return max(c.support for c in verifier.verify(draft, context).claims)


def _near(claim: str, entry: ContextEntry) -> list[tuple[float, str]]:
    """The claim itself where the source says it literally; else its sentences, and neighbouring two, that share most
    words with the claim."""
    if find_quote(claim, entry.text) is not None:
        return [(_LITERAL, claim)]
    language = entry.passage.chunk.language
    words = asked_words(claim, detect_language(claim, language), language)
    spans = list(split_sentences(entry.text))
    stretches = [s.of(entry.text) for s in spans]
    stretches += [entry.text[a.start : b.end] for a, b in pairwise(spans)]
    scored = [(coverage(words, content_terms(t, language)), t) for t in stretches if t.strip()]
    return sorted(scored, key=lambda s: (-s[0], len(s[1])))[:_CANDIDATES]
