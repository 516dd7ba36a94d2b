"""Compares what a claim states to the letter with its quote: numbers, units, codes, polarity, order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rimedio.answering.verification import polarity
from rimedio.answering.verification.alignment import differences, nearest_part
from rimedio.answering.verification.codes import Code, canonical, codes, parts
from rimedio.answering.verification.quantities import Quantity, agree, comparable, quantities
from rimedio.answering.verification.quote import same_words
from rimedio.answering.verification.reasons import Doubt

_POLARITY = {
    "negation": Doubt.NEGATION_DIFFERS,
    "modality": Doubt.MODALITY_DIFFERS,
    "opposite": Doubt.OPPOSITE,
    "only": Doubt.ONLY_ADDED,
}
_ALIGNED = {
    "value": Doubt.NUMBER_DIFFERS,
    "opposite": Doubt.OPPOSITE,
    "modality": Doubt.MODALITY_DIFFERS,
    "negation": Doubt.NEGATION_DIFFERS,
    "only": Doubt.ONLY_ADDED,
}
_REFUTING = frozenset(
    {
        Doubt.NUMBER_DIFFERS,
        Doubt.CODE_DIFFERS,
        Doubt.NEGATION_DIFFERS,
        Doubt.MODALITY_DIFFERS,
        Doubt.OPPOSITE,
        Doubt.ONLY_ADDED,
    }
)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing that claim and quote do not agree on."""

    doubt: Doubt
    claim: str = ""
    quote: str = ""

    @property
    def refutes(self) -> bool:
        """Whether it makes the claim false rather than unproven."""
        return self.doubt in _REFUTING


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a claim is compared with: its quote, the headings above it, and the whole passage."""

    quote: str
    heading: str
    passage: str
    defined_codes: tuple[str, ...] = ()
    language: str = "en"


def disagreements(claim: str, language: str, evidence: Evidence) -> list[Disagreement]:
    """All disagreements, refuting ones first. Linear in the passage; bounded work per claim."""
    found = [
        *_codes(claim, evidence),
        *_numbers(claim, language, evidence),
        *_polarity(claim, language, evidence),
    ]
    unique = list(dict.fromkeys(found))
    return sorted(unique, key=lambda d: not d.refutes)


def _codes(claim: str, evidence: Evidence) -> Iterator[Disagreement]:
    quoted = codes(evidence.quote)
    known = {p for c in quoted for p in parts(c)} | {canonical(c) for c in evidence.defined_codes}
    known |= {p for c in codes(evidence.heading) for p in parts(c)}
    flat = canonical(evidence.quote.replace(" ", "") + " " + evidence.heading.replace(" ", ""))
    for code in codes(claim):
        if code.canonical in known or all(p in known for p in parts(code)[1:] or ("",)):
            continue
        if code.canonical in _spaced(claim, code, flat):
            continue
        rival = next((c for c in quoted if c.shape == code.shape), None) or _near(code, quoted)
        elsewhere = code.canonical in {p for c in codes(evidence.passage) for p in parts(c)}
        if rival is not None or not elsewhere:
            yield Disagreement(Doubt.CODE_DIFFERS, code.text, rival.text if rival else "—")
        else:
            yield Disagreement(Doubt.CODE_NOT_QUOTED, code.text)


def _spaced(claim: str, code: Code, flat: str) -> tuple[str, ...]:
    """The code itself when the quote writes it with a space ("XC 200"), whole."""
    at = flat.find(code.canonical)
    if at < 0 or claim == "":
        return ()
    after = flat[at + len(code.canonical) : at + len(code.canonical) + 1]
    before = flat[at - 1 : at]
    inside = (code.canonical[-1].isdigit() and after.isdigit()) or (
        code.canonical[0].isdigit() and before.isdigit()
    )
    return () if inside else (code.canonical,)


def _near(code: Code, quoted: Sequence[Code]) -> Code | None:
    """A quoted code that begins with the same letters: the family the claim's code pretends to be of."""
    family = code.canonical.rstrip("0123456789")[:3]
    return next((c for c in quoted if family and c.canonical.startswith(family)), None)


def _numbers(claim: str, language: str, evidence: Evidence) -> Iterator[Disagreement]:
    stated = _quantities(claim, language)
    if not stated:
        return
    quoted = _quantities(evidence.quote, evidence.language)
    spare = [q for q in quoted if not any(agree(s, q) for s in stated)]
    elsewhere: list[Quantity] | None = None
    for quantity in stated:
        if any(agree(quantity, q) for q in quoted):
            continue
        rival = next((q for q in spare if comparable(quantity, q)), None) or (spare[0] if spare else None)
        if quantity.in_words and (rival is None or not comparable(quantity, rival)):
            continue  # "the two screws" needs no number in the manual
        if elsewhere is None:
            elsewhere = [
                *_quantities(evidence.passage, evidence.language),
                *_quantities(evidence.heading, evidence.language),
            ]
        if rival is not None or not any(agree(quantity, q) for q in elsewhere):
            yield Disagreement(Doubt.NUMBER_DIFFERS, quantity.text, rival.text if rival else "—")
        else:
            yield Disagreement(Doubt.NUMBER_NOT_QUOTED, quantity.text)


@lru_cache(maxsize=512)
def _quantities(text: str, language: str) -> tuple[Quantity, ...]:
    return tuple(quantities(text, language, [(c.start, c.end) for c in codes(text)]))


def _polarity(claim: str, language: str, evidence: Evidence) -> Iterator[Disagreement]:
    if language != evidence.language:
        return  # other words: only numbers and codes can be compared
    nearest = nearest_part(claim, evidence.quote)
    if not nearest or same_words(claim, nearest):
        return
    stated = polarity.Statement.read(claim, language)
    for conflict in polarity.conflicts(stated, polarity.Statement.read(nearest, language)):
        yield Disagreement(_POLARITY[conflict.kind], conflict.claim, conflict.quote)
    for difference in differences(claim, nearest):
        yield Disagreement(_ALIGNED[difference.kind], difference.claim, difference.quote)
