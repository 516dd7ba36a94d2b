"""Names that must be right to the letter: error codes, part numbers, models, terminals, ratings such as IP54.

Recognised by shape (letters and digits in one word), so that another maker's codes need no list.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

_LETTERS_FIRST = r"[A-Za-z]{1,8}[-_/]?\d[A-Za-z0-9]*(?:[-_./][A-Za-z0-9]+)*"
_LETTERS_LATER = r"[A-Za-z]{1,8}(?:[-_/][A-Za-z]{1,8}){1,3}[-_/]\d[A-Za-z0-9]*(?:[-_./][A-Za-z0-9]+)*"
_DIGITS_FIRST = r"\d+(?:[-/][A-Za-z0-9]+)*[-/](?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{1,12}(?:[-/][A-Za-z0-9]+)*"
_HEX = r"0x[0-9A-Fa-f]+"
_CODE = re.compile(rf"(?<![\w.,])(?:{_HEX}|{_LETTERS_LATER}|{_LETTERS_FIRST}|{_DIGITS_FIRST})(?!\w)")
_UNIT_LIKE = re.compile(
    r"\d+-?(?:m[mA²³]?|cm|kV?|V|A|W|kW|Hz|Nm|s|min|h|C|F|K|l|g|kg|pin|pole|poli|phase|fase|wire|way|minute|hour|day"
    r"|second|year|month|inch|foot|bit|step|core|point|stage|digit|speed|in|to|a|e|up|off|on|th|st|nd|rd)s?",
    re.IGNORECASE,
)
_AFTER_WORD = re.compile(
    r"\b(?:codice|code|errore|error|allarme|alarm|fault|guasto|avaria)\s+(?:n\.?\s*|no\.?\s*|nr\.?\s*|#\s*)?(\d{2,5})\b",
    re.IGNORECASE,
)
_JOIN = re.compile(r"[-_./]")


@dataclass(frozen=True, slots=True)
class Code:
    """A code as found; `canonical` has neither case nor separators."""

    canonical: str
    text: str
    start: int
    end: int

    @property
    def shape(self) -> str:
        """Letters as themselves, each digit as 9: codes of one family have one shape."""
        return re.sub(r"\d", "9", self.canonical)


@lru_cache(maxsize=512)  # a passage is read once for each sentence that cites it
def codes(text: str) -> tuple[Code, ...]:
    """All codes in order. Numbers that a word such as "error" announces count as codes too."""
    found = [
        Code(canonical(m[0]), m[0], m.start(), m.end())
        for m in _CODE.finditer(text)
        if not _UNIT_LIKE.fullmatch(m[0])
    ]
    found += [Code(m[1], m[1], m.start(1), m.end(1)) for m in _AFTER_WORD.finditer(text)]
    return tuple(sorted(found, key=lambda c: c.start))


def canonical(code: str) -> str:
    """Upper case, separators dropped: "xc-200" and "XC 200" are XC200."""
    return _JOIN.sub("", code).upper()


def parts(code: Code) -> tuple[str, ...]:
    """A code and, where it is joined of several such as "L1-L2", each of them."""
    pieces = [canonical(p) for p in re.split(r"[-/.]", code.text)]
    whole = all(any(c.isdigit() for c in p) and any(c.isalpha() for c in p) for p in pieces)
    return (code.canonical, *pieces) if whole else (code.canonical,)
