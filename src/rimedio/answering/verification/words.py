"""Words as claims and passages are compared by: folded, stemmed, without stop words, Italian and English.

Folding drops case and accents, so that "perche'" of one source meets "perché" of another.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Protocol

LANGUAGES = {"it": "italian", "en": "english"}

_STOP_ENGLISH_WORDS = """
a an the and or but if then else of in on at to for from by with as is are was were be been being am
it its this that these those he she they them his her their we you i your our my me us do does did
has have had can could will would should may might must shall so than too very there here which who
whom what when where why how all any each some such into about also more most other own same s t d
ll re ve just now not no nor never only while during please let get got yes ok one there's upon per
via
"""
STOP_ENGLISH = frozenset(_STOP_ENGLISH_WORDS.split())
_STOP_ITALIAN_WORDS = """
il lo la i gli le l un uno una di a da in con su per tra fra del dello della dell dei degli delle al
allo alla all ai agli alle dal dallo dalla dall dai dagli dalle nel nello nella nell nei negli nelle
sul sullo sulla sull sui sugli sulle e ed o od ma se che chi cui come dove quando quanto quale quali
questo questa questi queste quello quella quelli quelle mi ti si ci vi ne lui lei loro noi voi io tu
suo sua suoi sue essere sono era erano stato stata stati state ha hanno aveva avere ho hai abbiamo
sia siano fosse puo possono deve devono anche piu molto poi non mai solo soltanto gia ancora cosi
perche quindi oppure c d s t qui qua cio ogni quest quell essa esso essi esse va vanno viene vengono
"""
STOP_ITALIAN = frozenset(_STOP_ITALIAN_WORDS.split())
STOP = {"it": STOP_ITALIAN, "en": STOP_ENGLISH}

_WORD = re.compile(r"[a-z0-9]+(?:[.,][0-9]+)*")
_PUNCTUATED = re.compile(r"[a-z0-9]+(?:[.,][0-9]+)*|[.,;:!?()\n]")
_SENTENCE = re.compile(r"\n+|(?<=[.!?;])\s+(?=[\w\"'(\[«“*-])")
_CONTRACTIONS = (
    (re.compile(r"\bcannot\b"), "can not"),
    (re.compile(r"\bcan't\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"n't\b"), " not"),
)
_LATIN = (*range(0xA0, 0x250), *range(0x1E00, 0x1F00), *range(0x2070, 0x20A0))  # letters, powers, indices


def _plain() -> dict[int, str | None]:
    """Each accented letter without its accents, typographic marks as their plain ones, soft hyphens gone."""
    table: dict[int, str | None] = {
        code: "".join(c for c in unicodedata.normalize("NFKD", chr(code)) if not unicodedata.combining(c))
        for code in _LATIN
    }
    table |= str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "´": "'", "\u00ad": None, "‑": "-"})
    return table | dict.fromkeys(range(0x300, 0x370))


_PLAIN = _plain()


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802 - PyStemmer's own name


@lru_cache(maxsize=2)
def _stemmer(language: str) -> _Stemmer:
    import Stemmer

    stemmer: _Stemmer = Stemmer.Stemmer(LANGUAGES[language])
    return stemmer


@lru_cache(maxsize=100_000)
def stem(word: str, language: str) -> str:
    """Snowball stem of a folded word."""
    if word[0].isdigit():
        return word
    return _stemmer(language).stemWord(word)


def fold(text: str) -> str:
    """Lower case, accents and soft hyphens dropped, apostrophes straight, English contractions opened."""
    text = text.lower() if text.isascii() else text.translate(_PLAIN).lower()
    if "n't" in text or "cannot" in text:
        for pattern, full in _CONTRACTIONS:
            text = pattern.sub(full, text)
    return text


def words(text: str) -> list[str]:
    """Folded words and numbers in order."""
    return _WORD.findall(fold(text))


def words_and_stops(text: str) -> list[str]:
    """Folded words in order, with the punctuation that ends a clause between them."""
    return _PUNCTUATED.findall(fold(text))


def stems(text: str, language: str) -> list[str]:
    """Stems of all words in order, stop words included."""
    return [stem(w, language) for w in words(text)]


def content_stems(text: str, language: str) -> list[str]:
    """Stems of the words that carry meaning, in order."""
    stop = STOP[language]
    return [stem(w, language) for w in words(text) if w not in stop]


def is_content(word: str, language: str) -> bool:
    """Whether a folded word carries meaning."""
    return word not in STOP[language] and word[0].isalnum()


def sentences(text: str) -> list[str]:
    """Sentences and lines of a text, in order, without empty ones."""
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]
