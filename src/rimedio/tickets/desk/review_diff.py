"""What an edit changed: sentence by sentence, and how many of the words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from rimedio.domain.review import Change, SentenceChange


@dataclass(frozen=True, slots=True)
class PlacedSentence:
    """A sentence and the order of its step."""

    text: str
    step: int


def sentence_diff(
    before: Sequence[PlacedSentence], after: Sequence[PlacedSentence]
) -> tuple[SentenceChange, ...]:
    """Every sentence of both sides once: same, changed, added or removed, in the order of the new text.

    Neighbours that replace one another count as changed when they share words, else as removed and added.
    """
    matcher = SequenceMatcher(None, [s.text for s in before], [s.text for s in after], autojunk=False)
    changes: list[SentenceChange] = []
    for op, a, b, c, d in matcher.get_opcodes():
        if op == "equal":
            changes += [SentenceChange(Change.SAME, s.text, s.text, s.step) for s in after[c:d]]
        else:
            changes += _replaced(before[a:b], after[c:d])
    return tuple(changes)


def _replaced(before: Sequence[PlacedSentence], after: Sequence[PlacedSentence]) -> Iterator[SentenceChange]:
    for old, new in zip_longest(before, after):
        if old is not None and new is not None and _kin(old.text, new.text):
            yield SentenceChange(Change.CHANGED, old.text, new.text, new.step)
            continue
        if old is not None:
            yield SentenceChange(Change.REMOVED, old.text, None, old.step)
        if new is not None:
            yield SentenceChange(Change.ADDED, None, new.text, new.step)


def _kin(one: str, other: str) -> bool:
    """Whether two sentences share a third of their words."""
    a, b = set(one.lower().split()), set(other.lower().split())
    return 3 * len(a & b) >= min(len(a), len(b)) > 0


def share_changed(before: str, after: str) -> float:
    """Share of the words of both texts that the other does not have in the same order, 0..1."""
    old, new = before.split(), after.split()
    if not old and not new:
        return 0.0
    return round(1 - SequenceMatcher(None, old, new, autojunk=False).ratio(), 4)
