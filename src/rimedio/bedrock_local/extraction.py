"""An answer to any prompt in the prompt's own words: the sentences of its text that say most of what is asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rimedio.answering.sentences import split_sentences
from rimedio.answering.terms import content_terms
from rimedio.bedrock_local.prompt import Prompt
from rimedio.knowledge.language import detect_language

SENTENCES_MAX = 3
_TAGS = re.compile(r"</?[a-zA-Z][\w-]*[^>\n]*>")
_QUESTION_WORDS = re.compile(r"\?\s*$")
_PARAGRAPHS = re.compile(r"\n\s*\n|\n")


@dataclass(frozen=True, slots=True)
class Reading:
    """A prompt taken apart: what is asked, and the sentences that may answer."""

    question: str
    sentences: tuple[str, ...]
    language: str


def read_text(prompt: Prompt) -> Reading:
    """What a prompt asks and what it gives to answer from.

    What is asked is the last question of the last turn, or its last paragraph; the rest of the conversation is
    text to answer from, and the system prompt too when there is nothing else.
    """
    users = [t.text for t in prompt.turns if t.role == "user"]
    parts = [p for p in map(_plain, _PARAGRAPHS.split(users[-1] if users else "")) if p]
    asked = next((p for p in reversed(parts) if _QUESTION_WORDS.search(p)), parts[-1] if parts else "")
    question = _sentences([asked])[-1:] or [asked]
    before = [p for text in users[:-1] for p in map(_plain, _PARAGRAPHS.split(text)) if p]
    given = [s for s in _sentences([*before, *parts]) if s != question[0]]
    if not given:
        given = _sentences([p for p in map(_plain, _PARAGRAPHS.split(prompt.system)) if p])
    return Reading(question[0], tuple(given), detect_language(question[0]))


def _plain(text: str) -> str:
    return " ".join(_TAGS.sub(" ", text).split())


def _sentences(paragraphs: Sequence[str]) -> list[str]:
    return [s.of(p).strip() for p in paragraphs for s in split_sentences(p) if s.of(p).strip()]


def best_sentences(asked: str, reading: Reading, most: int = SENTENCES_MAX) -> list[str]:
    """The sentences that share words with what is asked, in the order of the text; none when none does."""
    wanted = content_terms(asked, reading.language)
    scored = [(_shared(wanted, s, reading.language), n) for n, s in enumerate(reading.sentences)]
    best = sorted((x for x in scored if x[0] > 0), key=lambda x: (-x[0], x[1]))[:most]
    return [reading.sentences[n] for n in sorted(n for _, n in best)]


def _shared(wanted: Sequence[str], sentence: str, language: str) -> float:
    said = set(content_terms(sentence, language))
    return len(said & set(wanted)) / max(1, len(set(wanted)))


def extracted_answer(prompt: Prompt) -> str:
    """The best sentences of the text given, or the plain word that it holds no answer."""
    reading = read_text(prompt)
    found = best_sentences(reading.question, reading)
    if found:
        return " ".join(found)
    if reading.language == "it":
        return "Il testo dato non contiene una risposta."
    return "The given text holds no answer."
