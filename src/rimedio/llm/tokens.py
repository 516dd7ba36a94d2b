"""Counts tokens without asking anybody, on the safe side."""

import math
import re
from pathlib import Path
from typing import Protocol

_MARGIN = (
    1.2  # WordPiece and Unigram counts against chat models' own: 1.2 times them is never too few in our texts
)
_CACHE_MAX = 4096
_PIECES = re.compile(r"[^\W\d_]{1,4}|\d{1,3}|[^\w\s]|_")


class TokenCounter(Protocol):
    """Says how many tokens a text takes at most."""

    def count(self, text: str) -> int:
        """Tokens of `text`, rather too many than too few."""
        ...


class CharacterTokenCounter:
    """Counts without a tokenizer: four letters, three digits or one sign are one token."""

    def count(self, text: str) -> int:
        """Tokens of `text`, rather too many than too few."""
        return sum(1 for _ in _PIECES.finditer(text))


class TokenizerTokenCounter:
    """Counts with a `tokenizer.json`, loaded on first use, times a safety margin.

    Without the file, or when it cannot be read, it counts characters.
    """

    def __init__(self, tokenizer_file: Path, margin: float = _MARGIN) -> None:
        self._file = tokenizer_file
        self._margin = margin
        self._tokenizer: _Tokenizer | None = None
        self._fallback: CharacterTokenCounter | None = None
        self._counted: dict[str, int] = {}

    def count(self, text: str) -> int:
        """Tokens of `text`, rather too many than too few."""
        found = self._counted.get(text)
        if found is None:
            if len(self._counted) >= _CACHE_MAX:
                self._counted.clear()
            found = self._counted[text] = self._count(text)
        return found

    def _count(self, text: str) -> int:
        if self._tokenizer is None and self._fallback is None:
            self._load()
        if self._tokenizer is None:
            return CharacterTokenCounter().count(text)
        return math.ceil(len(self._tokenizer.encode(text, add_special_tokens=False).ids) * self._margin)

    def _load(self) -> None:
        try:
            from tokenizers import Tokenizer

            tokenizer = Tokenizer.from_file(str(self._file))
        except Exception:  # tokenizers raises bare Exception for a file that is missing or broken
            self._fallback = CharacterTokenCounter()
            return
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer


class _Encoding(Protocol):
    @property
    def ids(self) -> list[int]: ...


class _Tokenizer(Protocol):
    def encode(self, sequence: str, *, add_special_tokens: bool) -> _Encoding: ...
