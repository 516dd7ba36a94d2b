"""Numbers with their units in running text, comparable however they are written.

2,5 Nm = 2.5 Nm, 1 kW = 1000 W, 25 °C = 77 °F; "10-15 mm" and "from 10 to 15 mm" are two quantities of one
unit; "±0,5" is a tolerance and differs from 0,5; "cinque minuti" is 5 min.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rimedio.answering.verification.units import UNITS, Unit, unit_named

ROUNDING = 0.006  # relative; only between different units, as 25 °C and 77 °F
_EXACT = 1e-9

_NUMBER = (
    r"(?P<sign>±|\+/-|\+-|[-−+])?[ \u00a0]?"
    r"(?P<number>\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,:]\d+)*|[½¼¾])"
)
_UNITS = "|".join(re.escape(u) for u in sorted(UNITS, key=len, reverse=True))
_UNIT = rf"(?:[ \u00a0\u202f-]?(?P<unit>{_UNITS})(?![A-Za-z²³0-9µΩ]))?"
_QUANTITY = re.compile(rf"(?<!\w)(?<![A-Za-z][-/.]){_NUMBER}{_UNIT}")
_UNIT_AFTER = re.compile(r"[ \u00a0-]?([A-Za-z]{3,})(?![A-Za-z0-9])")
_BETWEEN = re.compile(r"\s*(?:-|–|—|÷|/|\.\.\.?|…|~|to|and|or|a|e|o|ed|fino a|up to|x|×)\s*", re.IGNORECASE)
_LIST_MARK = re.compile(
    r"(?:^|(?<=\n))[ \t]*(?:\d{1,2}[.)]|(?:step|passo|fase)\s+\d{1,2}\s*[:.)-])[ \t]+", re.I
)
_FOOTNOTE = re.compile(r"\[\d{1,3}\]")
_GROUPED = re.compile(r"\d{1,3}([.,])\d{3}(?:\1\d{3})*")
_LOOKALIKES = str.maketrans({"º": "°", "μ": "µ", "\u2126": "Ω"})  # each one character for one: offsets stay
_FRACTIONS = {"½": 0.5, "¼": 0.25, "¾": 0.75}
_SIGNS = {"±": "±", "+/-": "±", "+-": "±", "-": "-", "−": "-", "+": "", None: ""}

_ENGLISH_NUMBERS = "two three four five six seven eight nine ten eleven twelve"
_ITALIAN_NUMBERS = "due tre quattro cinque sei sette otto nove dieci undici dodici"
_TENS = {
    "en": {"fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "hundred": 100},
    "it": {
        "quindici": 15,
        "venti": 20,
        "trenta": 30,
        "quaranta": 40,
        "cinquanta": 50,
        "sessanta": 60,
        "cento": 100,
    },
}
_NUMBER_WORDS: dict[str, dict[str, int]] = {
    "en": {w: i for i, w in enumerate(_ENGLISH_NUMBERS.split(), 2)} | _TENS["en"],
    "it": {w: i for i, w in enumerate(_ITALIAN_NUMBERS.split(), 2) if w != "sei"} | _TENS["it"],  # "you are"
}
_WORDS = {
    language: re.compile(rf"\b(?P<number>{'|'.join(names)}){_UNIT}(?!\w)", re.IGNORECASE)
    for language, names in _NUMBER_WORDS.items()
}
_MULTIPLES = {
    "k": 1e3, "thousand": 1e3, "mila": 1e3, "million": 1e6, "millions": 1e6, "milione": 1e6, "milioni": 1e6,
    "billion": 1e9, "billions": 1e9, "miliardo": 1e9, "miliardi": 1e9,
}  # fmt: skip
_MULTIPLE = re.compile(rf"[ \u00a0]?({'|'.join(sorted(_MULTIPLES, key=len, reverse=True))})(?!\w)")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as found: `value` as written, its unit if one was, and where it stands in the text."""

    value: float
    unit: Unit | None
    sign: str  # "", "-", "±"
    text: str
    start: int
    end: int
    in_words: bool = False

    @property
    def dimension(self) -> str:
        """What is measured; empty for a bare number."""
        return self.unit.dimension if self.unit else ""

    @property
    def base(self) -> float:
        """Value in the dimension's base unit."""
        if self.unit is None:
            return self.value
        offset = 0.0 if self.sign == "±" else self.unit.offset
        return self.value * self.unit.factor + offset


