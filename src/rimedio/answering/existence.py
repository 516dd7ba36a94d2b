"""Whether what a question asks for is spoken of at all by what a remedy cites.

"Does the station support vehicle-to-grid?" is not answered by a sentence about stations and vehicles, however
literally it is quoted: the thing asked for has to stand in a cited sentence, its heading or its table. Only
questions whether something exists, is supported or is fitted are judged; who describes a fault uses words of
his own, which no manual repeats.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from rimedio.answering.case import AnswerCase
from rimedio.answering.vagueness import GENERIC_WORDS
from rimedio.domain.knowledge import Chunk
from rimedio.knowledge.lexicon import PLAIN, asked_terms, stored_terms
from rimedio.knowledge.terms import QueryTerm

WORDS_MIN = 0.7  # share of the thing's ordinary words to be found; a manual may call a part of it otherwise

NAME_CHARS_MAX = 40  # what is longer is pasted data, not a name

_ARTICLE = r"(?:un[ao]?|il|lo|la|i|gli|le|dei|degli|delle|qualche)\b|(?:un|l)['’]|(?-i:[A-Z])"
_FITTED = re.compile(
    r"\b(?:support(?:a|ano|at[oaie]|s|ed|ing)?|compatib(?:il[ei]|le)|previst[oaie]|disponibil[ei]"
    r"|dispon(?:e|gono)|dotat[oaie]|esist(?:e|ono)|c['’]è|ci sono|accett(?:a|ano)"
    rf"|(?:ha|hanno|chied(?:e|ono))\s+(?:anche |già )?(?:{_ARTICLE})|è possibile(?! che)"
    r"|available|equipped|fitted with|built-in|(?:is|are) there|works? with|asks? for"
    r"|do(?:es)?\b[^?]{0,60}?\b(?:have|accept|offer|include|come with)|is it possible(?! that))",
    re.IGNORECASE,
)
_CAN = re.compile(r"\b(?:can|could|may|posso|possiamo|può|possono|si può|si possono|riesco)\b", re.IGNORECASE)
_INVERTED = re.compile(r"\W*(?:does|do|is|are|has|have|can|could|may)\b", re.IGNORECASE)
_INDIRECT = re.compile(r"\b(?:sapere|capire|chied(?:e|o|ono)|know|asks?|tell me|wonder\w*)\b", re.IGNORECASE)
_CLAUSES = re.compile(
    r"(?<=[!.;:])\s+|,\s+|\s+(?=(?:e|and)\s+(?:da quale|da che|come|quando|from which|since|how|in which)\b)",
    re.IGNORECASE,
)
_FOLLOW_UP = re.compile(
    r"\W*(?:(?:e|ed|and)\s+)?(?:da (?:quale|che)|come|dove|quando|quale|from which|since|how|where|in which)\b",
    re.IGNORECASE,
)
_OTHER_QUESTION = re.compile(
    r"\W*(?:perch[eé]|come mai|che cosa|cosa|quando|dove|quant[oaie]|why|when|where"
    r"|how (?:much|many|long|often))\b",
    re.IGNORECASE,
)
_PRODUCT = re.compile(
    r"\b(?:(?:stazione|colonnina|punto) di ricarica|charging (?:station|point)|(?:ev|vehicle|car) charger"
    r"|pompa di calore|heat pump|(?:string|solar) inverter|inverter (?:di stringa|fotovoltaico))\b",
    re.IGNORECASE,
)
_FRAMING = """
support supporta supportano supportato supportata supportati supportate supports supported compatible
compatibile compatibili previsto prevista previsti previste disponibile disponibili available dispone dispongono
dotato dotata dotati dotate built equipped fitted esiste esistono have accept accetta accettano offer include
possible possibile work works funziona funzionano chiede chiedono asks ask customer cliente vorrei sapere capire
know like want whether tell wonder use used using usare utilizzare uso attivare abilitare enable activate
configure configurare version versione versioni firmware model modello modelli system also anche qualche any kind
tipo way modo can could may posso possiamo può possono riesco
"""
_FRAMES = frozenset(_FRAMING.split()) | GENERIC_WORDS
_NUMBER = r"\d+(?:[.,]\d+)*"
_UNIT = r"(?:[kMGm]?(?:Hz|W|Wh|V|A|bar|Nm|m|s|min|h|g|l)|°?C|%|ohm|Ω|gradi|degrees|volt|ampere|metri|bar)\b"
_LETTER = r"[^\W\d_]"
_NAME = re.compile(  # "Type 2", "OCPP 2.0.1"; "V2G", "CCS2", "SunSpec", "Wi-Fi", "KNX"; "vehicle-to-grid"; "with Alexa"
    rf"(?<![^\W_])(?:(?<=\S )[A-ZÀ-Ý][\w-]*|[A-ZÀ-Ý]{{2,}}) {_NUMBER}(?!\s?{_UNIT})(?![^\W_])"
    rf"|(?<![^\W_])(?<!\d )(?!\d+\s?{_UNIT})(?!\w{{0,20}}\d{{6}})(?=[\w&/-]{{0,40}}?{_LETTER})"
    rf"(?=[\w&/-]{{0,40}}?(?:{_LETTER}\d|\d{_LETTER}|[a-zà-ÿ][A-ZÀ-Ý]|[A-ZÀ-Ý]{{2}}|[A-ZÀ-Ý]\w*[-/&]\w|\w[-/&]\w{{1,40}}[-/&]\w))"
    r"\w+(?:[-/&]\w+)*"
    r"|(?<=\b[Cc]on )[A-Z]\w+|(?<=\b[Vv]ia )[A-Z]\w+|(?<=\b[Ww]ith )[A-Z]\w+"
)
_ACRONYM = re.compile(r"[A-Z][A-Z0-9]{1,5}s?")
_SMALL_WORDS = r"(?:(?:of|and|for|the|di|e|del|della|per)[\W_]+)?"
_PIECE = re.compile(r"\d+|[A-ZÀ-Ý]?[a-zà-ÿ]+|[A-ZÀ-Ý]+(?![a-zà-ÿ])|[^\W\d_]")


def unspoken(case: AnswerCase) -> tuple[str, ...]:
    """Words for the thing asked for that nothing cited holds; empty when it is spoken of, or nothing of the
    kind is asked, or the question is about a code."""
    asked = case.question
    if asked.codes:
        return ()
    chunks = _cited(case)
    said = _Said(chunks, [f"{s.text}\n{s.quote}" for s in case.draft.sentences])
    models = {_condensed(m) for m in (*asked.product_models, *(m for c in chunks for m in c.product_models))}
    text = asked.text if not asked.text.isupper() else asked.text.lower()  # who shouts names nothing by it
    for clause in _asking_clauses(text):
        thing = _PRODUCT.sub(" ", clause)
        names = tuple(n for n in dict.fromkeys(_names(thing, models)) if not said.names(n))
        if names:
            return names
        if _FITTED.search(clause) and (words := said.lacks(thing, asked.language)):
            return words
    return ()


def _cited(case: AnswerCase) -> list[Chunk]:
    entries = (case.context.entry(i) for i in dict.fromkeys(s.passage for s in case.draft.sentences))
    return [e.passage.chunk for e in entries if e is not None]


def _asking_clauses(text: str) -> Iterator[str]:
    """The clauses that ask whether something is there or can be used; not what is only told on the way."""
    for sentence in re.findall(r"[^?\n]+\??", text):
        clauses = [c for c in _CLAUSES.split(sentence) if c.strip()]
        for clause, following in zip(clauses, [*clauses[1:], ""], strict=True):
            if not (_FITTED.search(clause) or _CAN.search(clause)) or _OTHER_QUESTION.match(clause):
                continue
            asks = sentence.endswith("?") and (
                not following or _FOLLOW_UP.match(following) or _INVERTED.match(clause)
            )
            if asks or _INDIRECT.search(clause):
                yield clause


def _names(thing: str, models: set[str]) -> Iterator[str]:
    """Words that no manual says in another way: standards, versions, acronyms, compounds, brands."""
    for match in _NAME.finditer(thing):
        if len(match.group()) <= NAME_CHARS_MAX and _condensed(match.group()) not in models:
            yield match.group()


class _Said:
    """What cited sentences say, under which headings."""

    def __init__(self, chunks: Sequence[Chunk], sentences: Sequence[str]) -> None:
        headings = [" ".join((c.source_title, *c.section, *c.product_models)) for c in chunks]
        tables = [
            c.text for c in chunks if any("|" in s for s in sentences)
        ]  # a row means what its column says
        text = "\n".join((*headings, *sentences, *tables))
        self._text = text.lower()
        self._languages = {c.language for c in chunks}
        self._terms = {t for language in self._languages for t in stored_terms(text, language)}
        self._joined = {_condensed(word) for word in text.split()}  # "Wi-Fi" is also asked for as "wifi"

    def names(self, name: str) -> bool:
        """Whether a name is said: its parts joined in any way, or the words that an acronym stands for."""
        ways = (_spelled(name), _written_out(name), _shortened(name))
        return any(way is not None and way.search(self._text) for way in ways)

    def lacks(self, thing: str, language: str) -> tuple[str, ...]:
        """The ordinary words of a thing that are not said; empty when enough of them are."""
        asked = asked_terms(_NAME.sub(" ", thing), language)
        words = [t for t in asked if t.word.lower() not in _FRAMES and self._judges(t, language)]
        gone = tuple(
            t.word
            for t in words
            if self._terms.isdisjoint(t.forms) and _condensed(t.word) not in self._joined
        )
        return gone if len(words) - len(gone) < WORDS_MIN * len(words) else ()

    def _judges(self, term: QueryTerm, language: str) -> bool:
        """Whether the word would be recognised: without a translation it says nothing in another language."""
        if language in self._languages:
            return True
        others = [form for form in term.forms if form.partition(":")[0] not in {language, PLAIN}]
        return len(others) > 1  # as it is spelled, and translated


@lru_cache(maxsize=256)
def _spelled(name: str) -> re.Pattern[str]:
    """A name however its parts are joined: "Wi-Fi", "WiFi", "wi fi"; "CCS2", "CCS 2"; "1000", "1.000"."""
    one = name[:-1] if name.endswith("s") and name[:-1].isupper() else name  # "SIMs"
    pieces = [
        r"[.\s]?".join(piece) if piece.isdigit() and len(piece) > 3 else re.escape(piece.lower())
        for piece in _PIECE.findall(one)
    ]
    return re.compile(r"(?<![^\W_])" + r"[\W_]{0,3}".join(pieces) + r"s?(?![^\W_])")


@lru_cache(maxsize=256)
def _written_out(name: str) -> re.Pattern[str] | None:
    """The words that an acronym can stand for: "V2G" for "vehicle-to-grid", "RCD" for "residual current device"."""
    if not _ACRONYM.fullmatch(name):
        return None
    words = [{"2": "to", "4": "for"}.get(c, rf"{c}[^\W\d_]{{2,}}") for c in name.removesuffix("s").lower()]
    return re.compile(r"(?<![^\W_])" + (r"[\W_]+" + _SMALL_WORDS).join(words))


@lru_cache(maxsize=256)
def _shortened(name: str) -> re.Pattern[str] | None:
    """The acronym of a compound: "V2G" or "VTG" for "vehicle-to-grid"."""
    parts = re.split(r"[-/&]", name.lower())
    if len(parts) < 3:
        return None
    letters = ["[2t]" if part == "to" else re.escape(part[0]) for part in parts if part]
    return re.compile(r"(?<![^\W_])" + "".join(letters) + r"(?![^\W_])")


def _condensed(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())
