"""How much a passage has to do with a question, by their words."""

from rimedio.answering.context import ContextEntry
from rimedio.answering.question import Question
from rimedio.answering.terms import Words, asked_words, content_terms, coverage

_COSINE_MIN = 0.82  # multilingual-e5: below, a passage without a shared word is chance
_COVERAGE_MIN = 0.25


def words_for(question: Question, entry: ContextEntry) -> Words:
    """The question's words as the passage's language writes them."""
    return asked_words(question.text, question.language, entry.passage.chunk.language)


def shared(question: Question, entry: ContextEntry) -> float:
    """Share of the question's terms in the passage, its title and headings; 0..1."""
    language = entry.passage.chunk.language
    own = content_terms(f"{entry.place} {entry.text}", language)
    return coverage(words_for(question, entry), own)


def is_near(entry: ContextEntry) -> bool:
    """Whether the passage is near by meaning, whatever its words."""
    cosine = entry.passage.signals.cosine
    return cosine is not None and cosine >= _COSINE_MIN


def is_related(question: Question, entry: ContextEntry) -> bool:
    """Shared content words, or (questions in another language than the page) a near vector."""
    return is_near(entry) or shared(question, entry) >= _COVERAGE_MIN
