"""Codes as people write them who read them off a display: "E 030", "e 43", "EO30", "the board shows 777".

Beyond what `find_codes` reads in any text, a question's letter and number may stand apart, an O stand for a
zero, and a bare number be all that a display shows. Such a code is looked up like any other. One that no chunk
defines is unknown, so that the remedy for another code is never given for it. What a gauge or a meter shows,
measures, models and refrigerants are no codes.
"""

import re
from collections.abc import Callable, Iterator

from rimedio.domain.taxonomy import DEFAULT_CODE_PATTERN, Taxonomy
from rimedio.knowledge.codes import (
    CODE_WORD,
    FILLER,
    GLUED_UNIT,
    MEASURED,
    REFRIGERANT,
    TEXT_CHARS_MAX,
    CodeMention,
    canonical,
    resolve,
)

WORD_LETTERS = frozenset("AEIO")  # that are words of their own in Italian or English
_BEFORE_CHARS = 60
_SHOWS = (
    r"(?:mostra(?:no)?|segna(?:la)?|indica|visualizza|(?:ri)?compare|appare|(?:com|ap)parso|lampeggia|dice|legg[oe]|letto"
    r"|scritto|esce|uscito|d[àa]['’]?|ho|shows?|shown|showing|displays?|reads?|says?|flash(?:es|ing)|blink(?:s|ing)|see"
    r"|gives?|got|have|getting)"
)
_SCREEN = r"(?:display|screen|schermo|pannello|panel|comando|control(?:ler)?|centralina|scheda|board|tastierino|keypad)"
_ARTICLES = r"(?:\s*(?:il|lo|la|the|a|an|un|solo|only|just|sempre|always|fisso)\b)*"
_CUE_BEFORE = re.compile(rf"\b(?:{_SHOWS}|{CODE_WORD}|{_SCREEN}\s*:){_ARTICLES}{FILLER}$", re.IGNORECASE)
_SHOWS_PLAINLY = (
    r"(?:mostra(?:no)?|segna(?:la)?|visualizza|(?:ri)?compare|appare|(?:com|ap)parso|lampeggia|shows?|shown|showing"
    r"|displays?|reads?|says?|flash(?:es|ing)|blink(?:s|ing))"
)
_PLAIN_CUE_BEFORE = re.compile(
    rf"\b(?:{_SHOWS_PLAINLY}|{CODE_WORD}|{_SCREEN}\s*:){_ARTICLES}{FILLER}$", re.IGNORECASE
)
_CUE_AFTER = re.compile(
    rf"[\"”»']?\s+(?:(?:is|keeps|che|fisso|steady)\s+)?(?:(?:on|in|sul|sullo|sulla|nel|nella)\s+(?:the\s+)?{_SCREEN}\b"
    r"|(?:flash|blink|lampeggi)\w*|comes up\b|appear\w*|(?:ri)?compare\b|appare\b)",
    re.IGNORECASE,
)
_APART = re.compile(
    r"(?<![\w.,/’'-])(?P<letter>[A-Za-z])(?P<gap>[ .-]?)(?P<digits>[0-9Oo]{1,4})(?![\w%°]|[.,:/-]\w)"
)
_BARE = r"(?<![\w.,/:-])(?<!\b(?-i:[A-Z]) )(?P<code>\d{3,5})(?![\w%°]|[.,:/-]\d)"
_SHOWN = re.compile(
    rf"\b(?:{_SHOWS}){_ARTICLES}(?:\s+(?:codice|code|numero|number))?\s+[\"“«']?{_BARE}", re.IGNORECASE
)
_ON_SCREEN = re.compile(
    rf"{_BARE}[\"”»']?\s+(?:(?:is|keeps|che|e|and|fisso|steady|comes up)\s+){{0,2}}"
    rf"(?:(?:on|in|sul|sullo|sulla|nel|nella|dal|dalla)\s+(?:the\s+)?{_SCREEN}\b"
    r"|(?:flash|blink|lampeggi)\w*|(?:is\s+)?(?:shown|displayed)\b)",
    re.IGNORECASE,
)
_GAUGE = re.compile(
    r"\b(?:contatore|meter|manometro|gauge|termometro|thermometer|multimetro|multimeter|tester|voltmetro|misur\w+"
    r"|measur\w+|orologio|clock|data|date|bilancia|app|applicazione|bolletta|bill)\b",
    re.IGNORECASE,
)


