"""A reply in pieces, as a model would stream it."""

import hashlib
import re
from collections.abc import Iterator

_WORDS = re.compile(r"\S+\s*|\s+")
_WORDS_A_PIECE = 3


def pieces_of(text: str) -> Iterator[str]:
    """The text a few words at a time; joined they are the text."""
    words = _WORDS.findall(text)
    for start in range(0, len(words), _WORDS_A_PIECE):
        yield "".join(words[start : start + _WORDS_A_PIECE])


def tool_use_id(text: str) -> str:
    """An id of a tool use: the same input, the same id, so that a repeated call can be compared."""
    return f"tooluse_{hashlib.sha256(text.encode()).hexdigest()[:22]}"
