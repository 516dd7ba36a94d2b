"""Cuts Italian and English technical prose into sentences, as spans of the original text."""

import re
from dataclasses import dataclass

# A full stop after these does not end a sentence.
_ABBREVIATIONS = frozenset(
    [
        "es",
        "ecc",
        "cod",
        "art",
        "fig",
        "tab",
        "pag",
        "pagg",
        "cap",
        "par",
        "sez",
        "n",
        "nr",
        "num",
        "rif",
        "sig",
        "dott",
        "ing",
        "tel",
        "max",
        "min",
        "ca",
        "circa",
        "ed",
        "vs",
        "e.g",
        "i.e",
        "eg",
        "ie",
        "etc",
        "no",
        "nos",
        "sec",
        "fig",
        "figs",
        "approx",
        "vol",
        "ref",
        "rev",
        "mr",
        "mrs",
        "dr",
        "st",
        "inc",
        "ltd",
        "co",
        "incl",
        "excl",
        "temp",
        "cfr",
        "ad.es",
        "p.es",
        "u.s",
    ]
)
_END = re.compile(r"[.!?…]+[\"'”»)\]*_]*(?=\s|$)|\n[ \t]*\n")
_STARTS_LOW = re.compile(r"\s*[a-zà-öø-ÿ]")
_LAST_WORD = re.compile(r"([\w.]+)[.!?…]+\W*$")
_NUMBER_BEFORE = re.compile(r"\d\s?$")
_MARKER = re.compile(r"\s*(?:\d{1,2}|[A-Za-z])\.$")


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` (exclusive) of a text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The characters themselves."""
        return text[self.start : self.end]


def split_sentences(text: str, start: int = 0, end: int | None = None) -> tuple[Span, ...]:
    """Spans of the sentences in `text[start:end]`, without surrounding white space.

    A blank line always ends a sentence; "cod.", "e.g.", "3.5 Nm" and a list number "1." never do.
    """
    stop = len(text) if end is None else end
    spans: list[Span] = []
    begin = start
    for match in _END.finditer(text, start, stop):
        if "\n" not in match[0] and not _ends_here(text, begin, match.end(), stop):
            continue
        _append(spans, text, begin, match.end())
        begin = match.end()
    _append(spans, text, begin, stop)
    return tuple(spans)


def _ends_here(text: str, begin: int, at: int, stop: int) -> bool:
    sentence = text[begin:at]
    if _MARKER.fullmatch(sentence):
        return False
    word = _LAST_WORD.search(sentence)
    if word and sentence.rstrip("\"'”»)]*_").endswith("."):
        last = word[1].rstrip(".").lower()
        is_unit = bool(_NUMBER_BEFORE.search(sentence[: word.start(1)]))  # "3 s.", "5 min." end sentences
        if not is_unit and (last in _ABBREVIATIONS or (len(last) == 1 and last.isalpha())):
            return False
    return not _STARTS_LOW.match(text, at, stop)


def _append(spans: list[Span], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append(Span(start, end))
