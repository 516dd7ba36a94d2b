"""People's names in running text, without a model: lists of given names, and words that introduce a person.

Recall counts for more than precision here, except where the words are technical: a name that reaches a model is
a leak, a harmless word that does not is a little less context. Words of a maker's vocabulary are never names.
"""

import re
from collections.abc import Iterator, Set
from functools import cache

from rimedio.llm.guardrails.pii.entity import EntityKind, Span
from rimedio.llm.guardrails.pii.fold import fold
from rimedio.llm.guardrails.pii.lexicon import word_list
from rimedio.llm.guardrails.pii.person_cues import FULL_NAME, NAME, PART, TITLE, UPPER, patterns_by_word

_WITH_INITIAL = re.compile(rf"{PART}[ ][{UPPER}]\.?[ ]{PART}")
_RUN = re.compile(rf"(?<![^\W_]){NAME}(?![^\W\d_]*\d)")
_DEED_WORDS = frozenset(
    (
        "lives",
        "lived",
        "works",
        "worked",
        "married",
        "died",
        "born",
        "moved",
        "began",
        "abita",
        "abitava",
        "lavora",
    )
) | {"vive", "nato", "nata"}
_BEFORE_DEED = re.compile(
    rf"(?<![^\W_])(?P<name>{NAME})[ ](?:(?:who )?(?:(?:lives|lived) (?:at|in|on|with)|(?:works|worked) (?:for|as))|"
    r"was born|moved to|married|died|began \w+ing|abita(?:va)?|"
    r"lavora (?:per|da|in|come)|vive (?:a|in)|è nat[oa])(?![^\W_])"
)
_LINE = re.compile(rf"^[ \t>?*-]{{0,6}}(?:{TITLE}[ \t])?(?P<name>{FULL_NAME})[ \t]*$", re.MULTILINE)
_WORD = re.compile(r"[^\W\d_]+")
_LIST = re.compile(rf"(?<![^\W_]){PART}(?:,[ ]{PART}){{1,12}},?[ ](?:and|e|ed|und|et|y)[ ]{PART}")

LOWER_CHARS_MIN = 5
ACRONYM_CHARS_MAX = 4


class Words:
    """The folded words of a text; knowing which occur at all makes looking for thousands of names cheap."""

    def __init__(self, text: str) -> None:
        self.folded = fold(text)
        self.known = frozenset(_WORD.findall(self.folded))

    def occurrences(self, wanted: Set[str]) -> Iterator[tuple[int, int, str]]:
        """Start, end and word, wherever one of `wanted` stands as a whole word."""
        for word in self.known & wanted:
            start = self.folded.find(word)
            while start >= 0:
                end = start + len(word)
                if not self.folded[start - 1 : start].isalpha() and not self.folded[end : end + 1].isalpha():
                    yield start, end, word
                start = self.folded.find(word, end)


@cache
def _plain_given() -> frozenset[str]:
    """Given names that nothing else is: also believed in lower case, when long enough."""
    return (
        word_list("given_names")
        - word_list("ambiguous_names")
        - word_list("not_names")
        - word_list("surnames")
    )


@cache
def _long_given() -> frozenset[str]:
    return frozenset(word for word in _plain_given() if len(word) >= LOWER_CHARS_MIN)


def find_people(text: str) -> Iterator[Span]:
    """Names of people in `text`; findings may overlap, the longest should win."""
    spoken = Words(text)
    spans = {
        *_cued(text, spoken),
        *_before_deeds(text, spoken),
        *_runs(text),
        *_lines(text),
        *_lists(text),
        *_lower(text, spoken),
    }
    yield from (Span(EntityKind.PERSON, start, end) for start, end in spans)
    yield from (Span(EntityKind.PERSON, start, end) for start, end in _again(text, spoken, spans))


def _cued(text: str, spoken: Words) -> Iterator[tuple[int, int]]:
    """Capitalised words after a title, an introduction, a role, a greeting; before the end of a letter."""
    for start, _, word in spoken.occurrences(patterns_by_word().keys()):
        for pattern in patterns_by_word()[word]:
            match = pattern.match(text, start)
            span = _trim(text, *match.span("name")) if match else None
            if span:
                yield span


