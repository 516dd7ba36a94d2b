"""Replaces personal data by placeholders before any model sees a text, and puts it back for the operator."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from rimedio.llm.guardrails.pii.bank import find_cards, find_ibans
from rimedio.llm.guardrails.pii.entity import Entity, EntityKind, Finder, Span, resolve
from rimedio.llm.guardrails.pii.mail import find_emails
from rimedio.llm.guardrails.pii.names import GivenNames
from rimedio.llm.guardrails.pii.network import find_ips
from rimedio.llm.guardrails.pii.person import find_people
from rimedio.llm.guardrails.pii.phone import find_phones
from rimedio.llm.guardrails.pii.tax import find_fiscal_codes, find_vat_numbers
from rimedio.llm.guardrails.pii.vault import PLACEHOLDER, Vault

FINDERS: tuple[Finder, ...] = (
    find_emails,
    find_ibans,
    find_fiscal_codes,
    find_vat_numbers,
    find_cards,
    find_ips,
    find_phones,
    find_people,
)
NEARBY_CHARS = 160  # more than the widest window of a finder
PASSES_MAX = 5  # what one finding hid, a second look may show; more than two looks were never seen to matter


@dataclass(frozen=True, slots=True)
class Redaction:
    """A text that is safe to show to a model, and what was taken out of it, in text order."""

    text: str
    entities: tuple[Entity, ...]


@dataclass
class Redactor:
    """Redacts the texts of one ticket with one vault.

    `names` are people and companies named in the ticket's own fields, found in every inflection. `keep` are
    strings that are never redacted, whatever they look like: the serial, the model, the error code.
    """

    names: Iterable[str] = ()
    keep: Iterable[str] = ()
    vault: Vault = field(default_factory=Vault)

    def __post_init__(self) -> None:
        self._given = GivenNames(self.names)
        kept = sorted({k for k in self.keep if k.strip()}, key=len, reverse=True)
        self._kept = re.compile("|".join(map(re.escape, kept)), re.IGNORECASE) if kept else None

    def redact(self, text: str) -> Redaction:
        """`text` with placeholders. Redacting the result again changes nothing."""
        self.vault.reserve(text)
        entities: list[Entity] = []
        current = text
        for look in range(PASSES_MAX):
            spans = self.find(current) if look == 0 else self._find_nearby(current)
            if not spans:
                break
            entities = self._merge(current, spans, entities)
            current = _render(text, entities)
        return Redaction(current, tuple(entities))

    def find(self, text: str) -> list[Span]:
        """Personal data in `text`, in text order, without overlaps, outside placeholders and kept strings."""
        blocked = [match.span() for match in PLACEHOLDER.finditer(text)]
        if self._kept is not None:
            blocked += [match.span() for match in self._kept.finditer(text)]
        spans = [s for s in self._all(text) if not any(s.start < e and b < s.end for b, e in blocked)]
        return resolve(spans)

    def _find_nearby(self, text: str) -> list[Span]:
        """Findings in the lines around placeholders, the only ones that replacing can have changed."""
        return [
            Span(span.kind, span.start + start, span.end + start)
            for start, end in _lines_around(text)
            for span in self.find(text[start:end])
        ]

    def restore(self, text: str) -> str:
        """`text` with this ticket's values put back."""
        return self.vault.restore(text)

    def _all(self, text: str) -> Iterator[Span]:
        yield from self._given.find(text)
        for finder in FINDERS:
            yield from finder(text)

    def _merge(self, current: str, spans: list[Span], earlier: list[Entity]) -> list[Entity]:
        """Add the findings of a later look, their offsets counted back to the first text."""
        found = list(earlier)
        shifts = _shifts(earlier)
        for span in spans:
            shift = next(s for position, s in reversed(shifts) if position <= span.start)
            value = current[span.start : span.end]
            placeholder = self.vault.placeholder(span.kind, value)
            found.append(Entity(span.kind, span.start + shift, span.end + shift, value, placeholder))
        return sorted(found, key=lambda e: e.start)


def _lines_around(text: str) -> list[tuple[int, int]]:
    """Stretches of whole lines that hold every placeholder and the words which could be cues beside it."""
    stretches: list[tuple[int, int]] = []
    for match in PLACEHOLDER.finditer(text):
        start = text.rfind("\n", 0, max(0, match.start() - NEARBY_CHARS)) + 1
        end = text.find("\n", match.end() + NEARBY_CHARS)
        end = len(text) if end < 0 else end
        if stretches and start <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
        else:
            stretches.append((start, end))
    return stretches


def _shifts(entities: list[Entity]) -> list[tuple[int, int]]:
    """From each position of the rendered text on, what to add to get the position in the first text."""
    shifts, shift = [(0, 0)], 0
    for entity in entities:
        end = entity.start - shift + len(entity.placeholder)
        shift = entity.end - end
        shifts.append((end, shift))
    return shifts


def _render(text: str, entities: list[Entity]) -> str:
    edges = [0, *(x for e in entities for x in (e.start, e.end)), len(text)]
    between = [text[a:b] for a, b in list(pairwise(edges))[::2]]
    marks = [e.placeholder for e in entities]
    return "".join(x for pair in zip(between, [*marks, ""], strict=True) for x in pair)


def redact(
    text: str, *, names: Iterable[str] = (), keep: Iterable[str] = (), vault: Vault | None = None
) -> Redaction:
    """Redact one text; pass the same `vault` for every text of a ticket."""
    return Redactor(names, keep, Vault() if vault is None else vault).redact(text)


def restore(text: str, vault: Vault) -> str:
    """Put back the values of `vault`."""
    return vault.restore(text)


__all__ = ["EntityKind", "Redaction", "Redactor", "redact", "restore"]
