"""JSONata's functions of strings that the library has otherwise than the reference implementation."""

import base64
import binascii
import itertools
import math
import re
import urllib.parse
from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import Any

from jsonata.functions import Functions
from jsonata.utils import Utils

from rimedio.asl.expressions.jsonata import numbers
from rimedio.asl.expressions.jsonata.evaluator import Evaluation
from rimedio.asl.expressions.jsonata.faults import OUT_OF_MEMORY, Exceeded, Failed
from rimedio.asl.expressions.jsonata.natives import is_function, native

_KEPT_BY_DECODE_URL = ";/?:@&=+$,#"


@native("string", "<x-b?:s>")
def _string(_: Evaluation, value: Any, prettify: Any = None) -> Any:
    if isinstance(value, str):
        return value
    if is_function(value):
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        raise Failed("D3001")
    return _json_text(value, 2 if prettify is True else 0)


def _json_text(value: Any, indent: int, level: int = 1) -> str:
    """JSON as JavaScript writes it."""
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        space = " " if indent else ""
        members = [
            f"{encode_basestring(key)}:{space}{_json_text(member, indent, level + 1)}"
            for key, member in value.items()
        ]
        return _enclosed("{", members, "}", indent, level)
    if isinstance(value, list):
        return _enclosed("[", [_json_text(member, indent, level + 1) for member in value], "]", indent, level)
    return _spelled(value)


def _enclosed(opening: str, members: list[str], closing: str, indent: int, level: int) -> str:
    if not indent or not members:
        return f"{opening}{','.join(members)}{closing}"
    line = "\n" + " " * indent * level
    return f"{opening}{line}{f',{line}'.join(members)}{line[:-indent]}{closing}"


def _spelled(value: Any) -> str:
    if value is None or value is Utils.NULL_VALUE:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            raise Failed("D1001", Utils.NULL_VALUE)
        return (
            str(value) if isinstance(value, int) and abs(value) < 2**63 else numbers.number_text(float(value))
        )
    return '""'


@native("substring", "<s-nn?:s>")
def _substring(_: Evaluation, text: Any, start: Any, length: Any) -> Any:
    if start is None:
        return text if length is None else ""
    begin = max(0, len(text) + start) if start < 0 else start
    if length is None:
        return text[int(begin) :]
    return text[int(begin) : int(begin + length)] if length > 0 else ""


@native("lowercase", "<s-:s>")
def _lowercase(_: Evaluation, text: Any) -> Any:
    return text.lower()


@native("pad", "<s-ns?:s>")
def _pad(evaluation: Evaluation, text: Any, width: Any, char: Any) -> Any:
    if isinstance(width, (int, float)) and abs(width) > 10**7:
        raise Exceeded(OUT_OF_MEMORY)
    return evaluation.bounded(Functions.pad(text, width, char))


@native("contains", "<s-(sf):b>")
def _contains(_: Evaluation, text: Any, token: Any) -> Any:
    return token in text if isinstance(token, str) else next(_matches(token, text), None) is not None


def _matches(pattern: Any, text: str) -> Iterator[re.Match[str]]:
    if not Functions.is_regex(pattern):
        raise Failed("T1010")
    for found in pattern.finditer(text):
        if not found[0]:
            raise Failed("D1004")
        yield found


def _some(found: Iterator[Any], limit: Any) -> Iterator[Any]:
    return found if limit is None else itertools.islice(found, math.ceil(limit))


@native("match", "<s-f<s:o>n?:a<o>>")
def _match(_: Evaluation, text: Any, pattern: Any, limit: Any) -> Any:
    if limit is not None and limit < 0:
        raise Failed("D3040", limit)
    found = _some(_matches(pattern, text), limit)
    rows = ({"match": m[0], "index": m.start(), "groups": list(m.groups())} for m in found)
    return Utils.create_sequence_from_iter(rows)


@native("split", "<s-(sf)n?:a<s>>")
def _split(_: Evaluation, text: Any, separator: Any, limit: Any) -> Any:
    if limit is not None and limit < 0:
        raise Failed("D3020", limit)
    if isinstance(separator, str):
        parts = text.split(separator) if separator else list(text)
        return parts if limit is None else parts[: int(limit)]
    parts, at = [], 0
    for found in _some(_matches(separator, text), limit):
        parts.append(text[at : found.start()])
        at = found.end()
    return [*parts, text[at:]] if limit is None or len(parts) < limit else parts


@native("replace", "<s-(sf)(sf)n?:s>")
def _replace(evaluation: Evaluation, text: Any, pattern: Any, replacement: Any, limit: Any) -> Any:
    if pattern == "":
        raise Failed("D3010")
    if limit is not None and limit < 0:
        raise Failed("D3011")
    if isinstance(pattern, str):
        if not isinstance(replacement, str):
            raise Failed("D3012")
        return evaluation.bounded(
            text.replace(pattern, replacement, -1 if limit is None else math.ceil(limit))
        )
    parts, at = [], 0
    for found in _some(_matches(pattern, text), limit):
        parts += [text[at : found.start()], _replacing(evaluation, replacement, found)]
        at = found.end()
    return evaluation.bounded("".join([*parts, text[at:]]))


def _replacing(evaluation: Evaluation, replacement: Any, found: re.Match[str]) -> str:
    if isinstance(replacement, str):
        return re.sub(r"\$(\$|\d+)?", lambda reference: _referred(reference[1], found), replacement)
    start, end, groups = found.start(), found.end(), list(found.groups())
    result = evaluation.call(replacement, {"match": found[0], "start": start, "end": end, "groups": groups})
    if not isinstance(result, str):
        raise Failed("D3012")
    return result


def _referred(reference: str | None, found: re.Match[str]) -> str:
    """What stands for `$$`, `$0`, `$12` in a replacement: a group that is not there is nothing."""
    if reference is None or reference == "$":
        return "$"
    if reference[0] == "0":
        return found[0] + reference[1:]
    groups = found.groups()
    width = len(str(len(groups)))
    if width > 1 and int(reference[:width]) > len(groups):
        width -= 1
    number = int(reference[:width])
    return (groups[number - 1] or "" if number <= len(groups) else "") + reference[width:]


@native("join", "<a<s>s?:s>")
def _join(evaluation: Evaluation, texts: Any, separator: Any) -> Any:
    return None if texts is None else evaluation.bounded((separator or "").join(texts))


@native("base64decode", "<s-:s>")
def _base64decode(_: Evaluation, text: Any) -> Any:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"The text is not Base64: {error}.") from error


@native("decodeUrl", "<s-:s>")
def _decode_url(_: Evaluation, text: Any) -> Any:
    return _decoded(text, _KEPT_BY_DECODE_URL, "decodeUrl")


@native("decodeUrlComponent", "<s-:s>")
def _decode_url_component(_: Evaluation, text: Any) -> Any:
    return _decoded(text, "", "decodeUrlComponent")


def _decoded(text: str, kept: str, name: str) -> str:
    def run(found: re.Match[str]) -> str:
        decoded = bytes.fromhex(found[0].replace("%", "")).decode()
        return "".join(urllib.parse.quote(c, safe="") if c in kept else c for c in decoded)

    try:
        if re.search(r"%(?![0-9A-Fa-f]{2})", text):
            raise ValueError(text)
        return re.sub(r"(?:%[0-9A-Fa-f]{2})+", run, text)
    except ValueError as error:
        raise Failed("D3140", name, text) from error
