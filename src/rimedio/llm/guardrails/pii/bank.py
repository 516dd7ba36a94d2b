"""IBANs (ISO 13616) and payment cards (ISO/IEC 7812)."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from rimedio.llm.guardrails.pii.context import Cues
from rimedio.llm.guardrails.pii.entity import EntityKind, Span
from rimedio.llm.guardrails.pii.lexicon import word_list

# Length of a whole IBAN by country: the IBAN registry, ISO 13616.
IBAN_LENGTHS = {
    code: length
    for length, codes in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS",
        23: "AE GI IL IQ OM TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for code in codes.split()
}
_IBAN_START = re.compile(r"(?<![^\W_])[A-Z]{2}\d{2}(?=[ -]?[A-Z0-9])", re.IGNORECASE)
_IBAN_CUE = re.compile(
    r"(?<![^\W_])(?:iban|bonific\w{1,4}|wire|transfer|conto|konto|account)(?![^\W_])", re.IGNORECASE
)

_CARD = re.compile(r"(?<![\w.,/+-])\d{4}(?:[ -]?\d){8,15}(?![\w/]|[-.,]\d)")
_CARD_PREFIX = re.compile(r"3[04-9]|4|5[0-9]|6|2[2-7]|2131|1800")


def find_ibans(text: str) -> Iterator[Span]:
    """IBANs, in one piece or in groups. A failed check sum is forgiven only where the text says "IBAN"."""
    for match in _IBAN_START.finditer(text):
        length = IBAN_LENGTHS.get(match[0][:2].upper())
        end = _end_after(text, match.start(), length) if length else None
        if end is None:
            continue
        told = _IBAN_CUE.search(text, max(0, match.start() - 40), match.start())
        if (told and told[0].lower() == "iban") or _iban_checks(text[match.start() : end]):
            yield Span(EntityKind.IBAN, match.start(), end)


def _end_after(text: str, start: int, count: int) -> int | None:
    """Position after `count` letters and digits from `start`; single blanks and hyphens may part them."""
    seen, blank = 0, False
    for position in range(start, min(len(text), start + 2 * count)):
        char = text[position]
        if char.isascii() and char.isalnum():
            seen, blank = seen + 1, False
            if seen == count:
                following = text[position + 1 : position + 2]
                return None if following.isalnum() else position + 1
        elif char in " -" and not blank:
            blank = True
        else:
            return None
    return None


def _iban_checks(text: str) -> bool:
    from stdnum import iban

    return bool(iban.is_valid(text, check_country=False))


def find_cards(text: str) -> Iterator[Span]:
    """Payment card numbers: a scheme's prefix, and the Luhn digit or a word such as "card" before it.

    People mistype the number of the card that they report lost, so a word weighs more than the digit.
    """
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if not 12 <= len(digits) <= 19 or not _CARD_PREFIX.match(digits) or not _evenly_grouped(match[0]):
            continue
        cue = _card_cues().nearest(text, match.start())
        if cue or (cue is None and len(digits) >= 13 and _luhn_checks(digits)):
            yield Span(EntityKind.CARD, match.start(), match.end())


@cache
def _card_cues() -> Cues:
    return Cues(
        word_list("card_cues"),
        word_list("technical_cues")
        | {"rfid", "rfid card", "sim", "sim card", "carta sim", "scheda", "badge", "tessera"},
    )


def _evenly_grouped(number: str) -> bool:
    """Whether the number is in one piece, or in groups of three digits or more with one kind of separator."""
    groups = re.split(r"[ -]", number)
    kinds = {a for a, _ in pairwise(number) if a in " -"}
    return len(groups) == 1 or (len(kinds) == 1 and all(len(g) >= 3 for g in groups[:-1]))


def _luhn_checks(digits: str) -> bool:
    from stdnum import luhn

    return bool(luhn.is_valid(digits))
