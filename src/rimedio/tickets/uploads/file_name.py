"""The name of a file that somebody sent, made safe to show and to save under."""

import re
import unicodedata
from pathlib import PurePosixPath

NAME_CHARS_MAX = 120
ENDING_CHARS_MAX = 10
# Control characters, and those that turn the reading direction: "gpj.exe" must not read "exe.jpg".
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_UNSAFE = re.compile(r'[<>:"|?*]')
_ENDING = re.compile(r"\.[a-z0-9]{1,10}")
FALLBACK = "file"


def safe_name(name: str) -> str:
    """The last part of a path, without anything hidden; "file" where nothing is left."""
    plain = unicodedata.normalize("NFC", name.encode(errors="ignore").decode())
    plain = _HIDDEN.sub("", plain).replace("\\", "/").rsplit("/", 1)[-1]
    plain = _UNSAFE.sub("_", plain).strip().strip(".").strip()
    stem, dot, ending = plain.rpartition(".")
    if dot and stem and len(ending) <= ENDING_CHARS_MAX:
        return f"{stem[: NAME_CHARS_MAX - len(ending) - 1]}.{ending}"
    return plain[:NAME_CHARS_MAX] or FALLBACK


def ending_of(name: str) -> str:
    """The ending in lower case with its dot, or nothing: what may stand in an object's name."""
    ending = PurePosixPath(name).suffix.lower()
    return ending if _ENDING.fullmatch(ending) else ""
