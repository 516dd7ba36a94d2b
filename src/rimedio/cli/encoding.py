"""Output that every terminal and pipe takes: where the encoding lacks a character, the nearest plain one stands."""

import codecs
import io
import os
import sys
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

PLAIN = "rimedio.plain"
SIGNS: Mapping[str, str] = MappingProxyType(
    {
        "…": "...", "–": "-", "—": "-", "−": "-", "“": '"', "”": '"', "’": "'", "‘": "'", "·": "-", "•": "*",
        "●": "*", "›": ">", "→": "->", "▸": ">", "✓": "v", "✗": "x", "⚠": "!", "↻": "~", "↷": "^", "◷": "o",
        "⊘": "/", "°": "deg ", "─": "-", "×": "x", "≥": ">=", "≤": "<=", "€": "EUR",
    }
)  # fmt: skip


def plain(error: UnicodeError) -> tuple[str, int]:
    """What stands for the characters that `error` is about: `e` for `è`, `?` where nothing is near."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(map(_nearest, lacking)), error.end


def _nearest(character: str) -> str:
    if character in SIGNS:
        return SIGNS[character]
    bare = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return bare or "?"


def write_anywhere() -> None:
    """Let standard output and standard error write any text, whatever their encoding (`LC_ALL=C`, a code page)."""
    codecs.register_error(PLAIN, plain)
    # Python has no stream for a descriptor that was closed before it began (`rimedio … >&-`).
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=PLAIN)


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")
