"""Finds a quote literally in a passage, whatever markup, hyphenation or typography did to either.

"Literally" means: the same letters and digits in the same order. Case, runs of white space, soft hyphens,
a word broken at a line's end, typographic quotes and dashes, and Markdown marks do not count.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from rimedio.answering.verification.words import STOP, words

CONTENT_WORDS_MIN = 2  # a quote of one word proves nothing, unless the claim is that word

_MARKUP = frozenset("*_`#|~>")
_SAME = {
    "’": "'", "‘": "'", "ʼ": "'", "´": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"',
    "–": "-", "—": "-", "‑": "-", "‐": "-", "−": "-", "…": "...", "\u00ad": "", "\u200b": "", "\ufeff": "",
    "μ": "µ", "Ω": "Ω", "º": "°",
}  # fmt: skip
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-‐‑](?:[ \t]*\r?\n[ \t]*)?(?=[^\W\d_])")
_LIST_MARK = re.compile(r"(?:(?<=\n)|^)[ \t]*(?:[-*•+]|\d{1,2}[.)])[ \t]+")


@dataclass(frozen=True, slots=True)
class Span:
    """Where a quote stands in a text: offsets into the text as stored, end exclusive."""

    start: int
    end: int


def find_quote(quote: str, text: str) -> Span | None:
    """Where `quote` is literally in `text`, or None. Linear in the length of both.

    Bullets and list numbers are looked for as they stand first, then left out on both sides.
    """
    exact = text.find(quote.strip())
    if quote.strip() and exact >= 0 and _whole(text, exact, exact + len(quote.strip())):
        return Span(exact, exact + len(quote.strip()))
    return _find(quote, text, marks=True) or _find(quote, text, marks=False)


def _find(quote: str, text: str, *, marks: bool) -> Span | None:
    wanted, _ = _normalised(quote, marks)
    if not wanted:
        return None
    flat, origin = _normalised(text, marks)
    at = flat.find(wanted)
    while at >= 0:
        if _whole(flat, at, at + len(wanted)):
            return Span(origin[at], origin[at + len(wanted) - 1] + 1)
        at = flat.find(wanted, at + 1)
    return None


def same_words(one: str, other: str) -> bool:
    """Whether two texts are equal once normalised, closing punctuation aside."""
    return _normalised(one, False)[0].strip(" .;:,") == _normalised(other, False)[0].strip(" .;:,")


def contains(claim: str, quote: str) -> bool:
    """Whether the words of `claim` stand in `quote` in one unbroken run."""
    run = words(claim)
    return bool(run) and f" {' '.join(run)} " in f" {' '.join(words(quote))} "


def is_trivial(quote: str, language: str) -> bool:
    """Whether a quote is too short to prove anything: fewer than two words that carry meaning."""
    stop = STOP[language]
    return sum(w not in stop for w in words(quote)) < CONTENT_WORDS_MIN


def _whole(text: str, start: int, end: int) -> bool:
    """Whether a match neither begins nor ends inside a word or a number."""
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    if text[start].isalnum() and before.isalnum():
        return False
    if text[end - 1].isalnum() and after.isalnum():
        return False
    decimal = text[end - 1].isdigit() and after in ".,/" and text[end + 1 : end + 2].isdigit()
    fraction = text[start].isdigit() and before in ".,/" and start >= 2 and text[start - 2].isdigit()
    return not (decimal or fraction)


@lru_cache(maxsize=512)  # a passage is looked into once for each sentence that cites it
def _normalised(text: str, marks: bool) -> tuple[str, list[int]]:
    """Text without what does not count (list marks too unless `marks`), and each character's offset."""
    skipped = _skipped(text, marks)
    out: list[str] = []
    origin: list[int] = []
    for i, char in enumerate(text):
        if char in _MARKUP or i in skipped:
            continue
        if char.isspace():
            if out and out[-1] != " ":
                out.append(" ")
                origin.append(i)
            continue
        for c in _same(char):
            out.append(c)
            origin.append(i)
    while out and out[-1] == " ":
        out.pop()
        origin.pop()
    return "".join(out), origin


def _skipped(text: str, marks: bool) -> set[int]:
    gone: set[int] = set()
    for match in _HYPHEN.finditer(text):
        gone.update(range(match.start(), match.end()))
    for match in () if marks else _LIST_MARK.finditer(text):
        gone.update(range(match.start(), match.end()))
    return gone


def _same(char: str) -> str:
    if char.isascii():
        return char.lower()
    if char in _SAME:
        return _SAME[char]
    return unicodedata.normalize("NFKC", char).casefold()
