"""The words around a remedy, Italian and English."""

from collections.abc import Mapping
from types import MappingProxyType

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "it": {
            "CAUSE": "Causa probabile",
            "CHECKS": "Verifiche",
            "REMEDY": "Rimedio",
            "sources": "Fonti",
            "page": "p.",
            "confidence": "fiducia",
            "checked": "frasi trovate parola per parola nella fonte",
            "tools": "Attrezzi",
            "parts": "Ricambi",
            "minutes": "min",
            "alternatives": "In alternativa",
            "why": "Perché",
            "asks": "Rimedio chiede",
            "PUBLISH": "pubblicata",
            "REVIEW": "da rivedere",
            "ASK": "serve un'informazione",
            "ESCALATE": "passata a una persona",
            "nothing": "Nella documentazione non c'è una risposta: nessuna ipotesi viene data per buona.",
            "draft": "Bozza per l'operatore, non inviata:",
            "elapsed": "in",
        },
        "en": {
            "CAUSE": "Probable cause",
            "CHECKS": "Checks",
            "REMEDY": "Remedy",
            "sources": "Sources",
            "page": "p.",
            "confidence": "confidence",
            "checked": "sentences found word for word in their source",
            "tools": "Tools",
            "parts": "Parts",
            "minutes": "min",
            "alternatives": "Alternatively",
            "why": "Why",
            "asks": "Rimedio asks",
            "PUBLISH": "published",
            "REVIEW": "for review",
            "ASK": "needs information",
            "ESCALATE": "handed to a person",
            "nothing": "The documentation holds no answer, and no guess is passed off as one.",
            "draft": "Draft for the operator, not sent:",
            "elapsed": "in",
        },
    }
)


def words(language: str) -> Mapping[str, str]:
    """The words of a language; English where it is not known."""
    return WORDS.get(language, WORDS["en"])
