"""Terms with their language, so that a stem of one language never meets a word of another.

A stored term is written `en:instanc`. A question asks for each of its words in its own language; as it is
spelled in the others, since names are common to all; and translated by a glossary of technical words. That
lets an Italian question find an English manual by words, and the other way round.
"""

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from rimedio.knowledge.language import ENGLISH, ITALIAN
from rimedio.knowledge.terms import QueryTerm, index_terms, query_terms

STEMMED = (ITALIAN, ENGLISH)
PLAIN = "any"  # every other language: words as they are written
TAGS = (*STEMMED, PLAIN)


def stored_terms(text: str, language: str) -> list[str]:
    """Terms of a stored text, in its order."""
    tag = language if language in STEMMED else PLAIN
    return [f"{tag}:{term}" for term in index_terms(text, tag)]


def asked_terms(text: str, language: str) -> list[QueryTerm]:
    """The content words of a question, each with all the forms under which it may be stored."""
    own = language if language in STEMMED else ENGLISH
    [other] = [tag for tag in STEMMED if tag != own]
    translations = _glossary()[own]
    found = []
    for term in query_terms(text, (own, other, PLAIN)):
        stem = term.forms[0]
        forms = [f"{own}:{stem}", f"{other}:{term.forms[1]}", f"{PLAIN}:{term.forms[-1]}"]
        forms += [f"{other}:{translated}" for translated in translations.get(stem, ())]
        found.append(QueryTerm(term.word, tuple(dict.fromkeys(forms))))
    return found


@lru_cache(maxsize=1)
def _glossary() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Stem → stems of the other language, for both directions."""
    tables: dict[str, dict[str, tuple[str, ...]]] = {ITALIAN: {}, ENGLISH: {}}
    text = (files("rimedio.knowledge") / "glossary.txt").read_text("utf-8")
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        italian, english = line.split("|")
        stems = {ITALIAN: index_terms(italian, ITALIAN), ENGLISH: index_terms(english, ENGLISH)}
        for source, target in ((ITALIAN, ENGLISH), (ENGLISH, ITALIAN)):
            for stem in stems[source]:
                known = tables[source].get(stem, ())
                tables[source][stem] = tuple(dict.fromkeys((*known, *stems[target])))
    return tables
