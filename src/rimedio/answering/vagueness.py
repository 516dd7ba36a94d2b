"""Whether a request says too little to be answered, and what it leaves open.

Two ways of saying too little: naming nothing that a manual could be opened at ("the charger does not work"),
and pointing at something that was never named ("the same problem as last time", "this station").
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rimedio.answering.verification.words import STOP, stem, words

CONTENT_WORDS_MIN = 2  # words that say something of their own; fewer leave nothing to search for

_GENERIC = """
problem problems issue issues error errors fault faults alarm broken break working work works worked
help please urgent asap strange thing things lately stopped stop dead weird bad wrong fail failed
fails failing unit device machine appliance system product light lights led lamp red on off now what
again doesn doing going happened happens fix fixed repair come call someone hello hi good morning
evening thanks thank regards dear today yesterday charger inverter station pump heat day time still
always same nothing something anymore problema problemi errore errori guasto guasti allarme rotto
rotta fermo ferma bloccato bloccata funziona funzionano funzionare va andare aiuto urgente strano
strana strani cose cosa apparecchio macchina impianto prodotto luce spia rosso rossa adesso ora fare
faccio succede successo riparare venite venire chiamare qualcuno salve ciao buongiorno buonasera
grazie cordiali saluti oggi ieri colonnina stazione pompa calore invertitore giorno volta sempre
stesso stessa niente nulla qualcosa piu dopo altra altro subito prego vi ci
"""
GENERIC_WORDS = frozenset(_GENERIC.split())
_POINTING = re.compile(
    r"\b(?:this|that|these|those|such|questo|questa|questi|queste|quest|quello|quella|quelle)\s+"
    r"((?:[a-z]+\s+){0,2}?[a-z]+)"
)
_UNNAMED = re.compile(
    r"\b(?:this particular|in this case|in questo caso|(?:the|this) (?:same )?(?:[a-z]+ ){0,3}?(?:company"
    r"|chain|series|actor|case|team|county|country|city|state|language|animal|player|library|clinic|park|office"
    r"|book|movie|show|product|model|card|fund|partner|bond|mission|court|restaurant|event))\b"
)
_LAST_TIME = re.compile(
    r"\b(?:last time|like before|as before|altra volta|come prima|stesso problema|same problem)\b"
)
_NAME = re.compile(r"\b[A-Z][\w'-]*[a-z][\w'-]*\b")


@dataclass(frozen=True, slots=True)
class Vagueness:
    """What a request leaves open."""

    terms: int  # content words that say something of their own
    points_nowhere: bool  # speaks of "this …" that nothing before it names

    @property
    def is_vague(self) -> bool:
        """Whether to ask before searching further."""
        return self.terms < CONTENT_WORDS_MIN or self.points_nowhere


def vagueness(text: str, language: str, earlier: Sequence[str] = (), named: Sequence[str] = ()) -> Vagueness:
    """How vague `text` is after the `earlier` turns; `named` are models and codes that came beside it."""
    known = {stem(w, language) for turn in (*earlier, *named) for w in words(turn)}
    own = [w for w in words(text) if w not in STOP[language] and w not in GENERIC_WORDS and len(w) > 1]
    models = {part for name in named for part in words(name)}
    terms = len({stem(w, language) for w in own} - {stem(m, language) for m in models})
    return Vagueness(terms, _points_nowhere(text, language, known))


def _points_nowhere(text: str, language: str, known: set[str]) -> bool:
    lower = text.lower()
    if _LAST_TIME.search(lower) and not known:
        return True
    pointed = [m[1] for m in _POINTING.finditer(lower)] + [m[0] for m in _UNNAMED.finditer(lower)]
    for phrase in pointed:
        nouns = [stem(w, language) for w in words(phrase) if w not in STOP[language] and len(w) > 2]
        if nouns and not known.intersection(nouns) and not _named_inside(text):
            return True
    return False


def _named_inside(text: str) -> bool:
    """Whether the text itself names something: a capitalised word that does not begin it."""
    return len([m for m in _NAME.finditer(text) if m.start() > 0]) > 0
