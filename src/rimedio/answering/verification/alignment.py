"""Lays a claim word by word against its quote and finds what was changed in place.

Only for claims that follow their quote closely: there an exchanged value, a dropped "not" or one opposite in
place of the other is visible even when all the same words and numbers occur.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from rimedio.answering.verification.lexicon import EXCLUSIVE, NEGATIONS, OBLIGATION, PERMISSION, opposed
from rimedio.answering.verification.words import sentences, words

_WORDS_MAX = 120  # beyond that a claim is no sentence, and alignment would cost too much
_FOLLOWS_MIN = 0.6  # share of the claim's words that stand in the quote in the same order
_REPEATS_MIN = 0.85  # the same of both: the claim is the quote but for a word or two
_NEAR_MIN = 0.8  # share of the claim's words that one sentence of the quote has
_WINDOW = 3  # sentences in a row that a claim may draw together
_WINDOW_MIN = 0.5  # share of the claim's words that those must have for their polarity to be compared
_VALUE = "#"
_GROUPED = re.compile(r"[1-9]\d{0,2}([.,])\d{3}(?:\1\d{3})*")


@dataclass(frozen=True, slots=True)
class Difference:
    """What was changed: kind (value, opposite, modality, negation, only) and the words on both sides."""

    kind: str
    claim: str
    quote: str


def nearest_part(claim: str, quote: str) -> str:
    """The sentence of the quote that the claim restates, or up to three in a row; empty when none is near."""
    parts = sentences(quote)
    if len(parts) < 2:
        return quote
    wanted = set(words(claim))
    found = [set(words(p)) for p in parts]
    best = max(range(len(parts)), key=lambda i: _likeness(wanted, found[i]))
    if len(wanted & found[best]) >= _NEAR_MIN * len(wanted):
        return parts[best]
    if len(parts) <= _WINDOW:
        return quote
    starts = range(len(parts) - _WINDOW + 1)
    joined = [found[i].union(*found[i + 1 : i + _WINDOW]) for i in starts]
    best = max(starts, key=lambda i: _likeness(wanted, joined[i]))
    near = len(wanted & joined[best]) >= _WINDOW_MIN * len(wanted)
    return "\n".join(parts[best : best + _WINDOW]) if near else ""


def _likeness(one: set[str], other: set[str]) -> float:
    return 2 * len(one & other) / max(1, len(one) + len(other))


def differences(claim: str, quote: str) -> Iterator[Difference]:
    """Changes in place, for a claim that otherwise follows its quote; none for a freer one."""
    ours, theirs = words(claim), words(quote)
    if not ours or max(len(ours), len(theirs)) > _WORDS_MAX:
        return
    matcher = SequenceMatcher(None, _masked(ours), _masked(theirs), autojunk=False)
    blocks = matcher.get_opcodes()
    kept = sum(i2 - i1 for tag, i1, i2, _, _ in blocks if tag == "equal")
    if kept < _FOLLOWS_MIN * len(ours):
        return
    repeats = kept >= _REPEATS_MIN * max(1, len(ours) - 1) and kept >= _REPEATS_MIN * max(1, len(theirs) - 1)
    ordered = _is_subsequence(_numbers(ours), _numbers(theirs))
    for tag, i1, i2, j1, j2 in blocks:
        if tag == "equal" and not ordered:
            yield from _values(ours, theirs, range(i1, i2), j1 - i1)
        elif tag == "replace" and i2 - i1 == j2 - j1:
            yield from _words_changed(ours[i1:i2], theirs[j1:j2])
        if tag != "equal" and repeats:
            yield from _words_added(ours[i1:i2], theirs[j1:j2])


def _masked(tokens: Sequence[str]) -> list[str]:
    return [_VALUE if t[0].isdigit() else t for t in tokens]


def _values(ours: Sequence[str], theirs: Sequence[str], places: range, shift: int) -> Iterator[Difference]:
    """Numbers that differ in the same place; where the units beside them differ too, they may agree."""
    for i in places:
        one, other = ours[i], theirs[i + shift]
        if one[0].isdigit() and _number(one) != _number(other) and _next(ours, i) == _next(theirs, i + shift):
            yield Difference("value", one, other)


def _numbers(tokens: Sequence[str]) -> list[str]:
    return [_number(t) for t in tokens if t[0].isdigit()]


def _is_subsequence(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether the claim's numbers all stand in the quote in their order: then none was exchanged."""
    rest = iter(theirs)
    return all(number in rest for number in ours)


def _next(tokens: Sequence[str], at: int) -> str:
    following = tokens[at + 1] if at + 1 < len(tokens) else ""
    return _VALUE if following[:1].isdigit() else following


def _number(token: str) -> str:
    """The token as one spelling: 2,50 is 2.5, and 1.000 is 1000 (numbers below one apart)."""
    if _GROUPED.fullmatch(token):
        return token.replace(".", "").replace(",", "")
    text = token.replace(",", ".")
    return text.rstrip("0").rstrip(".") if text.count(".") == 1 else text


def _words_changed(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Difference]:
    for one, other in zip(ours, theirs, strict=True):
        if opposed(one, other):
            yield Difference("opposite", one, other)
        elif (one in PERMISSION and other in OBLIGATION) or (one in OBLIGATION and other in PERMISSION):
            yield Difference("modality", one, other)


def _words_added(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Difference]:
    if (sum(w in NEGATIONS for w in ours) - sum(w in NEGATIONS for w in theirs)) % 2:
        yield Difference("negation", " ".join(ours), " ".join(theirs))
    if any(w in EXCLUSIVE for w in ours) and not any(w in EXCLUSIVE for w in theirs):
        yield Difference("only", " ".join(ours), " ".join(theirs))
