"""Italian codice fiscale (DM 23/12/1976) and partita IVA, both with their check characters."""

import re
from collections.abc import Iterator
from functools import cache

from rimedio.llm.guardrails.pii.context import Cues
from rimedio.llm.guardrails.pii.entity import EntityKind, Span
from rimedio.llm.guardrails.pii.lexicon import word_list

_OMOCODE = "[0-9LMNPQRSTUV]"  # digits may be written as letters where two people share a code
_FISCAL = re.compile(
    rf"(?<![^\W_])[A-Z]{{3}}[ ]?[A-Z]{{3}}[ ]?{_OMOCODE}{{2}}[ABCDEHLMPRST]{_OMOCODE}{{2}}[ ]?"
    rf"[A-Z]{_OMOCODE}{{3}}[ ]?[A-Z](?![^\W_])",
    re.IGNORECASE,
)
_ELEVEN = re.compile(r"(?<![\w.,/+-])(?:IT[ ]?)?\d{11}(?![\w/]|[-.,]\d)", re.IGNORECASE)


def find_fiscal_codes(text: str) -> Iterator[Span]:
    """Codici fiscali of people whose check letter is right."""
    for match in _FISCAL.finditer(text):
        if _fiscal_checks(match[0].replace(" ", "")):
            yield Span(EntityKind.TAX_CODE, match.start(), match.end())


def find_vat_numbers(text: str) -> Iterator[Span]:
    """Partite IVA whose check digit is right, with IT before it or announced: one bare number in ten would pass."""
    for match in _ELEVEN.finditer(text):
        announced = match[0][:2].upper() == "IT" or _vat_cues().nearest(text, match.start())
        if announced and _vat_checks(match[0]):
            yield Span(EntityKind.VAT_NUMBER, match.start(), match.end())


@cache
def _vat_cues() -> Cues:
    announced = {
        "iva",
        "p.iva",
        "p.i",
        "vat",
        "c.f",
        "cf",
        "fiscale",
        "piva",
        "p iva",
        "partita iva",
        "codice fiscale",
    }
    return Cues(frozenset(announced), word_list("technical_cues"))


def _fiscal_checks(code: str) -> bool:
    from stdnum.it import codicefiscale

    return bool(codicefiscale.is_valid(code))


def _vat_checks(number: str) -> bool:
    from stdnum.it import iva

    return bool(iva.is_valid(number))
