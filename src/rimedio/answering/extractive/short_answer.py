"""The few words of a sentence or row that answer a question for a value; literally in it, or nothing."""

import re

from rimedio.answering.extractive.candidates import Candidate
from rimedio.answering.extractive.intent import Intent
from rimedio.answering.extractive.outline import Shape
from rimedio.answering.extractive.values import VALUE, expected_unit, find_values
from rimedio.answering.question import Question
from rimedio.answering.terms import asked_words, content_terms

_WORDS_MAX = 7
_AFTER_LABEL = re.compile(r"(?:[:=]|\s[-–—])\s+(?P<value>\S[^:=]*)$")


def short_answer(question: Question, intent: Intent, candidate: Candidate) -> str | None:
    """A value of at most a few words out of `candidate`, or None when it is not plain which."""
    if candidate.block.shape is Shape.ROW:
        return _cell(question, intent, candidate)
    if intent is not Intent.NUMBER:
        return None
    text = " ".join(candidate.text.split())
    label = _AFTER_LABEL.search(text)
    if label and len(label["value"].split()) <= _WORDS_MAX and any(c.isdigit() for c in label["value"]):
        return _trimmed(label["value"])
    return _nearest_value(question, text, candidate.entry.passage.chunk.language)


def _cell(question: Question, intent: Intent, candidate: Candidate) -> str | None:
    """The cell under a title that the question names; else the cell with a number and none of its words."""
    language = candidate.entry.passage.chunk.language
    asked = frozenset().union(*asked_words(question.text, question.language, language))
    text = candidate.entry.text
    best: tuple[float, str] | None = None
    for position, cell in enumerate(candidate.block.cells):
        words = cell.span.of(text).strip()
        own = set(content_terms(words, language))
        if not own and not any(c.isalnum() for c in words):
            continue
        if len(words.split()) > _WORDS_MAX or position == 0:
            continue
        title = len(asked & set(content_terms(cell.title, language)))
        number = intent is Intent.NUMBER and any(c.isdigit() for c in words)
        score = 2.0 * title + 1.5 * number - 1.0 * len(asked & own)
        if score > 0 and (best is None or score > best[0]):
            best = (score, words)
    return _trimmed(best[1]) if best else None


def _nearest_value(question: Question, text: str, language: str) -> str | None:
    asked = frozenset().union(*asked_words(question.text, question.language, language))
    given = {m[0].strip() for m in VALUE.finditer(question.text)}
    wanted = expected_unit(question.text)
    at = [m.start() for m in re.finditer(r"[^\W_]+", text) if set(content_terms(m[0], language)) & asked]
    values = [m for m in find_values(text) if m[0].strip() not in given]
    if wanted is not None:
        values = [m for m in values if wanted.search(m[0])]
    if not values or not (at or wanted):
        return None
    best = min(values, key=lambda m: (sum(abs(m.start() - a) for a in at), m.start()))
    return best[0].strip()


def _trimmed(value: str) -> str:
    cut = re.split(r"\s\(|[;.](?:\s|$)|,\s", value, maxsplit=1)[0]
    return " ".join(cut.strip(" .;,*").split())
