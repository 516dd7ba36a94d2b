"""How much a passage has to do with a question, by their words."""

from rimedio.answering.context import ContextEntry
from rimedio.answering.question import Question
from rimedio.answering.terms import content_terms, coverage, question_terms

_COSINE_MIN = 0.82  # multilingual-e5: below, a passage without a shared word is chance
_COVERAGE_MIN = 0.25


def asked_terms(question: Question, entry: ContextEntry) -> frozenset[str]:
    """The question's terms as the passage's language writes them."""
    return question_terms(question.text, question.language, entry.passage.chunk.language)


def shared(question: Question, entry: ContextEntry) -> float:
    """Share of the question's terms in the passage, its title and headings; 0..1."""
    language = entry.passage.chunk.language
    own = content_terms(f"{entry.place} {entry.text}", language)
    return coverage(asked_terms(question, entry), own)


def is_related(question: Question, entry: ContextEntry) -> bool:
    """Shared content words, or (questions in another language than the page) a near vector."""
    signals = entry.passage.signals
    if signals.cosine is not None and signals.cosine >= _COSINE_MIN:
        return True
    return shared(question, entry) >= _COVERAGE_MIN
