"""Whether claim and quote say yes and no, must and may, before and after, open and close of the same things.

A difference counts only where both texts speak of the same word: the head that a negation governs, the
neighbours of an opposite. So a paraphrase that turns the sentence without changing its meaning passes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rimedio.answering.verification.lexicon import (
    CLAUSE_ENDS,
    EXCLUSIVE,
    NEGATIONS,
    OBLIGATION,
    PERMISSION,
    Meaning,
    meanings,
)
from rimedio.answering.verification.words import is_content, stem, words_and_stops

_SCOPE = 4  # content words that a negation reaches before its clause ends
_SHARED_MIN = 0.5  # of the claim's content words stand in the quote: they speak of the same thing
_TEMPORAL = {"before", "prior", "after", "following", "afterwards", "prima", "dopo"}
_TURNS = {"turn", "turned", "turning", "switch", "switched", "switching", "power", "powered"}
_SECOND_HALVES = {"mai", "nessun", "nessuno", "nessuna", "ne", "neppure", "nemmeno", "neanche"}
_THEN = {"e", "and", ","}  # "e dopo": then
_NOT_NEGATIONS = {"only", "solo", "soltanto"}  # "not only"


@dataclass(frozen=True, slots=True)
class _Mark:
    """An opposite or colour in a text: what it means and the content words beside it."""

    word: str
    meaning: Meaning
    before: str
    after: str
    negated: bool
    position: int


@dataclass(frozen=True)
class Statement:
    """A text read for its polarity."""

    tokens: tuple[str, ...]
    language: str

    @classmethod
    def read(cls, text: str, language: str) -> "Statement":
        """Tokens of `text`, particles of English phrasal verbs joined: "turn it off" is turn_off."""
        return cls(tuple(_joined(words_and_stops(text))), language)

    def content(self, at: int) -> bool:
        """Whether the token at `at` carries meaning and is no cue itself."""
        word = self.tokens[at]
        if word in NEGATIONS or word in OBLIGATION or word in PERMISSION or word in EXCLUSIVE:
            return False
        return is_content(word, self.language)

    def stem(self, at: int) -> str:
        """Stem of the token at `at`."""
        return stem(self.tokens[at], self.language)

    @cached_property
    def stems(self) -> frozenset[str]:
        """Stems of all content words."""
        return frozenset(self.stem(i) for i in range(len(self.tokens)) if self.content(i))

    def head(self, cue: int) -> int | None:
        """The content word that the cue at `cue` governs: the next of its clause, else the one before."""
        for i in range(cue + 1, len(self.tokens)):
            if self.tokens[i] in CLAUSE_ENDS:
                break
            if self.content(i):
                return i
        for i in range(cue - 1, -1, -1):
            if self.tokens[i] in CLAUSE_ENDS:
                return None
            if self.content(i):
                return i
        return None

    @cached_property
    def negations(self) -> tuple[int, ...]:
        """Positions of negating words; the second half of an Italian "non … mai" is none of its own."""
        found: list[int] = []
        for i, word in enumerate(self.tokens):
            following = self.tokens[i + 1] if i + 1 < len(self.tokens) else ""
            if word == "non" and self.language == "en":
                continue  # a prefix, as in "non-conductive"
            if word not in NEGATIONS or following in _NOT_NEGATIONS or _numero(word, following):
                continue
            doubled = word in _SECOND_HALVES and "non" in self.tokens[max(0, i - _SCOPE) : i]
            if not doubled:
                found.append(i)
        return tuple(found)

    @cached_property
    def negated_heads(self) -> frozenset[str]:
        """Stems of the words that a negation governs."""
        heads = (self.head(i) for i in self.negations)
        return frozenset(self.stem(h) for h in heads if h is not None)

    @cached_property
    def negated_positions(self) -> frozenset[int]:
        """All positions within reach of a negation."""
        reached: set[int] = set()
        for cue in self.negations:
            if (head := self.head(cue)) is not None:
                reached.add(head)
            reached.update(self._scope(cue))
        return frozenset(reached)

    def _scope(self, cue: int) -> Iterator[int]:
        left = _SCOPE
        for i in range(cue + 1, len(self.tokens)):
            if self.tokens[i] in CLAUSE_ENDS or not left:
                return
            left -= self.content(i)
            yield i

    def always_affirmed(self, word: str) -> bool:
        """Whether `word` (a stem) occurs, and never within reach of a negation."""
        at = [i for i in range(len(self.tokens)) if self.content(i) and self.stem(i) == word]
        return bool(at) and not any(i in self.negated_positions for i in at)

    def modals(self, kind: frozenset[str]) -> frozenset[str]:
        """Stems governed by words of obligation or permission, negated ones left out."""
        found = set()
        for i, word in enumerate(self.tokens):
            near = {i - 1, i + 1, i + 2}
            if (
                word in kind
                and not any(n in near for n in self.negations)
                and (head := self.head(i)) is not None
            ):
                found.add(self.stem(head))
        return frozenset(found)

    @cached_property
    def exclusive(self) -> bool:
        """Whether it says "only"."""
        return any(word in EXCLUSIVE for word in self.tokens)

    @cached_property
    def marks(self) -> tuple[_Mark, ...]:
        """All opposites and colours in order."""
        found = []
        for i, word in enumerate(self.tokens):
            if word == "min" and i and self.tokens[i - 1][0].isdigit():
                continue  # minutes
            if word in _TEMPORAL and i and self.tokens[i - 1] in _THEN:
                continue
            for meaning in meanings(word):
                before = self._neighbour(i, -1)
                after = self._neighbour(i, +1)
                found.append(_Mark(word, meaning, before, after, i in self.negated_positions, i))
        return tuple(found)

    def _neighbour(self, at: int, step: int) -> str:
        i = at + step
        while 0 <= i < len(self.tokens) and self.tokens[i] not in {".", ";", ":", "!", "?", "\n"}:
            if self.content(i):
                return self.stem(i)
            i += step
        return ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A disagreement: its kind (negation, modality, opposite, only) and the words on both sides."""

    kind: str
    claim: str
    quote: str


