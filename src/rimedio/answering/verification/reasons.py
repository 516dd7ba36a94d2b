"""Why a claim does not stand, as codes and as sentences in Italian and English.

A reason is written "CODE: sentence"; the code is for programs and translations, the sentence for people.
"""

from enum import StrEnum


class Doubt(StrEnum):
    """What checking a claim can find."""

    NO_PASSAGE = "NO_PASSAGE"
    NO_QUOTE = "NO_QUOTE"
    QUOTE_NOT_FOUND = "QUOTE_NOT_FOUND"
    QUOTE_TRIVIAL = "QUOTE_TRIVIAL"
    NUMBER_DIFFERS = "NUMBER_DIFFERS"
    NUMBER_NOT_QUOTED = "NUMBER_NOT_QUOTED"
    CODE_DIFFERS = "CODE_DIFFERS"
    CODE_NOT_QUOTED = "CODE_NOT_QUOTED"
    NEGATION_DIFFERS = "NEGATION_DIFFERS"
    MODALITY_DIFFERS = "MODALITY_DIFFERS"
    OPPOSITE = "OPPOSITE"
    ONLY_ADDED = "ONLY_ADDED"
    SAYS_MORE = "SAYS_MORE"


_TEXTS: dict[Doubt, tuple[str, str]] = {
    Doubt.NO_PASSAGE: (
        "la frase cita il passo {claim}, che non è fra quelli trovati",
        "the sentence cites passage {claim}, which is not among those found",
    ),
    Doubt.NO_QUOTE: ("la frase non cita alcun testo", "the sentence quotes no text"),
    Doubt.QUOTE_NOT_FOUND: (
        "il testo citato non si trova nel passo",
        "the quoted text is not in the passage",
    ),
    Doubt.QUOTE_TRIVIAL: (
        "il testo citato è troppo breve per provare qualcosa",
        "the quoted text is too short to prove anything",
    ),
    Doubt.NUMBER_DIFFERS: (
        "la frase dice «{claim}», il testo citato «{quote}»",
        "the sentence says “{claim}”, the quoted text “{quote}”",
    ),
    Doubt.NUMBER_NOT_QUOTED: (
        "«{claim}» non si trova nel testo citato",
        "“{claim}” is not in the quoted text",
    ),
    Doubt.CODE_DIFFERS: (
        "la frase nomina «{claim}», il testo citato «{quote}»",
        "the sentence names “{claim}”, the quoted text “{quote}”",
    ),
    Doubt.CODE_NOT_QUOTED: (
        "«{claim}» non si trova nel testo citato",
        "“{claim}” is not in the quoted text",
    ),
    Doubt.NEGATION_DIFFERS: (
        "la frase e il testo citato non concordano sulla negazione («{claim}», «{quote}»)",
        "the sentence and the quoted text disagree on a negation (“{claim}”, “{quote}”)",
    ),
    Doubt.MODALITY_DIFFERS: (
        "obbligo e facoltà sono scambiati («{claim}», «{quote}»)",
        "what must and what may be done are exchanged (“{claim}”, “{quote}”)",
    ),
    Doubt.OPPOSITE: (
        "la frase dice «{claim}» dove il testo citato dice «{quote}»",
        "the sentence says “{claim}” where the quoted text says “{quote}”",
    ),
    Doubt.ONLY_ADDED: (
        "la frase restringe con «solo» ciò che il testo citato non restringe",
        "the sentence restricts with “only” what the quoted text does not",
    ),
    Doubt.SAYS_MORE: (
        "la frase dice più di quanto provi il testo citato",
        "the sentence says more than the quoted text proves",
    ),
}


def reason(doubt: Doubt, language: str, *, claim: str = "", quote: str = "") -> str:
    """The reason as "CODE: sentence" in the language asked for (Italian for "it", else English)."""
    text = _TEXTS[doubt][0 if language == "it" else 1].format(claim=claim, quote=quote)
    return f"{doubt}: {text}"
