"""JSONata's functions of numbers, arrays, objects and time that the library has otherwise; those of Step Functions."""

import hashlib
import json
import math
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cmp_to_key, reduce
from typing import Any

from jsonata.functions import Functions
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

from rimedio.asl.clock import iso, new_uuid
from rimedio.asl.expressions.java import random_double
from rimedio.asl.expressions.jsonata import numbers
from rimedio.asl.expressions.jsonata.evaluator import Evaluation
from rimedio.asl.expressions.jsonata.faults import OUT_OF_MEMORY, Exceeded, Failed
from rimedio.asl.expressions.jsonata.natives import Native, is_function, native, whole
from rimedio.asl.expressions.jsonata.values import with_null

RANGE_MAX = 360_145

_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_ISO_DATE = re.compile(
    r"(\d{4})(?:-([01]\d))?(?:-([0-3]\d))?(?:T[0-2]\d:[0-5]\d:[0-5]\d)?(\.\d+)?([+-][0-2]\d:?[0-5]\d|Z)?"
)
_LARGE_UNITS = (
    ("YX", "%Y", "[Y0001]"),
    ("MdWwx", "%m", "[M01]"),
    ("DFWw", "%d", "[D01]"),
    ("HhP", "%H", "[H01]"),
    ("m", "%M", "[m01]"),
)


# -- numbers


@native("number", "<(nsb)-:n>")
def _number(_: Evaluation, value: Any) -> Any:
    return numbers.read_number(value)


@native("sum", "<a<n>:n>")
def _sum(_: Evaluation, values: Any) -> Any:
    return reduce(lambda total, value: total + value, values, 0)


@native("average", "<a<n>:n>")
def _average(_: Evaluation, values: Any) -> Any:
    return _sum(_, values) / len(values) if values else None


@native("round", "<n-n?:n>")
def _round(_: Evaluation, value: Any, digits: Any) -> Any:
    return float(numbers.rounded(value, int(digits or 0)))


@native("power", "<n-n:n>")
def _power(_: Evaluation, base: Any, exponent: Any) -> Any:
    if exponent is None:
        return None
    try:
        return math.pow(base, exponent)
    except (OverflowError, ValueError) as error:
        raise Failed("D3061", base, exponent) from error


@native("formatNumber", "<n-so?:s>")
def _format_number(_: Evaluation, value: Any, picture: Any, options: Any) -> Any:
    return numbers.format_number(value, picture, options)


@native("formatBase", "<n-n?:s>")
def _format_base(_: Evaluation, value: Any, radix: Any) -> Any:
    base = int(10 if radix is None else radix)
    if not 2 <= base <= 36:
        raise Failed("D3100", base)
    return Functions.format_base(value, base)


@native("formatInteger", "<n-s:s>")
def _format_integer(_: Evaluation, value: Any, picture: Any) -> Any:
    return Functions.format_integer(math.floor(value), picture)


@native("parseInteger", "<s-s:n>")
def _parse_integer(_: Evaluation, text: Any, picture: Any) -> Any:
    try:
        return Functions.parse_integer(text, picture)
    except (ValueError, KeyError):
        return math.nan


# -- arrays and objects


@native("sort", "<af?:a>")
def _sort(evaluation: Evaluation, values: Any, after: Any) -> Any:
    if len(values) < 2:
        return values
    if after is not None:
        return sorted(
            values, key=cmp_to_key(lambda a, b: -1 if _truth(evaluation.call(after, b, a, limit=2)) else 0)
        )
    kinds = {"s" if isinstance(v, str) else "n" if _is_number(v) else "?" for v in values}
    if len(kinds) > 1 or "?" in kinds:
        raise Failed("D3070")
    return sorted(values)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _truth(value: Any) -> bool:
    return bool(Jsonata.boolize(value))


@native("distinct", "<x:x>")
def _distinct(_: Evaluation, values: Any) -> Any:
    if not isinstance(values, list) or len(values) <= 1:
        return values
    kept: list[Any] = []
    for value in values:
        if not any(Utils.is_deep_equal(value, other) for other in kept):
            kept.append(value)
    return Utils.create_sequence_from_iter(kept) if Utils.is_sequence(values) else kept


@native("map", "<af>")
def _map(evaluation: Evaluation, values: Any, function: Any) -> Any:
    return _gathered(evaluation.call(function, v, i, values) for i, v in enumerate(values))


@native("filter", "<af>")
def _filter(evaluation: Evaluation, values: Any, function: Any) -> Any:
    kept = (v for i, v in enumerate(values) if _truth(evaluation.call(function, v, i, values)))
    return Utils.create_sequence_from_iter(kept)


def _gathered(results: Iterator[Any]) -> Any:
    return Utils.create_sequence_from_iter(result for result in results if result is not None)


@native("single", "<af?>")
def _single(evaluation: Evaluation, values: Any, function: Any) -> Any:
    found = [
        v for i, v in enumerate(values) if function is None or _truth(evaluation.call(function, v, i, values))
    ]
    if len(found) != 1:
        raise Failed("D3138" if found else "D3139")
    return found[0]