def spoken_codes(question: str, taxonomy: Taxonomy, known: Callable[[str], bool]) -> tuple[CodeMention, ...]:
    """Codes written apart, with an O for a zero, or shown as a bare number; in their order, each once."""
    text = question[:TEXT_CHARS_MAX]
    found: dict[str, CodeMention] = {}
    for mention in (*_apart(text, taxonomy, known), *_bare(text, known)):
        found.setdefault(mention.code, mention)
    return tuple(found.values())


def _apart(text: str, taxonomy: Taxonomy, known: Callable[[str], bool]) -> Iterator[CodeMention]:
    patterns = {p for t in taxonomy.product_types.values() for p in t.error_code_patterns}
    as_codes = re.compile("|".join(sorted(patterns or {DEFAULT_CODE_PATTERN})))
    models = {canonical(model) for model in taxonomy.models()}
    for match in _APART.finditer(text):
        digits = match["digits"].upper().replace("O", "0")
        form = match["letter"].upper() + digits
        if not re.search(r"\d", match["digits"]):
            continue
        if form in models or REFRIGERANT.fullmatch(form) or MEASURED.match(text, match.end()):
            continue
        codes = resolve(form, known)
        if codes and _is_meant(text, match):
            yield from (CodeMention(code, match.group(), known=True) for code in codes)
        elif not codes and _is_code(text, match, is_whole=bool(as_codes.fullmatch(form))):
            yield CodeMention(form, match.group(), known=False)


def _is_meant(text: str, match: re.Match[str]) -> bool:
    """Whether a letter and a number that make a known code are one: "E 41", "errore e 43", but not "e 2 auto"."""
    if match["letter"].isupper() or match["digits"][0] in "0Oo":
        return True
    if match["letter"].upper() in WORD_LETTERS and len(match["digits"]) < 2:
        return False
    return _after_cue(text, match)


def _is_code(text: str, match: re.Match[str], *, is_whole: bool) -> bool:
    """Whether a letter and a number that make no known code are meant as one all the same."""
    letter, digits = match["letter"], match["digits"]
    is_word = letter.upper() in WORD_LETTERS
    if is_whole and digits[0] in "0Oo":
        return letter.isupper() or not is_word or _after_cue(text, match)
    if not letter.isupper():
        return False
    if not is_whole:  # "L1" and "K2" are names of parts, unless a display shows them
        return len(digits) > 1 and _is_displayed(text, match)
    return (
        _after_cue(text, match)
        or _is_displayed(text, match)
        or ((not is_word or letter == "E") and _opens(text, match.start()))
    )


def _after_cue(text: str, match: re.Match[str], cue: re.Pattern[str] = _CUE_BEFORE) -> bool:
    start = match.start()
    return cue.search(text[max(0, start - _BEFORE_CHARS) : start]) is not None


def _is_displayed(text: str, match: re.Match[str]) -> bool:
    """Whether the words right before or after say that a display shows it."""
    return _after_cue(text, match, _PLAIN_CUE_BEFORE) or _CUE_AFTER.match(text, match.end()) is not None


def _opens(text: str, start: int) -> bool:
    """Whether nothing but punctuation stands before, in the text or in its sentence."""
    before = text[:start].rstrip(" \t\"“«'(")
    return not before or before[-1] in ".!?:;,\n-–"


def _bare(text: str, known: Callable[[str], bool]) -> Iterator[CodeMention]:
    """Numbers without letter or unit that a display shows."""
    for pattern in (_SHOWN, _ON_SCREEN):
        for match in pattern.finditer(text):
            start, end = match.span("code")
            before = text[max(0, start - _BEFORE_CHARS) : start]
            if MEASURED.match(text, end) or GLUED_UNIT.match(text, start) or _GAUGE.search(before):
                continue
            codes = resolve(match["code"], known)
            for code in codes or (match["code"],):
                yield CodeMention(code, match["code"], known=bool(codes))
