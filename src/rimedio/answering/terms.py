"""What a question and a sentence have in common, counted in the terms that search uses too."""

from collections.abc import Iterable
from functools import lru_cache

from rimedio.knowledge.terms import index_terms, query_terms


@lru_cache(maxsize=4096)
def content_terms(text: str, language: str) -> tuple[str, ...]:
    """Stems of the content words of a stored text, in order, with repetitions."""
    return tuple(index_terms(text, language))


@lru_cache(maxsize=256)
def question_terms(text: str, language: str, of: str) -> frozenset[str]:
    """Stems of a question's content words, as a text in language `of` would have them."""
    if language == of:
        return frozenset(term.forms[0] for term in query_terms(text, (language,)))
    return frozenset(term.forms[-1] for term in query_terms(text, (language, of)))


def coverage(question: Iterable[str], text: Iterable[str]) -> float:
    """Share of the question's distinct terms that the text has, 0..1."""
    asked = set(question)
    return len(asked & set(text)) / len(asked) if asked else 0.0
