"""Error codes and part numbers: how they are written, one canonical form, and what a question names.

The canonical form is upper case without separators inside the code, a slash before the sub-code: "e-407.01",
"E407 sub code 01" and "E407/01" are all `E407/01`; "042" stays `042`. A token counts as a code when it is
written as the taxonomy says, or when a code word introduces it and it holds a digit. Measures ("230 V"),
dates, known models and refrigerants are never codes. Whether a code is *known* is asked of the index; a
question that names only unknown codes has to be refused.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rimedio.domain.taxonomy import DEFAULT_CODE_PATTERN, Taxonomy

SUB_WORDS = r"(?:sub[- ]?codes?|sub[- ]?cod\.?|sotto[- ]?codic[ei]|sub)"
SUFFIX = rf"(?:(?:\s*[/.:]\s*|[–-])(?=\w*\d)[0-9A-Za-z]{{1,3}}|\s*[,(]?\s*{SUB_WORDS}\s*[:#=]?\s*[0-9A-Za-z]{{1,3}}\)?)"
CODE = r"(?:0[xX][0-9A-Fa-f]{1,4}|(?:[A-Za-z]{1,6}[-_.]?|[A-Za-z]{1,2} )?\d{1,6}[A-Za-z]?)"
CODE_WORD = (
    r"(?:codic[ei]|cod|errori|errore|error[es]?|err|allarm[ei]|guast[oi]|anomali[ae]|avari[ae]|"
    r"codes?|faults?|alarms?|warnings?|failures?|dtc)"
)
CODE_CUES = (
    "cod",
    "err",
    "allarm",
    "guast",
    "anomal",
    "avari",
    "fault",
    "alarm",
    "warning",
    "failure",
    "dtc",
)
DISPLAY_CUES = (
    *("display", "schermo", "mostra", "show", "compare", "appare", "lampeggia", "segna", "visualizza"),
    "flash",
    "reads",
    "read ",
)
FILLER = (
    r"(?:\s*(?:d['’]|dell['’]|l['’]|n[°º]|di\b|of\b|numero\b|number\b|num\b|nr\b|no\b|n\b|è|e['’](?=\s)|is\b|was\b|"
    rf"{CODE_WORD}\b|[:=#.,\"“”«»'‘’(\[-]))*\s*"
)
SHOWN = r"(?:[\s,]+(?![^\s]*\d)[^\s.;?!:=]+){1,6}?\s*(?:è|is|:|=|\"|“|«)\s*[\"“«']?"
UNIT = (
    r"(?:k?v(?:olt)?|vac|vdc|m?a|amp(?:ere|s)?|k?wh?|watt|hz|khz|mhz|ghz|k?ohm|[kmµ]?Ω|°\s?[cf]?|gradi|degrees|celsius|"
    r"bar|m?bar|k?pa|psi|n?m{1,2}|cm|km|metri|meters?|kg|g|lit(?:ri|ers?)|l(?:/h|/min)?|%|percento|percent|"
    r"s|sec(?:ondi|onds?|\.)?|min(?:ut[ioe]s?|\.)?|h|or[ae]|hours?|giorn[oi]|days?|settiman[ae]|weeks?|mes[ei]|months?|"
    r"ann[oi]|years?|volt[ae]|times?|tentativ[oi]|attempts?|pian[oi]|euro|€|gb|mb|kb|ms|fas[ei]|phases?|rpm|giri|"
    r"di\s+\d|of\s+\d|su\s+\d|out\s+of|divers[ie]|different)"
)
MEASURED = re.compile(rf"\s*{UNIT}(?![\w])", re.IGNORECASE)
GLUED_UNIT = re.compile(
    r"\d+(?:[.,]\d+)?(?:k?v|vac|vdc|m?a|k?wh?|k?hz|mm|cm|m|kg|g|l|s|h|ms|min|°?c|%|gb|mb)", re.IGNORECASE
)
DATE_OR_TIME = re.compile(
    r"\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}|\d{1,2}:\d{2}(?::\d{2})?|(?<!\d)\d+(?:\.\d+){2,}|v\d+(?:\.\d+)+",
    re.IGNORECASE,
)
REFRIGERANT = re.compile(
    r"R-?(?:11|12|22|23|32|123|125|134|143|152|170|290|404|407|410|417|421|422|427|434|438|448|449|450|452|454|"
    r"455|507|508|513|600|717|718|729|744|1150|1233|1234|1270|1336)\s?[A-Z]{0,3}(?:\(?[A-Z]\)?)?",
    re.IGNORECASE,
)
STANDARD = re.compile(
    r"(?:ISO|IEC|EN|CEI|UNI|UL|UTF|AES|SHA|RFC|CVE|IEEE|DIN|VDE|RS|TLS|CIS|NIST|PCI|RJ|CAT|IP|NEMA|CTA)\b-?",
    re.IGNORECASE,
)

INTRODUCED = re.compile(
    rf"(?<![\w-])(?<!sub )(?<!sotto ){CODE_WORD}\b(?P<way>{SHOWN}|{FILLER})(?P<code>{CODE}{SUFFIX}?)(?![\w])",
    re.IGNORECASE,
)
FOLLOWED = re.compile(
    rf"(?<![\w.,/-])(?P<code>{CODE}{SUFFIX}?)\s+(?:error|fault|alarm|errore)\b", re.IGNORECASE
)
DISPLAYED = re.compile(
    r"\b(?:display|schermo|mostra|shows?|showing|compare|appare|lampeggia|segna|visualizza|flash(?:es|ing)|displays?|"
    rf"reads?)\s+[\"“«']?(?P<code>(?:[A-Za-z]{{1,2}}[-.]?\d{{1,4}}|0\d{{1,3}}){SUFFIX}?)(?![\w])",
    re.IGNORECASE,
)
NEXT_IN_LIST = re.compile(
    rf"\s*(?:,|;|/|&|\+|\be\b|\bed\b|\bo\b|\boppure\b|\band\b|\bor\b)\s*(?:and\s+|or\s+|e\s+|o\s+)?"
    rf"(?P<code>{CODE}{SUFFIX}?)(?![\w])",
    re.IGNORECASE,
)
LETTERED = re.compile(
    r"(?P<letters>[A-Z]{1,6})[-_. ]?(?P<digits>\d{1,6}[A-Z]?)(?:[-/.:](?P<sub>[0-9A-Z]{1,3}))?"
)
NUMERIC = re.compile(r"(?P<letters>)(?P<digits>\d{1,6}[A-Z]?)(?:[-/.:](?P<sub>[0-9A-Z]{1,3}))?")
SUB_SPELT = re.compile(rf"\s*[,(]?\s*{SUB_WORDS}\s*[:#=]?\s*", re.IGNORECASE)
PART_GROUPS = re.compile(r"(?<![\w./-])[A-Z]{1,6}\d{0,4}(?:-[A-Z0-9]{1,8}){2,4}(?![\w-])")
PART_CUE = re.compile(
    r"\b(?:p\.?/?n\.?|part\s*(?:no|number|num|code)?\.?|spare(?:\s+part)?|sku|order\s+(?:no|code|number)\.?|ricambi[oe]?|"
    r"articolo|art\.|codice\s+(?:ricambio|articolo|prodotto|ordine)|cod(?:ice|\.)?)\s*(?:n[°.]?\s*)?[:#]?\s*"
    r"(?P<part>(?=[A-Z0-9./-]*\d)[A-Z0-9]+(?:[./-][A-Z0-9]+)*)(?![\w-])",
    re.IGNORECASE,
)
SPECIAL = re.compile(r"(?<![\w.])[A-Za-z0-9_]+(?:[-./][A-Za-z0-9_]+)*")
LETTERS_ONLY = re.compile(r"[A-Z]{2,4}")  # "OL", "GFF": codes only where a list of errors defines them
CAMEL = re.compile(r"[a-z][A-Z]|[A-Za-z]_[A-Za-z]")
SUB_CODES_TRIED = 100
TEXT_CHARS_MAX = 20_000  # of one question or chunk; what lies beyond is not searched for codes


@dataclass(frozen=True, slots=True)
class CodeMention:
    """A code that a question names: canonical, as written, and whether the knowledge defines it."""

    code: str
    written: str
    known: bool


def canonical(written: str) -> str:
    """The one form of a code, however it is written; a name such as "BrownOut" becomes upper case."""
    text = " ".join(written.split()).strip(" .,;:()[]\"'").upper().replace("–", "-")
    text = SUB_SPELT.sub("/", text).rstrip(")")
    text = re.sub(r"\s*([/.:-])\s*", r"\1", text)
    found = LETTERED.fullmatch(text) or NUMERIC.fullmatch(text)
    if found is None:
        return text
    base = found["letters"] + found["digits"]
    return f"{base}/{found['sub']}" if found["sub"] else base


def find_codes(question: str, taxonomy: Taxonomy, known: Callable[[str], bool]) -> tuple[CodeMention, ...]:
    """Codes that a question names, in its order; `known` says whether the index defines a canonical code.

    A code without its sub-code stands for all the sub-codes that are known; zeros in front may be left out.
    """
    text = question[:TEXT_CHARS_MAX]
    mentions: dict[str, CodeMention] = {}
    covered: list[tuple[int, int]] = []
    for start, end in spans(text, taxonomy):
        covered.append((start, end))
        written = text[start:end].strip(" .,;:\"'")
        found = resolve(canonical(written), known)
        if not found and _is_part(written):
            continue
        for code in found or (canonical(written),):
            mentions.setdefault(code, CodeMention(code, written, bool(found)))
    for start, end in _special_tokens(text, taxonomy):
        written = text[start:end]
        if any(a < end and start < b for a, b in covered):
            continue
        for code in resolve(canonical(written), known):
            mentions.setdefault(code, CodeMention(code, written, known=True))
    return tuple(mentions.values())


def mentioned_codes(text: str, taxonomy: Taxonomy) -> tuple[str, ...]:
    """Canonical codes that a stored text names, each once."""
    text = text[:TEXT_CHARS_MAX]
    return tuple(
        dict.fromkeys(canonical(text[a:b]) for a, b in spans(text, taxonomy) if not _is_part(text[a:b]))
    )


def resolve(code: str, known: Callable[[str], bool]) -> tuple[str, ...]:
    """Known codes that a canonical code can stand for; empty when there is none."""
    base, _, sub = code.partition("/")
    bases = [*_zero_variants(base), *_zero_variants(_with_zeros(base))]
    if sub:
        tried = [f"{b}/{s}" for b in bases for s in _zero_variants(sub)]
        if whole := next((c for c in tried if known(c)), None):
            return (whole,)
        if sub.isdigit() and base.isdigit() and len(sub) == len(base):  # "042-043" are two codes
            return tuple(c for c in (base, sub) if known(c))
        return ()
    for variant in bases:
        subs = [f"{variant}/{n:02d}" for n in range(SUB_CODES_TRIED)] + [f"{variant}/{n}" for n in range(10)]
        if found := [c for c in (variant, *subs) if known(c)]:
            return tuple(found)
    return ()


def part_numbers(text: str) -> tuple[str, ...]:
    """Part numbers such as "XC2-PSU-0420", or whatever "cod.", "P/N" and their like introduce; upper case."""
    found: dict[str, None] = {}
    for match in PART_GROUPS.finditer(text):
        token = match.group()
        if any(c.isdigit() for c in token) and not STANDARD.match(token):
            found[token] = None
    for match in PART_CUE.finditer(text):
        token = match["part"].upper()
        bare = re.match(r"cod(?:ice|\.)?\s*(?:n|:|#|\S*\d)", match.group(), re.IGNORECASE)
        if _is_part(token) or (not bare and len(token) >= 5 and sum(c.isdigit() for c in token) >= 3):
            found[token] = None
    return tuple(found)


def spans(text: str, taxonomy: Taxonomy) -> Iterator[tuple[int, int]]:
    """Where `text` writes codes, in order and without overlap."""
    if not re.search(r"\d", text):
        return
    models = {canonical(model) for model in taxonomy.models()}
    taken: list[tuple[int, int]] = []
    barred = [m.span() for m in DATE_OR_TIME.finditer(text)]
    for start, end in sorted(_candidates(text, taxonomy), key=lambda s: (s[0], -s[1])):
        if any(a < end and start < b for a, b in taken):
            continue
        if any(a <= start and end <= b and (a, b) != (start, end) for a, b in barred):
            continue
        if canonical(text[start:end]) in models or any(m in text[start:end].upper() for m in models):
            continue
        taken.append((start, end))
        yield start, end


def _candidates(text: str, taxonomy: Taxonomy) -> Iterator[tuple[int, int]]:
    for match in _written_as_codes(taxonomy).finditer(text):
        if not REFRIGERANT.fullmatch(match.group()):
            yield match.span()
    lowered = text.lower()  # most stored texts have no cue at all: a plain look is ten times as fast
    if any(cue in lowered for cue in CODE_CUES):
        yield from _introduced(text)
    if any(cue in lowered for cue in DISPLAY_CUES):
        for match in DISPLAYED.finditer(text):
            if not REFRIGERANT.fullmatch(match["code"]):
                yield match.span("code")


def _introduced(text: str) -> Iterator[tuple[int, int]]:
    for match in INTRODUCED.finditer(text):
        if _acceptable(text, match):
            yield match.span("code")
            yield from _list(text, match)
    for match in FOLLOWED.finditer(text):
        token = match["code"]
        if (re.match(r"[A-Za-z]|0\d|\d{3}", token) and not GLUED_UNIT.fullmatch(token)) and " " not in token:
            yield match.span("code")


def _list(text: str, match: re.Match[str]) -> Iterator[tuple[int, int]]:
    """What follows a code in an enumeration and is written alike: "errori 042, 043 e 051"."""
    shape = _shape(match["code"])
    following = NEXT_IN_LIST.match(text, match.end("code"))
    while following and _shape(following["code"]) == shape and _acceptable(text, following):
        yield following.span("code")
        following = NEXT_IN_LIST.match(text, following.end("code"))


def _shape(token: str) -> tuple[bool, int]:
    digits = re.search(r"\d+", token)
    return token[0].isalpha(), len(digits.group()) if digits else 0


def _acceptable(text: str, match: re.Match[str]) -> bool:
    """Whether an introduced token can be a code: no measure, no date, no common word."""
    token, after = match["code"], text[match.end("code") :]
    if " " in token and re.match(r"[A-Za-z]{1,2} \d", token) and not re.match(r"[A-Z]{1,2} \d", token):
        return False  # "errore a 230": a word and a number, no code
    if token[0].isdigit():
        if MEASURED.match(after) or GLUED_UNIT.fullmatch(token) or re.match(r"[.,]\d", after):
            return False
        if re.match(
            r"\s+(?:gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre)", after
        ):
            return False
        if len(re.match(r"\d+", token).group()) > 5:  # type: ignore[union-attr]
            return False
    date = DATE_OR_TIME.match(text, match.start("code"))
    return date is None or date.end() <= match.start("code") + len(canonical(token).partition("/")[0])


def _written_as_codes(taxonomy: Taxonomy) -> re.Pattern[str]:
    patterns = {p for t in taxonomy.product_types.values() for p in t.error_code_patterns}
    joined = "|".join(sorted(patterns or {DEFAULT_CODE_PATTERN}, key=len, reverse=True))
    return re.compile(rf"(?<![\w-])(?:{joined})(?:{SUFFIX}(?!\w))?(?!\w|-\w)", re.IGNORECASE)


def _special_tokens(text: str, taxonomy: Taxonomy) -> Iterator[tuple[int, int]]:
    """Tokens that no prose word looks like: letters with digits, zeros in front, CamelCase, snake_case."""
    models = {canonical(model) for model in taxonomy.models()}
    cued = any(cue in text.lower() for cue in CODE_CUES)
    for match in SPECIAL.finditer(text):
        token = match.group()
        if cued and LETTERS_ONLY.fullmatch(token):
            yield match.span()
        mixed = re.search(r"\d", token) and re.search(r"[A-Za-z]", token) and not GLUED_UNIT.fullmatch(token)
        if (mixed or re.fullmatch(r"0\d{1,4}", token) or CAMEL.search(token)) and canonical(
            token
        ) not in models:
            yield match.span()


def _zero_variants(part: str) -> Sequence[str]:
    """The code itself first, then with more and fewer zeros in front of its number."""
    found = re.fullmatch(r"([A-Z]*)(\d+)([A-Z]?)", part)
    if not found:
        return (part,)
    letters, digits, tail = found.groups()
    number = digits.lstrip("0") or "0"
    padded = [f"{letters}{number.zfill(width)}{tail}" for width in (len(digits), 1, 2, 3, 4)]
    return tuple(dict.fromkeys([part, *padded]))


def _with_zeros(part: str) -> str:
    """The code with each O behind its first letter read as a zero: "EO30", "H0O1"."""
    read = part[:1] + part[1:].replace("O", "0")
    return read if re.fullmatch(r"[A-Z]\d+", read) else part


def _is_part(written: str) -> bool:
    token = written.strip(" .,;:")
    return bool(re.fullmatch(r"\d{2,}(?:-\d{2,})+", token) or PART_GROUPS.fullmatch(token.upper()))
