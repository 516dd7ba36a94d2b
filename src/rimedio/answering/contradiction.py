"""Finds documents that contradict each other on what a draft says: the same thing with another value."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rimedio.answering.verification.codes import codes
from rimedio.answering.verification.quantities import Quantity, agree, quantities
from rimedio.answering.verification.words import content_stems, sentences, words
from rimedio.domain.answer import Draft
from rimedio.domain.knowledge import Chunk

SAME_THING = 0.6  # share of the quote's words that a sentence of another document must have
_THRESHOLDS = frozenset(
    [
        "sotto",
        "sopra",
        "oltre",
        "supera",
        "superiore",
        "inferiore",
        "below",
        "above",
        "under",
        "over",
        "exceeds",
    ]
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two documents, two values. `newer_first` says whether the draft follows the newer one."""

    cited: str
    other: str
    value: str
    other_value: str
    follows_newer: bool

    @property
    def text(self) -> str:
        """Both sides, short."""
        return f"{self.cited}: {self.value}; {self.other}: {self.other_value}"


def contradictions(draft: Draft, passages: Sequence[Chunk]) -> list[Contradiction]:
    """What other documents among `passages` say otherwise than the quotes of `draft`, once for each pair."""
    found: dict[tuple[str, str], Contradiction] = {}
    for sentence in draft.sentences:
        if not 1 <= sentence.passage <= len(passages) or not _DIGIT.search(sentence.quote):
            continue
        cited = passages[sentence.passage - 1]
        for other in passages:
            if other.document_id != cited.document_id and other.language == cited.language:
                pair = (cited.document_id, other.document_id)
                if pair not in found and (seen := _contradicts(sentence.quote, cited, other)):
                    found[pair] = seen
    return list(found.values())


def _contradicts(quote: str, cited: Chunk, other: Chunk) -> Contradiction | None:
    wanted = _subject(quote, cited.language)
    stated = _values(quote, cited.language)
    if len(wanted) < 3 or not stated:
        return None
    for sentence in sentences(other.text):
        shared = wanted & _subject(sentence, other.language)
        if len(shared) < SAME_THING * len(wanted) or _is_threshold(quote) != _is_threshold(sentence):
            continue
        for ours, theirs in _rivals(stated, _values(sentence, other.language)):
            newer = _dated(cited) >= _dated(other)
            return Contradiction(cited.source_title, other.source_title, ours.text, theirs.text, newer)
    return None


def _rivals(stated: Sequence[Quantity], found: Sequence[Quantity]) -> list[tuple[Quantity, Quantity]]:
    """Values of one dimension of which neither side has the other's."""
    ours = [q for q in stated if q.unit and not any(agree(q, f) for f in found)]
    theirs = [f for f in found if f.unit and not any(agree(f, q) for q in stated)]
    return [(q, f) for q in ours for f in theirs if q.dimension == f.dimension]


def _is_threshold(text: str) -> bool:
    """Whether a value is a limit that something passes; "below 0.6 bar" does not dispute "fill to 1.5 bar"."""
    return not _THRESHOLDS.isdisjoint(words(text))


def _subject(text: str, language: str) -> frozenset[str]:
    return frozenset(s for s in content_stems(text, language) if not s[0].isdigit())


def _values(text: str, language: str) -> list[Quantity]:
    return quantities(text, language, [(c.start, c.end) for c in codes(text)])


def _dated(chunk: Chunk) -> datetime:
    return chunk.updated_at or _EPOCH
