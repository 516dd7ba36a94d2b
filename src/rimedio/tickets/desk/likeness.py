"""How alike two tickets are: the codes they name, and the words of their symptoms in either language."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rimedio.answering.terms import asked_words, content_terms
from rimedio.domain.taxonomy import Taxonomy
from rimedio.domain.ticket import Ticket
from rimedio.knowledge.codes import canonical, mentioned_codes
from rimedio.knowledge.language import ENGLISH

REMEMBERED_MAX = 4096
# Words that stand in every ticket and tell nothing of the trouble.
COURTESY = (
    "buongiorno buonasera salve ciao cordiali saluti saluto grazie prego cortesemente gentilmente urgente "
    "problema problemi ticket assistenza aiuto richiesta segnalo segnalazione cliente impianto apparecchio "
    "macchina errore codice allarme display seriale matricola modello potete potreste vorrei sapere "
    "hello good morning dear kind best regards thanks thank please urgent problem problems issue ticket support "
    "help request report customer site unit device machine error code alarm serial number model could would know"
)


_DENIAL = re.compile(r"\b(?:non|senza|mai|not|cannot|never|without|no)\b|n['’]t\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Symptom:
    """What a ticket says of its trouble."""

    codes: frozenset[str]
    text: str
    language: str

    @property
    def denies(self) -> bool:
        """Whether it says that something is not so."""
        return _DENIAL.search(self.text) is not None


class Symptoms:
    """Reads the symptoms of tickets, each text once: the same tickets are compared again and again."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._read = lru_cache(maxsize=REMEMBERED_MAX)(self._reading)

    def __call__(self, ticket: Ticket) -> Symptom:
        """The codes that a ticket names, in its field or its text, and its text without them and the model."""
        asset = ticket.asset
        names = (asset.model, asset.serial, ticket.error_code or "")
        return self._read(ticket.symptom_text, ticket.lang or ENGLISH, names)

    def _reading(self, text: str, language: str, names: tuple[str, str, str]) -> Symptom:
        codes = set(mentioned_codes(text, self._taxonomy))
        if names[-1]:
            codes.add(canonical(names[-1]))
        return Symptom(frozenset(codes), _without(text, (*names, *codes)), language)


def likeness(one: Symptom, other: Symptom) -> float:
    """How much of what each says the other says too, 0..1: the harmonic mean of the two shares."""
    there, back = _share(one, other), _share(other, one)
    return 2 * there * back / (there + back) if there + back else 0.0


def containment(one: Symptom, other: Symptom) -> float:
    """How much of the shorter one the other says too, 0..1."""
    return max(_share(one, other), _share(other, one))


def told(symptom: Symptom) -> int:
    """How many words of a symptom tell something."""
    return len(_words(symptom.text, symptom.language, symptom.language))


def _share(asked: Symptom, of: Symptom) -> float:
    words = _words(asked.text, asked.language, of.language)
    held = frozenset(content_terms(of.text, of.language))
    return sum(not word.isdisjoint(held) for word in words) / len(words) if words else 0.0


@lru_cache(maxsize=512)
def _words(text: str, language: str, of: str) -> tuple[frozenset[str], ...]:
    """Content words of a text, each with the forms it has in language `of`; courtesy left out."""
    courtesy = _courtesy(of)
    return tuple(word for word in asked_words(text, language, of) if word.isdisjoint(courtesy))


@lru_cache(maxsize=8)
def _courtesy(language: str) -> frozenset[str]:
    return frozenset(content_terms(COURTESY, language))


def _without(text: str, named: Sequence[str]) -> str:
    for name in named:
        if name:
            text = re.sub(re.escape(name), " ", text, flags=re.IGNORECASE)
    return text
