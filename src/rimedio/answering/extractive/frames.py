"""Titles around the passages' words, in the language of the question."""

from collections.abc import Mapping

_FRAMES: Mapping[str, Mapping[str, str]] = {
    "meaning": {"it": "Significato", "en": "What it means"},
    "cause": {"it": "Causa probabile", "en": "Probable cause"},
    "check": {"it": "Verifica", "en": "Check"},
    "remedy": {"it": "Rimedio", "en": "Remedy"},
    "safety": {"it": "Sicurezza", "en": "Safety"},
    "needs": {"it": "Attrezzi, ricambi, tempo", "en": "Tools, parts, time"},
    "answer": {"it": "Risposta", "en": "Answer"},
    "procedure": {"it": "Procedura", "en": "Procedure"},
    "correction": {
        "it": "Il documento più recente, «{title}», corregge «{other}»",
        "en": "The newer document, “{title}”, corrects “{other}”",
    },
    "superseded": {
        "it": "Superato: così diceva «{other}»",
        "en": "Superseded: “{other}” used to say",
    },
    "differing": {"it": "Diversamente dice «{other}»", "en": "“{other}” says otherwise"},
    "conflict_open": {
        "it": "I documenti «{title}» e «{other}» non concordano: far verificare quale vale.",
        "en": "“{title}” and “{other}” disagree: have it checked which one holds.",
    },
    "product_action": {
        "it": "Il codice {code} esiste per più prodotti ({models}): controllare il modello sulla targhetta.",
        "en": "Code {code} exists for several products ({models}): check the model on the nameplate.",
    },
    "conflict_action": {
        "it": "I documenti non concordano: seguire «{title}», più recente di «{other}».",
        "en": "The documents disagree: follow “{title}”, which is newer than “{other}”.",
    },
    "sub_code_action": {
        "it": "Leggere sul display il sotto-codice: {codes} hanno rimedi diversi.",
        "en": "Read the sub-code on the display: {codes} have different remedies.",
    },
}


OPENINGS = (
    "meaning",
    "cause",
    "check",
    "remedy",
    "safety",
    "needs",
    "answer",
    "procedure",
)  # frames without documents


def frame(name: str, language: str, **values: str) -> str:
    """The words of frame `name` in `language` (English when it is neither Italian nor English)."""
    words = _FRAMES[name]
    text = words.get(language, words["en"])
    for key, value in values.items():
        text = text.replace("{" + key + "}", value)
    return text
