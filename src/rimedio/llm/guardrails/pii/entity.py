"""What a finder reports: a kind of personal datum and where it stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class EntityKind(StrEnum):
    """Kinds of personal data; the order is the precedence where two findings overlap."""

    EMAIL = "EMAIL"
    IBAN = "IBAN"
    TAX_CODE = "TAX_CODE"  # codice fiscale of a person
    VAT_NUMBER = "VAT_NUMBER"  # partita IVA
    CARD = "CARD"
    IP = "IP"
    PHONE = "PHONE"
    PERSON = "PERSON"


@dataclass(frozen=True, slots=True)
class Span:
    """A finding: `text[start:end]` is a datum of this kind."""

    kind: EntityKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entity:
    """A finding that was replaced. Offsets count in the text as it was before redaction."""

    kind: EntityKind
    start: int
    end: int
    text: str
    placeholder: str


class Finder(Protocol):
    """Finds one family of personal data in a text. Must run in time linear in the text's length."""

    def __call__(self, text: str) -> Iterator[Span]: ...


def resolve(spans: list[Span]) -> list[Span]:
    """Keep spans that do not overlap: the more specific kind wins, then the longer one. In text order."""
    order = {kind: rank for rank, kind in enumerate(EntityKind)}
    chosen: list[Span] = []
    taken = bytearray(max((s.end for s in spans), default=0))
    for span in sorted(spans, key=lambda s: (order[s.kind], s.start - s.end, s.start)):
        if not any(taken[span.start : span.end]):
            taken[span.start : span.end] = b"\x01" * (span.end - span.start)
            chosen.append(span)
    return sorted(chosen, key=lambda s: s.start)