def conflicts(claim: Statement, quote: Statement) -> list[Conflict]:
    """What claim and quote disagree on; empty when their polarity agrees."""
    shared = len(claim.stems & quote.stems) / max(1, len(claim.stems))
    return [
        *_negation_conflicts(claim, quote, shared),
        *_modality_conflicts(claim, quote),
        *_opposite_conflicts(claim, quote, shared),
        *_only_conflicts(claim, quote, shared),
    ]


def _negation_conflicts(claim: Statement, quote: Statement, shared: float) -> Iterator[Conflict]:
    if shared < _SHARED_MIN:
        return  # too little in common to say that they speak of the same thing
    for word in claim.negated_heads:
        if quote.always_affirmed(word):
            yield Conflict("negation", f"not {word}", word)
    for word in quote.negated_heads:
        if claim.always_affirmed(word):
            yield Conflict("negation", word, f"not {word}")
    unknown = [w for w in claim.negated_heads if w not in quote.stems]
    if unknown and not quote.negations and not _turned(claim, quote):
        yield Conflict("negation", f"not {unknown[0]}", "")


def _turned(claim: Statement, quote: Statement) -> bool:
    """Whether a negation in the claim may stand for an opposite in the quote: "not live" for "off"."""
    return any(mark.negated for mark in claim.marks) or any(
        word.startswith(("un", "in", "im", "dis", "non")) for word in quote.tokens if len(word) > 5
    )


def _modality_conflicts(claim: Statement, quote: Statement) -> Iterator[Conflict]:
    for word in (claim.modals(PERMISSION) - claim.modals(OBLIGATION)) & quote.modals(OBLIGATION):
        if word not in quote.modals(PERMISSION):
            yield Conflict("modality", f"may {word}", f"must {word}")
    for word in (claim.modals(OBLIGATION) - claim.modals(PERMISSION)) & quote.modals(PERMISSION):
        if word not in quote.modals(OBLIGATION):
            yield Conflict("modality", f"must {word}", f"may {word}")


def _only_conflicts(claim: Statement, quote: Statement, shared: float) -> Iterator[Conflict]:
    if claim.exclusive and not quote.exclusive and shared > _SHARED_MIN:
        yield Conflict("only", "only", "")


def _opposite_conflicts(claim: Statement, quote: Statement, shared: float) -> Iterator[Conflict]:
    for mark in claim.marks:
        rivals = [m for m in quote.marks if _rival(mark.meaning, m.meaning)]
        if not rivals:
            continue
        same = [m for m in quote.marks if m.meaning == mark.meaning]
        if not same:
            held = any(m.meaning in [r.meaning for r in rivals] for m in claim.marks)
            rival = _speaking_of_the_same(mark, rivals, anything=shared > _SHARED_MIN and not held)
        else:
            rival = _swapped(mark, same, rivals)
        if rival is not None and rival.negated == mark.negated:
            yield Conflict("opposite", mark.word, rival.word)


def _rival(one: Meaning, other: Meaning) -> bool:
    return one[0] == other[0] and one[1] != other[1]


def _speaking_of_the_same(mark: _Mark, rivals: Sequence[_Mark], *, anything: bool) -> _Mark | None:
    """The rival that says the opposite of the same thing. Before and after turn with their object."""
    for rival in rivals:
        if mark.word in _TEMPORAL:
            if mark.after and mark.after == rival.after:
                return rival
        elif anything or _beside(mark, rival):
            return rival
    return None


def _swapped(mark: _Mark, same: Sequence[_Mark], rivals: Sequence[_Mark]) -> _Mark | None:
    """The rival, when the quote has both words and joins the claim's neighbour to the other one only."""
    if not mark.after or any(m.after == mark.after for m in same):
        return None
    return next((r for r in rivals if r.after == mark.after), None)


def _beside(one: _Mark, other: _Mark) -> bool:
    return bool({one.before, one.after} & {other.before, other.after} - {""})


def _joined(tokens: list[str]) -> list[str]:
    """Phrasal verbs as one token; the particle may follow up to three words later."""
    out = list(tokens)
    for i, word in enumerate(out):
        if word in _TURNS:
            for j in range(i + 1, min(i + 5, len(out))):
                if out[j] in CLAUSE_ENDS:
                    break
                if out[j] in {"on", "off"} and (
                    j == i + 1 or out[j] == "off" or j + 1 == len(out) or out[j + 1] in CLAUSE_ENDS
                ):
                    out[i], out[j] = f"{word}_{out[j]}", ""
                    break
    return [word for word in out if word]


def _numero(word: str, following: str) -> bool:
    """Whether "no" abbreviates "number"."""
    return word == "no" and following[:1].isdigit()