def _before_deeds(text: str, spoken: Words) -> Iterator[tuple[int, int]]:
    """Names before what only people do: "Oberhofer abita …", "Poulton lives …"."""
    if spoken.known.isdisjoint(_DEED_WORDS):
        return
    for match in _BEFORE_DEED.finditer(text):
        span = _trim(text, *match.span("name"))
        if span and span[1] == match.end("name"):
            yield span


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The name without the ordinary words that stand with capitals beside it; None when nothing is left."""
    parts = [(start + m.start(), start + m.end()) for m in re.finditer(r"\S+", text[start:end])]
    keep = []
    for a, b in parts:
        if fold(text[a:b]) in word_list("not_names"):
            break
        keep.append((a, b))
    if not keep or len(fold(text[keep[0][0] : keep[-1][1]])) < 2:
        return None
    a, b = keep[0][0], keep[-1][1]
    return (a, b - 2) if text[a:b].endswith(("'s", "’s")) else (a, b)


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Runs of capitalised words that hold a given name, or a middle initial between two names."""
    given, never = word_list("given_names"), word_list("not_names")
    for match in _RUN.finditer(text):
        start, end = match.span()
        if _WITH_INITIAL.fullmatch(match[0]) and never.isdisjoint(fold(match[0]).split()):
            yield start, end
            continue
        words = fold(match[0]).split()
        if given.isdisjoint(words) or _is_place(text, start, end, words):
            continue
        first = next((n for n, word in enumerate(words) if word in given and word not in never), None)
        if first is None or _is_brand(match[0].split()[first]):
            continue
        begin = start + [m.start() for m in re.finditer(r"\S+", match[0])][first]
        span = _trim(text, begin, end)
        if span and _is_name(fold(text[span[0] : span[1]]).split()):
            yield span


def _is_place(text: str, start: int, end: int, words: list[str]) -> bool:
    """Whether the run is a street or a place that bears somebody's name."""
    streets = word_list("street_words")
    before = fold(text[max(0, start - 12) : start]).replace(".", " ").split()
    after = fold(text[end : end + 14]).replace(".", " ").split()
    return not streets.isdisjoint({*words[1:], *before[-1:], *after[:1]})


def _is_brand(word: str) -> bool:
    """Whether a word has a capital inside, as names of products have; McCoy and O'Neill are spared."""
    inner = word.replace("’", "'").removeprefix("Mc").removeprefix("Mac").rpartition("'")[2].split("-")
    return not word.isupper() and any(not part[1:].islower() for part in inner if len(part) > 1)


def _is_name(words: list[str]) -> bool:
    """Whether a run that begins with a given name is a name, seeing that many given names are also plain words."""
    if words[0] not in word_list("ambiguous_names"):
        return True
    rest = [word for word in words[1:] if word not in word_list("not_names")]
    return any(word in word_list("surnames") or _SURNAME.search(word) for word in rest)


_SURNAME = re.compile(
    r"..(?:sson|ssen|mann|berg|[aeiou]vic|nova|[aeik]ova|[iy]eva|[nt]ev|[lkn]ov|wski|wska|nsky|enko|escu|idis|poulos|"
    r"dottir|quist|strom|lund|shvili|etti|elli|ucci|iello|achi|azzi|uzzi)$"
)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Lines that hold a full name and nothing else: letterheads and signatures."""
    given, surnames = word_list("given_names"), word_list("surnames")
    for match in _LINE.finditer(text):
        words = fold(match["name"]).replace(".", "").split()
        telling = [w for w in words if len(w) > 1]
        plain = not any(w in word_list("not_names") for w in telling)
        if plain and any(w in given or w in surnames or _SURNAME.search(w) for w in telling):
            yield match.span("name")


def _lists(text: str) -> Iterator[tuple[int, int]]:
    """All members of "A, B and C" when at least two of them are known given names."""
    given = _plain_given()
    for match in _LIST.finditer(text):
        members = [(match.start() + m.start(), match.start() + m.end()) for m in re.finditer(PART, match[0])]
        if sum(fold(text[a:b]) in given for a, b in members) >= 2:
            yield from ((a, b) for a, b in members if _may_be_name(text[a:b]))


def _may_be_name(word: str) -> bool:
    acronym = word.isupper() and len(word) <= ACRONYM_CHARS_MAX
    return not acronym and not _is_brand(word) and fold(word) not in word_list("not_names")


def _lower(text: str, spoken: Words) -> Iterator[tuple[int, int]]:
    """Unmistakable given names wherever they stand, also in lower case: people type so."""
    for start, end, _ in spoken.occurrences(_long_given()):
        if not _in_address(text, start, end) and not _is_brand(text[start:end]):
            yield start, end


def _in_address(text: str, start: int, end: int) -> bool:
    """Whether the word is a part of something written in one piece: a file name, a host, an address."""
    before, after = text[start - 1 : start], text[end : end + 2]
    glued = before.isalnum() or before in ("_", "@", ".", "/", "\\")
    return (
        glued or after[:1].isalnum() or after[:1] in ("_", "@") or (after[:1] == "." and after[1:].isalnum())
    )


def _again(text: str, spoken: Words, found: set[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Parts of a full name that stand alone elsewhere in the same text."""
    known = word_list("ambiguous_names") | word_list("not_names")
    full = [text[start:end] for start, end in found if " " in text[start:end]]
    parts = {
        fold(word) for name in full for word in name.split() if len(word) > 3 and word[0].isupper()
    } - known
    for start, end, _ in spoken.occurrences(parts):
        if text[start].isupper() and not _in_address(text, start, end):
            yield start, end
