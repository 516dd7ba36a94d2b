"""The words before a number say what it is: the nearest cue wins."""

import re
from dataclasses import dataclass

WINDOW_CHARS = 60

_WORD = re.compile(r"[^\W\d_]+(?:[/.-][^\W\d_]+)*")


@dataclass(frozen=True)
class Cues:
    """Words, or pairs of words, that say yes or no; `prefixes` say yes to every word that they begin."""

    yes: frozenset[str]
    no: frozenset[str]
    prefixes: tuple[str, ...] = ("\0",)

    def nearest(self, text: str, start: int) -> bool | None:
        """Whether the last cue before `start` is a yes; None when there is none within the window."""
        begin = max(0, start - WINDOW_CHARS)
        words = _WORD.findall(text[begin:start].lower())
        if begin and words and text[begin - 1].isalpha():
            words = words[1:]  # cut in half: it would be read as another word
        for index in range(len(words) - 1, -1, -1):
            word = words[index]
            pair = f"{words[index - 1]} {word}" if index else ""
            if pair in self.no:
                return False
            if word in self.yes or pair in self.yes or word.startswith(self.prefixes):
                return True
            if word in self.no or pair in self.no:
                return False
        return None