@native("reduce", "<afj?:j>")
def _reduce(evaluation: Evaluation, values: Any, function: Any, first: Any) -> Any:
    if (function.arity if isinstance(function, Native) else len(function.arguments)) < 2:
        raise Failed("D3050")
    begin = 0 if first is not None or not values else 1
    result = values[0] if begin else first
    for index in range(begin, len(values)):
        result = evaluation.call(function, result, values[index], index, values)
    return result


@native("sift", "<o-f?:o>")
def _sift(evaluation: Evaluation, given: Any, function: Any) -> Any:
    return {k: v for k, v in given.items() if _truth(evaluation.call(function, v, k, given))} or None


@native("each", "<o-f:a>")
def _each(evaluation: Evaluation, given: Any, function: Any) -> Any:
    return _gathered(evaluation.call(function, v, k, given) for k, v in given.items())


@native("shuffle", "<a:a>")
def _shuffle(evaluation: Evaluation, values: Any) -> Any:
    mixed = list(values)
    for last in range(len(mixed) - 1, 0, -1):
        other = int(evaluation.services.randomness.random() * (last + 1))
        mixed[last], mixed[other] = mixed[other], mixed[last]
    return mixed


@native("type", "<x:s>")
def _type(_: Evaluation, value: Any) -> Any:
    return "function" if is_function(value) else Functions.type(value)


# -- time


@native("now", "<s?s?:s>")
def _now(evaluation: Evaluation, picture: Any = None, zone: Any = None) -> Any:
    if picture is None and zone is None:
        return iso(evaluation.now)
    return _from_millis(evaluation, _millis(evaluation), picture, zone)


@native("millis", "<:n>")
def _millis(evaluation: Evaluation) -> int:
    return int(evaluation.now.timestamp() * 1000)


@native("fromMillis", "<n-s?s?:s>")
def _from_millis(_: Evaluation, millis: Any, picture: Any, zone: Any) -> Any:
    if picture is not None:  # the library cannot read how short a name may be, which changes nothing
        picture = re.sub(r"(\[[^\],]*[Nn]),\d+\]", r"\1]", picture)
    return Functions.datetime_from_millis(math.floor(millis), picture, zone)


@native("toMillis", "<s-s?:n>")
def _to_millis(evaluation: Evaluation, text: Any, picture: Any) -> Any:
    if picture is not None:
        return Functions.datetime_to_millis(*_dated(evaluation.now, text, picture))
    found = _ISO_DATE.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        return Functions.datetime_to_millis(text if found[3] or not found[2] else f"{text}-01", None)
    except ValueError as error:
        raise Failed("D3110", text) from error


def _dated(now: datetime, text: str, picture: str) -> tuple[str, str]:
    """Text and picture with what is larger than all that they tell; the library would ask a clock of its own."""
    for letters, directive, component in _LARGE_UNITS:
        if re.search(rf"\[\s*[{letters}]", picture):
            break
        text, picture = f"{now.strftime(directive)} {text}", f"{component} {picture}"
    return text, picture


# -- Step Functions' own


@native("partition", "<xn?:a>")
def _partition(_: Evaluation, values: Any, size: Any) -> Any:
    if values is Utils.NULL_VALUE:
        raise Failed("T0412", 1, "partition", "arrays")
    items = values if isinstance(values, list) else [values]
    step = len(items) if size is None else int(size)
    if step < 0:
        raise Failed("D3137", "Second argument must be zero or greater")
    return [items[start : start + step] for start in range(0, len(items), step)] if items and step else None


@native("range", "<nnn?:a>")
def _range(_: Evaluation, start: Any, end: Any, step: Any) -> Any:
    if end is None or step is None or not int(step):
        return None
    by = int(step)
    values = range(int(start), int(end) + (1 if by > 0 else -1), by)
    if len(values) > RANGE_MAX:
        raise Exceeded(OUT_OF_MEMORY)
    return Utils.create_sequence_from_iter(values)


@native("hash", "<ss?:s>")
def _hash(_: Evaluation, text: Any, algorithm: Any) -> Any:
    if algorithm is None:
        return None
    if algorithm not in _HASHES:
        raise Failed("D3137", f"Unsupported hash algorithm: {algorithm}")
    return hashlib.new(_HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()


@native("random", "<n?:n>")
def _random(evaluation: Evaluation, seed: Any = None) -> Any:
    return evaluation.services.randomness.random() if seed is None else random_double(int(seed))


@native("uuid", "<:s>")
def _uuid(evaluation: Evaluation) -> str:
    return new_uuid(evaluation.services.randomness)


@native("parse", "<s?:x>")
def _parse(_: Evaluation, text: Any) -> Any:
    try:
        return with_null(
            json.loads(
                text,
                object_pairs_hook=_without_repeats,
                parse_int=_read,
                parse_float=_read,
                parse_constant=_refuse,
            )
        )
    except (ValueError, RecursionError) as error:
        raise Failed("D3137", "Invalid JSON") from error


def _read(text: str) -> float:
    """A number: exact where a Java long is, otherwise a double, without a fraction that is nothing."""
    if text.lstrip("-").isdigit() and -(2**63) <= int(text) < 2**63:
        return int(text)
    number = float(text)
    return whole(number) if math.isfinite(number) else _refuse(text)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        _refuse("A repeated key")
    return members


def _refuse(what: str) -> Any:
    raise ValueError(f"{what} is no JSON.")
