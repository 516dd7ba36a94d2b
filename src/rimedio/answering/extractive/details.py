"""Reads out of a step's own words its danger, its time, its tools and its parts."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import cast

from rimedio.domain.answer import Severity
from rimedio.domain.knowledge import Chunk

_MINUTES_MAX = 60 * 24
_SEVERITIES = (Severity.DANGER, Severity.WARNING, Severity.CAUTION)
_TORQUE = re.compile(r"\d+(?:[.,]\d+)?\s?N\s?[·⋅.]?\s?m\b")
# A duration counts only beside a word of waiting or taking: "goes off after 5 minutes" is a symptom.
_DURATION_CUE = (
    r"attend\w+|aspett\w+|lasci\w+|tempo(?: \w+)?|durata|richied\w+|impieg\w+|occorr\w+|pausa di|per almeno"
    r"|wait\w*|allow\w*|leave|let|takes?|requires?|time(?: \w+)?|duration|for at least|pause (?:of|for)"
)
_AMOUNT_WORDS = (
    r"(?<![\w.,])(?:\d+(?:[.,]\d+)?\s?[-–a]\s?)?(?P<n>\d+(?:[.,]\d+)?)\s?"
    r"(?P<unit>min(?:ut[oies]+)?|or[ae]|h(?:ours?|rs?)?|second[ois]+|sec|s)\b"
)
_AMOUNT = re.compile(_AMOUNT_WORDS, re.IGNORECASE)
_DURATION = re.compile(rf"(?:{_DURATION_CUE})\b[^.;\n]{{0,40}}?{_AMOUNT_WORDS}", re.IGNORECASE)
_PART_CUE = re.compile(
    r"(?:codice(?: (?:ricambio|articolo|parte))?|cod\.|ricambio|art\.|articolo|p/n|pn|part (?:number"
    r"|no\.?)|sku|kit|ref\.?)"
    r"\s*[:#n°.]*\s*\(?(?P<part>[A-Z0-9][A-Z0-9]*(?:[-./][A-Z0-9]+)+|[A-Z]{1,4}\d{4,})",
    re.IGNORECASE,
)
_PART_SHAPE = re.compile(r"(?<![\w./-])[A-Z]{1,6}\d{0,4}(?:-[A-Z0-9]{1,8}){2,4}(?![\w-])")


@lru_cache(maxsize=1)
def _words() -> Mapping[str, object]:
    text = (files("rimedio.answering.extractive") / "words.json").read_text("utf-8")
    return cast("Mapping[str, object]", json.loads(text))


@lru_cache(maxsize=8)
def _tool_pattern(language: str) -> re.Pattern[str]:
    tools = cast("Mapping[str, Sequence[str]]", _words()["tools"])
    names = sorted({*tools.get(language, ()), *(tools["en"] if language not in tools else ())}, key=len)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, reversed(names)))})s?(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=1)
def _severity_patterns() -> tuple[tuple[Severity, re.Pattern[str]], ...]:
    words = cast("Mapping[str, Sequence[str]]", _words()["severity"])
    return tuple(
        (s, re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words[s.value]))})(?!\w)", re.IGNORECASE))
        for s in _SEVERITIES
    )


def severity_of(text: str) -> Severity:
    """The gravest warning word in `text`; INFO when there is none."""
    return next((s for s, pattern in _severity_patterns() if pattern.search(text)), Severity.INFO)


def minutes_of(text: str) -> int | None:
    """Minutes that `text` says its work or its waiting takes, summed; None when it does not say."""
    return _summed(_DURATION.finditer(text))


def stated_minutes(text: str) -> int | None:
    """Minutes under a title such as "Time": "45 min", "1,5 ore", or a bare number of minutes."""
    bare = re.search(r"(?<![\w.,])(\d{1,4})\s*$", text.strip())
    return _summed(_AMOUNT.finditer(text)) or (int(bare[1]) if bare else None)


def _summed(matches: Iterable[re.Match[str]]) -> int | None:
    total = 0.0
    for match in matches:
        amount = float(match["n"].replace(",", "."))
        unit = match["unit"].lower()
        if unit.startswith("s"):
            amount /= 60
        elif unit[0] in "oh":
            amount *= 60
        total += amount
    return max(1, round(total)) if 0 < total <= _MINUTES_MAX else None


def tools_of(text: str, language: str) -> tuple[str, ...]:
    """Tools named in `text`, in order; a torque value asks for a torque wrench."""
    found = [m[0].lower() for m in _tool_pattern(language).finditer(text)]
    torque = cast("Mapping[str, str]", _words()["torque_tool"])
    if _TORQUE.search(text) and not any(map(is_torque_tool, found)):
        found.append(torque.get(language, torque["en"]))
    return tuple(dict.fromkeys(found))


def is_torque_tool(tool: str) -> bool:
    """Whether a tool tightens to a torque."""
    return "torque" in tool or "dinamometric" in tool


def parts_of(text: str, chunks: Iterable[Chunk]) -> tuple[str, ...]:
    """Part numbers in `text`: those the chunks carry, those shaped as "XC2-FAN-02", what "P/N" introduces."""
    known = dict.fromkeys(p for c in chunks for p in c.part_numbers)
    found = {
        m.start("part"): m["part"] for m in _PART_CUE.finditer(text) if any(x.isdigit() for x in m["part"])
    }
    found |= {m.start(): m[0] for m in _PART_SHAPE.finditer(text) if any(c.isdigit() for c in m[0])}
    for part in known:
        at = re.search(rf"(?<![\w-]){re.escape(part)}(?![\w-])", text)
        if at:
            found[at.start()] = part
    return tuple(dict.fromkeys(found[at] for at in sorted(found)))