def quantities(text: str, language: str, masked: Sequence[tuple[int, int]] = ()) -> list[Quantity]:
    """All quantities in order; spans in `masked` (codes, part numbers) are left out."""
    text = text.translate(_LOOKALIKES)
    marks = [(m.start(), m.end()) for m in _LIST_MARK.finditer(text)]
    notes = [(m.start(), m.end()) for m in _FOOTNOTE.finditer(text)]
    hidden = {i for start, end in (*masked, *marks, *notes) for i in range(start, end)}
    found = [
        _quantity(match, text, language)
        for match in _QUANTITY.finditer(text)
        if match.start("number") not in hidden and match.end("number") - 1 not in hidden
    ]
    found += [_worded(m, language) for m in _WORDS[language].finditer(text)]
    found.sort(key=lambda q: q.start)
    return _with_shared_units(found, text)


def agree(one: Quantity, other: Quantity) -> bool:
    """Whether two quantities say the same; a bare number agrees with the same number of anything."""
    if one.sign != other.sign and "±" in (one.sign, other.sign):
        return False
    if one.unit is None or other.unit is None:
        return math.isclose(one.value, other.value, rel_tol=_EXACT)
    if one.dimension != other.dimension:
        degrees = {one.dimension, other.dimension} == {"angle", "temperature"}  # "25 gradi" is 25 °C
        return degrees and math.isclose(one.value, other.value, rel_tol=_EXACT)
    tolerance = _EXACT if one.unit == other.unit else ROUNDING
    return math.isclose(one.base, other.base, rel_tol=tolerance, abs_tol=1e-12)


def comparable(one: Quantity, other: Quantity) -> bool:
    """Whether one could stand in place of the other: same dimension, or same value of another one."""
    return one.dimension == other.dimension or math.isclose(one.value, other.value, rel_tol=_EXACT)


def _quantity(match: re.Match[str], text: str, language: str) -> Quantity:
    sign = _SIGNS[match["sign"]]
    if match["sign"] in ("-", "−") and _is_range_dash(text, match.start()):
        sign = ""
    value = _value(match["number"], language)
    unit = UNITS.get(match["unit"]) if match["unit"] else None
    end = match.end()
    if unit is None and (after := _UNIT_AFTER.match(text, match.end("number"))):
        unit = unit_named(after[1])
        end = after.end() if unit else end
    if unit is None and (multiple := _MULTIPLE.match(text, match.end("number"))):
        value *= _MULTIPLES[multiple[1]]
        end = multiple.end()
    start = match.start("number") if not sign else match.start()
    return Quantity(-value if sign == "-" else value, unit, sign, text[start:end].strip(), start, end)


def _worded(match: re.Match[str], language: str) -> Quantity:
    unit = unit_named(match["unit"]) if match["unit"] else None
    value = float(_NUMBER_WORDS[language][match["number"].lower()])
    return Quantity(value, unit, "", match[0], match.start(), match.end(), in_words=True)


def _is_range_dash(text: str, at: int) -> bool:
    """Whether the dash at `at` stands between two numbers, as in "10 - 15"."""
    return bool(re.search(r"[\d%°CFVAWm]\s*$", text[max(0, at - 3) : at]))


def _value(digits: str, language: str) -> float:
    """The number meant: a single mark before three digits groups thousands where the language does so."""
    if digits in _FRACTIONS:
        return _FRACTIONS[digits]
    digits = re.sub(r"[ \u00a0\u202f]", "", digits)
    if ":" in digits:
        return float("".join(p.zfill(2) for p in re.split(r"[:.,]", digits)))
    marks = [c for c in digits if c in ".,"]
    grouping = "." if language == "it" else ","
    if len(set(marks)) == 2:  # 1.234,5 or 1,234.5: the last mark is the decimal one
        return float(digits.replace(marks[0], "").replace(marks[-1], "."))
    if _GROUPED.fullmatch(digits) and (len(marks) > 1 or (marks[0] == grouping and digits[0] != "0")):
        return float(digits.replace(marks[0], ""))
    if len(marks) > 1:  # a version such as 2.1.3: equal only to itself
        return float("".join(p.zfill(4) for p in re.split(r"[.,]", digits)))
    return float(digits.replace(",", "."))


def _with_shared_units(found: list[Quantity], text: str) -> list[Quantity]:
    """In "10-15 mm" the first number has the unit of the second."""
    for i in range(len(found) - 2, -1, -1):
        this, following = found[i], found[i + 1]
        if this.unit is None and following.unit and _BETWEEN.fullmatch(text[this.end : following.start]):
            if following.sign == "±":
                continue
            found[i] = Quantity(
                this.value, following.unit, this.sign, this.text, this.start, this.end, this.in_words
            )
    return found
