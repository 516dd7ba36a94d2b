"""Values with their units, and which unit a question asks for."""

import re
from collections.abc import Iterator

UNIT = (
    r"(?:°\s?[CF]|%|[kKMGT]?i?B\b|[kMGT]?(?:iB|bit|bps)(?:/s)?\b|[mµkMG]?(?:V|A|W|Hz|m|g|s|Pa|bar|Ω|ohm|l"
    r"|J)\b|N\s?[·⋅]?\s?m\b|mm²?"
    r"|cm|min\b|mbar|kWh?|milliseconds?|seconds?|minutes?|hours?|days?|weeks?|months?|years?|second[io]"
    r"|minut[io]|or[ae]|h\b"
    r"|giorn[io]|settiman[ae]|mes[ei]|ann[io]|bytes?|gigabytes?|terabytes?|megabytes?|kilobytes?|IOPS"
    r"|characters?|caratteri"
    r"|volte|times)"
)
VALUE = re.compile(
    rf"(?<![\w.,/-])[+−-]?\d+(?:[.,\u00a0]\d+)*(?:\s?(?:[-–]|to|a)\s?\d+(?:[.,]\d+)*)?(?:\s?{UNIT})?(?![\w])"
)
_POINTER = re.compile(
    r"(?:\bsection|\bsezion[ei]|\bsec\.|§|\bchapter|\bcapitolo|\bpar(?:agrafo|\.)|\bfig(?:ur[ae])?\.?|\bpag(?:e|ina|\.)"
    r"|\btab(?:le|ella|\.)|\bstep|\bpasso|\bversion[ei]?|\bfirmware|\bedizione|\bedition|\bmanual[ei]?)\s*$",
    re.IGNORECASE,
)
_TIME_WORDS = (
    r"\bhow long|\btimeout|\bduration|\bquanto (?:tempo|dura)|\bper quanto|\btempo\b|\blatency|\bogni quanto"
    r"|\bhow often"
)
_EXPECTED = tuple(
    (re.compile(asked, re.IGNORECASE), re.compile(unit))
    for asked, unit in (
        (
            r"\bcoppi[ae]\b|\btorque\b|\bserra(?:r|t|no|ggio)|\bstring\w+|\btighten|\bN\s?m\b",
            r"N\s?[·⋅]?\s?m\b",
        ),
        (r"\btemperatur|\bhow hot|\bgradi\b", r"°|\b[CK]\b|degrees|gradi"),
        (r"\bpressur|\bpression", r"bar|Pa\b|psi"),
        (r"\btension[ei]\b|\bvoltage", r"V(?:AC|DC|ac|dc)?\b|[Vv]olt"),
        (r"\bcorrente\b|\bamper|\bcurrent (?:rating|limit|draw)", r"m?A\b|[Aa]mp"),
        (r"\bpotenz[ae]\b|\bpower (?:rating|consumption|output)", r"[kM]?W\b|[Ww]att"),
        (r"\bresistenz|\bisolamento\b|\bresistance|\binsulation", r"[kM]?(?:Ω|[Oo]hm)"),
        (
            r"\bdistanz|\blunghezz|\bdistance|\blength of the cable|\bhow far|\bclearance|\bspazio\b",
            r"(?:[mc]m|k?m)\b|met",
        ),
        (
            _TIME_WORDS,
            r"m?s\b|sec|min|hour|or[ae]\b|day|giorn|h\b|millisec|week|month|year|settiman|mes[ei]|ann[io]",
        ),
    )
)
_PRICE_ASKED = re.compile(
    r"\b(?:quanto (?:costa|costano|costerebbe)|costo d|prezz[oi]|tariff[ae]"
    r"|how much (?:does|do|is|are|will)\b[^?]*\bcosts?"
    r"|cost of|prices?|pricing|how expensive)\b",
    re.IGNORECASE,
)
_PRICE = re.compile(
    r"(?:€|\$|£|EUR|USD|GBP|CHF)\s?\d|\d\s?(?:€|\$|£|EUR\b|USD\b|euro\b|dollars?\b|CHF\b)", re.IGNORECASE
)


def expected_unit(question: str) -> re.Pattern[str] | None:
    """The units in which the question's answer is measured, when its words tell."""
    return next((unit for asked, unit in _EXPECTED if asked.search(question)), None)


def find_values(text: str) -> Iterator[re.Match[str]]:
    """Matches of values in `text`; the number of a section, figure or version is none."""
    return (m for m in VALUE.finditer(text) if not _POINTER.search(text, max(0, m.start() - 20), m.start()))


def values_in(text: str, question: str = "") -> list[str]:
    """Values in `text` that `question` does not give itself."""
    given = {m[0].strip() for m in VALUE.finditer(question)}
    return [m[0].strip() for m in find_values(text) if m[0].strip() not in given]


def asks_price(question: str) -> bool:
    """Whether the question is about money."""
    return bool(_PRICE_ASKED.search(question))


def has_price(text: str) -> bool:
    """Whether a text gives an amount of money."""
    return bool(_PRICE.search(text))
