"""Telephone numbers: international, Italian, and any national form where the words around it say so."""

import re
from collections.abc import Iterator
from functools import cache

from rimedio.llm.guardrails.pii.context import Cues
from rimedio.llm.guardrails.pii.entity import EntityKind, Span
from rimedio.llm.guardrails.pii.lexicon import word_list

HOME_REGION = "IT"
DIGITS_MIN, DIGITS_MAX = 6, 15  # E.164 allows 15; shorter than 6 is an extension

_CANDIDATE = re.compile(
    r"(?<![\w/:+-])(?<!\d[.,])\(?(?:\+|00)?\(?\d{1,13}\)?(?:(?:[ ./-]|[ -]?\((?=\d)|(?<=\))[ -]?)\d{1,13}\)?){0,7}"
    r"(?:\s?(?:x|ext\.?|int\.?)\s?\d{1,5})?(?![^\W_]|[:/,.]\d)",
    re.IGNORECASE,
)
_GROUP = re.compile(r"[^ ]+")
_LABEL_AFTER = re.compile(
    r"[ \t]?[-–(,]?[ \t]?\(?(?:office|mobile|fax|home|cell|work|desk|ufficio|casa|cellulare)(?![^\W_])",
    re.IGNORECASE,
)
_UNIT_AFTER = re.compile(
    r"\s?(?:[kKM]?Wh?|[kKmM]?V(?:A|ac|dc)?|[mkM]?A|N·?m|m?bar|k?Pa|°\s?[CF]|[kMG]?Hz|[mcdk]?m[²³23]?|k?g|l(?:itri)?|"
    r"ohm|[kM]?Ω|%|ppm|rpm|giri|min|h|ore|hours?|s|ms|gg|giorni|days?|€|eur[o]?|usd|impulsi|pulses|times|volte|lux|dB)"
    r"(?![^\W_])",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?:\d{4}[-./](?:0?[1-9]|1[0-2])[-./][0-3]?\d|[0-3]?\d[-./](?:0?[1-9]|1[0-2])[-./](?:19|20)?\d{2}|"
    r"(?:0?[1-9]|1[0-2])[-./][0-3]?\d[-./](?:19|20)?\d{2})(?![-./]?\d)"
)
_SOCIAL_SECURITY = re.compile(r"\d{3}-\d{2}-\d{4}")  # United States
# 02 1234567, 0444/123456, 06.1234.5678: a city code, a separator, the subscriber.
_ITALIAN_LANDLINE = re.compile(r"0\d{1,3}[ ./-]\d{3,8}(?:[ .-]\d{2,4}){0,2}")
_ITALIAN_MOBILE = re.compile(r"3\d{2}[ ./-]?\d{3}[ .-]?\d{3,4}|3\d{2}[ ./-]\d{2}[ .-]\d{2}[ .-]\d{3}")
_AREA_IN_PARENTHESES = re.compile(r"\(\d{2,4}\)[ ]?\d{3,4}-\d{4}")


@cache
def _cues() -> Cues:
    other = (
        "card cards carta carte iban date data born licence license patente passport passaporto account conto"
    )
    return Cues(
        word_list("phone_cues") | {"my number", "our number", "mio numero", "nostro numero"},
        word_list("technical_cues") | frozenset(other.split()),
        ("chiam", "richiam", "contatt", "rispond"),
    )


def find_phones(text: str) -> Iterator[Span]:
    """Telephone numbers with their extension, if any."""
    for match in _CANDIDATE.finditer(text):
        if match.end() - match.start() < DIGITS_MIN or sum(map(str.isdigit, match[0])) < DIGITS_MIN:
            continue
        cue = _cues().nearest(text, match.start())
        for start, end in _readings(text, *match.span()):
            if _is_phone(text, start, end, cue):
                yield Span(EntityKind.PHONE, start, end)
                break


def _readings(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Ways to read a run of digits: whole, without a count after it ("… 2 volte"), without a house number."""
    groups = [(start + m.start(), start + m.end()) for m in _GROUP.finditer(text[start:end])]
    yield _balanced(text, start, end)
    if len(groups) > 1 and groups[-1][1] - groups[-1][0] <= 2:
        yield _balanced(text, start, groups[-2][1])
    for first, _ in groups[1:3]:
        yield _balanced(text, first, end)


def _balanced(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave out a parenthesis that opens or closes around the whole number."""
    number = text[start:end]
    if number.startswith("(") and ")" not in number:
        start += 1
    if number.endswith(")") and number.count(")") > number.count("("):
        end -= 1
    return start, end


def _is_phone(text: str, start: int, end: int, cue: bool | None) -> bool:
    number = text[start:end]
    body = re.split(r"\s?(?:x|ext\.?|int\.?)", number, maxsplit=1, flags=re.IGNORECASE)[0]
    digits = sum(c.isdigit() for c in body)
    if (
        not DIGITS_MIN <= digits <= DIGITS_MAX
        or _DATE.match(body)
        or _SOCIAL_SECURITY.fullmatch(body)
        or _UNIT_AFTER.match(text, end)
    ):
        return False
    if body.lstrip("(").startswith("+"):
        return _is_possible(body)
    if cue is False:
        return False
    if cue or _LABEL_AFTER.match(text, end):
        return digits <= 13 and (digits >= 7 or _grouped(body))
    return digits >= 8 and _stands_alone(body)


def _grouped(body: str) -> bool:
    return any(c in " ./-" for c in body)


def _stands_alone(body: str) -> bool:
    """Whether a number that nothing announces is written as only telephone numbers are, and exists."""
    if body.startswith("00"):
        return _is_possible("+" + body[2:])
    if _ITALIAN_MOBILE.fullmatch(body) or _ITALIAN_LANDLINE.fullmatch(body):
        return _is_valid_at_home(body)
    return bool(_AREA_IN_PARENTHESES.fullmatch(body))


def _is_possible(number: str) -> bool:
    """Whether the length fits the country; not whether the range is in use, since plans outrun lists."""
    import phonenumbers

    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return False


def _is_valid_at_home(number: str) -> bool:
    import phonenumbers

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, HOME_REGION))
    except phonenumbers.NumberParseException:
        return False
