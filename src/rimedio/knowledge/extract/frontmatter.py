"""Front matter: the block of fields between two `---` lines at the head of a text file."""

import re
from collections.abc import Mapping

FENCE = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
FIELD = re.compile(r"^[\w .-]+:", re.MULTILINE)
LINE = re.compile(r"^([\w .-]+?)[ \t]*:[ \t]*['\"]?(.*?)['\"]?[ \t]*$", re.MULTILINE)
CHARS_MAX = 20_000
MERGE = "<<"


def split_front_matter(text: str) -> tuple[Mapping[str, str], str]:
    """(fields, rest). Field names are lower case, lists are joined by ", "; what is no mapping stays text."""
    found = FENCE.match(text)
    if not found or len(found.group(1)) > CHARS_MAX or not FIELD.search(found.group(1)):
        return {}, text
    from rimedio.knowledge.extract.records import load_yaml

    try:
        if MERGE in found.group(1):  # PyYAML writes merges of merges out, however many they become
            raise ValueError(MERGE)
        fields = load_yaml(found.group(1))
    except ValueError:  # people forget to quote colons: what reads as "name: value" still counts
        fields = dict(LINE.findall(found.group(1)))
    if not isinstance(fields, dict):
        return {}, text
    return {str(k).strip().lower(): _flat(v) for k, v in fields.items() if v is not None}, text[found.end() :]


def _flat(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(v) for v in value)
    return str(value).strip()
