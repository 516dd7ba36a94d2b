"""Text to search terms: what full text indexes and what a question asks of it.

Words are lower-cased, stemmed in their language (Snowball), stripped of accents; stop words go. Codes, part
numbers and names with digits or separators stay whole, with their parts beside them ("db.m5.large" is also
"db", "m5", "large"; "CreateTable" is also "creat", "tabl"). A quantity also becomes one term without its
blank ("48 volt", "48 VDC": "48v").
"""

import re
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from rimedio.knowledge.language import ENGLISH, ITALIAN, STOP_WORDS

WORD = re.compile(r"[^\W_]+(?:[-./_][^\W_]+)*")
_PART = re.compile(r"[A-ZÀ-Ý]+(?![a-zà-ÿ])|[A-ZÀ-Ý]?[a-zà-ÿ]+|\d+|[^\W\d_]+")
_SEPARATOR = re.compile(r"[-./_]")
_QUANTITY = re.compile(r"(?<![\w.,-])(\d+(?:[.,]\d+)?)\s?([a-zA-Z°µμΩ%]{1,8})(?![\w-])")
_SNOWBALL = {ITALIAN: "italian", ENGLISH: "english"}
_UNITS = {
    "v": "v volt volts vdc vac vcc vca",
    "a": "a amp amps ampere amperes",
    "w": "w watt watts",
    "kw": "kw kilowatt kilowatts",
    "hz": "hz hertz",
    "c": "c °c celsius gradi degrees",
    "bar": "bar",
    "nm": "nm",
    "mm": "mm",
    "ohm": "ω ohm ohms",
    "s": "s sec secondi secondo seconds second",
    "min": "min minuti minuto minutes minute",
    "h": "h ore ora hours hour",
    "%": "% percent percento",
    "mb": "mb",
    "gb": "gb",
    "tb": "tb",
}
_UNIT = {spelling: unit for unit, spellings in _UNITS.items() for spelling in spellings.split()}
MAX_LENGTH = 64  # longer runs are hashes and data, not words
CACHED_WORDS = 200_000
_STEMMERS = threading.local()


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802 - PyStemmer's name


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """One content word of a question; `forms` are its terms, one for each language asked for."""

    word: str
    forms: tuple[str, ...]


def index_terms(text: str, language: str) -> list[str]:
    """The terms of a stored text, in its order, repeats kept."""
    found: list[str] = []
    for match in WORD.finditer(text):
        found.extend(_word_terms(match.group(), language))
    found.extend(quantities(text))
    return found


def query_terms(text: str, languages: Sequence[str]) -> list[QueryTerm]:
    """The distinct content words of a question; stop words of the first language are dropped.

    The same word is stemmed in every language given, so that a name common to both is found in either.
    """
    found: dict[str, QueryTerm] = {}
    for match in WORD.finditer(text):
        word = match.group()
        own = _word_terms(word, languages[0])
        others = [_word_terms(word, language) for language in languages[1:]]
        for place, term in enumerate(own):
            forms = [term, *(o[place] if len(o) == len(own) else term for o in others)]
            found.setdefault(term, QueryTerm(word, tuple(forms)))
    for term in quantities(text):
        found.setdefault(term, QueryTerm(term, (term,) * len(languages)))
    return list(found.values())


def quantities(text: str) -> list[str]:
    """Numbers with a known unit, as one term each."""
    return [
        f"{number.replace(',', '.')}{_UNIT[unit.lower()]}"
        for number, unit in _QUANTITY.findall(text)
        if unit.lower() in _UNIT
    ]


@lru_cache(CACHED_WORDS)
def _word_terms(word: str, language: str) -> tuple[str, ...]:
    lowered = word.lower()
    if len(lowered) > MAX_LENGTH or lowered in STOP_WORDS.get(language, frozenset()):
        return ()
    if lowered.isalpha():
        parts = _PART.findall(word) if not (word.islower() or word.isupper() or word.istitle()) else []
        whole = (_stemmed(lowered, language),)
    else:
        parts = _SEPARATOR.split(word)
        whole = (_plain(lowered),)
    if len(parts) < 2:
        return whole
    return (*whole, *(t for p in parts if len(p) > 1 for t in _simple_terms(p.lower(), language)))


def _simple_terms(part: str, language: str) -> tuple[str, ...]:
    if part in STOP_WORDS.get(language, frozenset()):
        return ()
    return (_stemmed(part, language) if part.isalpha() else _plain(part),)


def _stemmed(word: str, language: str) -> str:
    stemmer = _stemmer(language)
    return _plain(stemmer.stemWord(word) if stemmer and len(word) > 2 else word)


def _plain(word: str) -> str:
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


def _stemmer(language: str) -> _Stemmer | None:
    """This thread's stemmer: PyStemmer's objects must not be shared."""
    name = _SNOWBALL.get(language)
    if name is None:
        return None
    found: _Stemmer | None = getattr(_STEMMERS, name, None)
    if found is None:
        import Stemmer

        found = Stemmer.Stemmer(name, 0)  # no cache of its own: words are cached above
        setattr(_STEMMERS, name, found)
    return found
