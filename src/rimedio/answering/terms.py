"""What a question and a sentence have in common, counted in the terms that search uses too."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from rimedio.knowledge.lexicon import asked_terms
from rimedio.knowledge.terms import index_terms

Words = Sequence[frozenset[str]]  # for each word of a question, the stems by which a text may hold it


@lru_cache(maxsize=4096)
def content_terms(text: str, language: str) -> tuple[str, ...]:
    """Stems of the content words of a stored text, in order, with repetitions."""
    return tuple(index_terms(text, language))


@lru_cache(maxsize=256)
def asked_words(text: str, language: str, of: str) -> tuple[frozenset[str], ...]:
    """A question's content words, each as a text in language `of` may write it: stemmed, or translated."""
    tag = f"{of}:"
    found = []
    for term in asked_terms(text, language):
        forms = frozenset(form.removeprefix(tag) for form in term.forms if form.startswith(tag))
        found.append(forms or frozenset(form.partition(":")[2] for form in term.forms))
    return tuple(found)


def coverage(words: Words, text: Iterable[str]) -> float:
    """Share of a question's words that a text's terms hold in any form, 0..1."""
    terms = frozenset(text)
    return sum(not word.isdisjoint(terms) for word in words) / len(words) if words else 0.0
