"""Reads a draft while a chat model still writes it: each sentence as soon as its JSON object is closed."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from rimedio.domain.answer import DraftSentence, Section

_SECTION = re.compile(r'"section"\s*:\s*"(CAUSE|CHECKS|REMEDY)"')
CHARS_MAX = 200_000


@dataclass(frozen=True, slots=True)
class HeardSentence:
    """A sentence that was written, unchecked; `step` counts from 1."""

    step: int
    section: Section
    sentence: DraftSentence


class DraftReader:
    """A `Listener` that finds the sentences in a growing reply of the shape that the writer asks for.

    What it tells may still be thrown away, when the reply as a whole turns out unusable and a repair begins:
    `on_begin` says so.
    """

    def __init__(self, on_sentence: Callable[[HeardSentence], None], on_begin: Callable[[], None]) -> None:
        self._on_sentence = on_sentence
        self._on_begin = on_begin
        self._reset()

    def _reset(self) -> None:
        self._text: list[str] = []
        self._length = 0
        self._open: list[int] = []  # where each open brace stands
        self._in_string = self._escaped = False
        self._steps = 0

    def begin(self) -> None:
        self._reset()
        self._on_begin()

    def hear(self, piece: str) -> None:
        if self._length + len(piece) > CHARS_MAX:
            return
        for character in piece:
            self._text.append(character)
            self._take(character)
            self._length += 1

    def _take(self, character: str) -> None:
        if self._in_string:
            if self._escaped:
                self._escaped = False
            elif character == "\\":
                self._escaped = True
            elif character == '"':
                self._in_string = False
        elif character == '"':
            self._in_string = True
        elif character == "{":
            self._open.append(self._length)
            self._steps += len(self._open) == 2
        elif character == "}" and self._open:
            start = self._open.pop()
            if len(self._open) == 2:
                self._close("".join(self._text[start:]), "".join(self._text[self._open[-1] : start]))

    def _close(self, text: str, before: str) -> None:
        """An object inside a step is closed; `before` is the step's own beginning."""
        section = _SECTION.search(before)
        try:
            raw = json.loads(text)
            sentence = DraftSentence(str(raw["text"]), int(raw["passage"]), str(raw["quote"]))
        except (ValueError, KeyError, TypeError):
            return  # another object than a sentence
        if section is not None:
            self._on_sentence(HeardSentence(self._steps, Section(section[1]), sentence))
