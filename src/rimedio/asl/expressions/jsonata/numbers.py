"""JSONata's numbers: their text, rounding, reading; `$formatNumber`'s pictures."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from rimedio.asl.expressions.jsonata.faults import OUT_OF_TIME, Exceeded, Failed

_READABLE = re.compile(r"-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?")
_BASED = re.compile(r"0[xX][0-9A-Fa-f]+|0[oO][0-7]+|0[bB][01]+")
_WIDE = Context(prec=400, rounding=ROUND_HALF_EVEN)

_SYMBOLS = {
    "decimal-separator": ".",
    "grouping-separator": ",",
    "exponent-separator": "e",
    "minus-sign": "-",
    "percent": "%",
    "per-mille": "\u2030",
    "zero-digit": "0",
    "digit": "#",
    "pattern-separator": ";",
}


def number_text(value: float) -> str:
    """A number as JavaScript spells it: in full up to 1e21, `1e-7` below 1e-6. Fractions keep 15 digits, as in JSONata;
    whole numbers keep all, as on AWS.
    """
    short = value if value.is_integer() else float(f"{value:.15g}")
    if 1e-6 <= abs(short) < 1e21 or short == 0:
        return format(Decimal(repr(short + 0.0)).normalize(_WIDE), "f")  # which makes -0 a 0
    return re.sub(r"e([+-])0*", r"e\1", repr(short))


def rounded(value: float, digits: int = 0) -> Decimal:
    """Half to even, of the decimal number that one reads and not of the binary one behind it."""
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), context=_WIDE)


def read_number(value: Any) -> float:
    """`$number`: decimal and 0x, 0o, 0b texts, booleans. Raises Failed."""
    if isinstance(value, (int, float)):
        return +value
    if _BASED.fullmatch(value):
        return int(value, 0)
    number = float(value) if _READABLE.fullmatch(value) else math.inf
    if math.isinf(number):
        raise Failed("D3030", value)
    return number


@dataclass(frozen=True)
class _Picture:
    """One sub-picture of `$formatNumber` (XPath functions 3.1, 4.7.3), cut into its parts."""

    text: str
    symbols: Mapping[str, str]
    prefix: str
    suffix: str
    active: str
    integer: str
    fraction: str
    exponent: str | None

    @property
    def digits(self) -> str:
        """The ten digits."""
        zero = ord(self.symbols["zero-digit"])
        return "".join(chr(zero + number) for number in range(10))

    def count(self, part: str, *, optional: bool = False) -> int:
        """How many digits a part has, with `optional` the optional ones too."""
        return sum(c in self.digits or (optional and c == self.symbols["digit"]) for c in part)

    def check(self) -> None:
        """Raise Failed with the last rule that is broken."""
        broken = [code for code, holds in self._rules() if holds]
        if broken:
            raise Failed(broken[-1])

    def _rules(self) -> list[tuple[str, bool]]:
        text, symbols, digit = self.text, self.symbols, self.symbols["digit"]
        point, comma = symbols["decimal-separator"], symbols["grouping-separator"]
        percent, mille = symbols["percent"], symbols["per-mille"]
        mantissa = self.integer + self.fraction
        known = self.digits + point + symbols["exponent-separator"] + comma + digit
        exponent = self.exponent
        return [
            ("D3081", text.count(point) > 1),
            ("D3082", text.count(percent) > 1),
            ("D3083", text.count(mille) > 1),
            ("D3084", percent in text and mille in text),
            ("D3085", not self.count(mantissa, optional=True)),
            ("D3086", any(c not in known for c in self.active)),
            ("D3087", f"{comma}{point}" in text or f"{point}{comma}" in text),
            ("D3088", point not in text and self.integer.endswith(comma)),
            ("D3089", comma * 2 in text),
            ("D3090", bool(self.count(self.integer.partition(digit)[0])) and digit in self.integer),
            (
                "D3091",
                digit in self.fraction and bool(self.count(self.fraction[self.fraction.rfind(digit) :])),
            ),
            ("D3092", bool(exponent) and (percent in text or mille in text)),
            ("D3093", exponent is not None and (not exponent or any(c not in self.digits for c in exponent))),
        ]

    def groups(self, part: str, *, left: bool = False) -> list[int]:
        """For each grouping separator, how many digits stand right (or left) of it."""
        places = [i for i, c in enumerate(part) if c == self.symbols["grouping-separator"]]
        return [self.count(part[:i] if left else part[i:], optional=True) for i in places]


def _picture(text: str, symbols: Mapping[str, str]) -> _Picture:
    zero = ord(symbols["zero-digit"])
    edges = {chr(zero + n) for n in range(10)} | {
        symbols[name] for name in ("decimal-separator", "grouping-separator", "digit")
    }
    places = [i for i, c in enumerate(text) if c in edges]
    start, end = (places[0], places[-1] + 1) if places else (0, len(text))
    active = text[start:end]
    mantissa, exponential, exponent = active.partition(symbols["exponent-separator"])
    integer, _, fraction = mantissa.partition(symbols["decimal-separator"])
    return _Picture(
        text, symbols, text[:start], text[end:], active, integer, fraction, exponent if exponential else None
    )


def format_number(value: float, picture: str, options: Mapping[str, str] | None) -> str:
    """`$formatNumber`. Raises Failed when the picture breaks a rule."""
    symbols = {**_SYMBOLS, **(options or {})}
    pictures = [_picture(text, symbols) for text in picture.split(symbols["pattern-separator"])]
    if len(pictures) > 2:
        raise Failed("D3080")
    for each in pictures:
        each.check()
    chosen = pictures[0] if value >= 0 else pictures[-1]
    sign = symbols["minus-sign"] if value < 0 and len(pictures) == 1 else ""
    if math.isinf(value):
        return f"{sign}{chosen.prefix}Infinity{chosen.suffix}"
    factor = 100 if symbols["percent"] in chosen.text else 1000 if symbols["per-mille"] in chosen.text else 1
    return f"{sign}{chosen.prefix}{_mantissa_and_exponent(value * factor, chosen)}{chosen.suffix}"


def _mantissa_and_exponent(value: float, picture: _Picture) -> str:
    least, exponent = picture.count(picture.integer), None
    if picture.exponent is not None:
        value, exponent = _scaled(value, least)
    fraction, most = picture.count(picture.fraction), picture.count(picture.fraction, optional=True)
    if not least and not most and exponent is None:
        least = 1
    elif not least and not most:
        fraction = most = 1
    elif not least and exponent is not None and picture.symbols["digit"] in picture.integer:
        least = 1
    if not least and not fraction:
        fraction = 1
    text = format(abs(rounded(value, most)), "f")
    whole, _, part = text.partition(".")
    whole = _grouped(whole.lstrip("0").rjust(least, "0"), picture)
    part = part.rstrip("0").ljust(fraction, "0")
    for place in picture.groups(picture.fraction, left=True):
        part = part[:place] + picture.symbols["grouping-separator"] + part[place:]
    to_digits = str.maketrans("0123456789", picture.digits)
    result = whole.translate(to_digits)
    if part:
        result += picture.symbols["decimal-separator"] + part.translate(to_digits)
    if exponent is None:
        return result
    power = str(abs(exponent)).rjust(picture.count(picture.exponent or ""), "0").translate(to_digits)
    minus = picture.symbols["minus-sign"] if exponent < 0 else ""
    return f"{result}{picture.symbols['exponent-separator']}{minus}{power}"


def _scaled(value: float, digits: int) -> tuple[float, int]:
    """Mantissa and exponent of ten, with as many whole digits as the picture has."""
    if value <= 0:
        raise Exceeded(OUT_OF_TIME)
    exponent = 0
    while value < 10.0 ** (digits - 1):
        value, exponent = value * 10, exponent - 1
    while value > 10.0**digits:
        value, exponent = value / 10, exponent + 1
    return value, exponent


def _grouped(whole: str, picture: _Picture) -> str:
    places = picture.groups(picture.integer)
    size = math.gcd(*places) if places else 0
    if size and set(places) == {size * n for n in range(1, len(places) + 1)}:
        places = list(range(size, len(whole), size))
    for place in sorted(places):
        at = len(whole) - place - sorted(places).index(place)
        if at > 0:
            whole = whole[:at] + picture.symbols["grouping-separator"] + whole[at:]
    return whole
