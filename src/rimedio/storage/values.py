"""What an item may hold, the same in both homes: checked, made canonical, measured and compared.

The rules are DynamoDB's, narrowed to what SQLite holds as faithfully:

- `None`, `bool`, `str` (UTF-8), `bytes`, lists and string-keyed maps, at most 32 levels deep.
- Integers of 64 bits. Finite floats up to 9.99e125; closer to zero than 1e-130 is zero. A whole float of less
  than 64 bits comes back as an integer, because DynamoDB keeps numbers as decimals and knows no difference.
- Sizes are counted as DynamoDB counts them (developer guide, "DynamoDB item sizes and formats").
"""

import math
from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from typing import TypeAlias

from rimedio.domain.errors import InvalidInput

Value: TypeAlias = "bool | int | float | str | bytes | Sequence[Value] | Mapping[str, Value] | None"
Item: TypeAlias = Mapping[str, Value]
Number: TypeAlias = int | float

ITEM_BYTES_MAX = 400 * 1024
DEPTH_MAX = 32
INTEGER_MAX = 2**63 - 1
FLOAT_MAX = 9.99e125
FLOAT_MIN = 1e-130
NAME_BYTES_MAX = 65_535
BYTES_MARK = "\u0000bytes"  # how SQLite's JSON says "these are bytes"; no attribute may be called so

_DECIMAL = Context(prec=38)


def canonical(value: Value, where: str = "value") -> Value:
    """The value as it will be read back. Raises InvalidInput naming `where` when it cannot be stored."""
    return _canonical(value, where, 1)[0]


def canonical_item(item: Item) -> tuple[dict[str, Value], int]:
    """The item as it will be read back, and its size in bytes. Raises InvalidInput, also above 400 KB."""
    plain: dict[str, Value] = {}
    size = 0
    for name, value in item.items():
        size += _name_size(name, "the item")
        plain[name], value_size = _canonical(value, name, 1)
        size += value_size
    if size > ITEM_BYTES_MAX:
        msg = (
            f"The item {plain.get('pk')!r} / {plain.get('sk')!r} has {size} bytes, more than the "
            f"{ITEM_BYTES_MAX} that one item may have. Put large texts and files into the object store and "
            "keep their name here."
        )
        raise InvalidInput(msg)
    return plain, size


def _canonical(value: Value, where: str, depth: int) -> tuple[Value, int]:
    if isinstance(value, str):
        return str(value), utf8_size(value, where)
    if value is None or isinstance(value, bool):
        return value, 1
    if isinstance(value, int | float):
        number = canonical_number(value, where)
        return number, len(repr(number)) // 2 + 2
    if isinstance(value, bytes):
        return value, len(value)
    if depth >= DEPTH_MAX:
        raise InvalidInput(
            f"The attribute {where} is nested deeper than {DEPTH_MAX} levels. Store it flatter."
        )
    return _canonical_container(value, where, depth)


def _canonical_container(
    value: Sequence[Value] | Mapping[str, Value], where: str, depth: int
) -> tuple[Value, int]:
    size = 3
    if isinstance(value, Mapping):
        plain: dict[str, Value] = {}
        for name, inner in value.items():
            size += _name_size(name, where) + 1
            plain[name], inner_size = _canonical(inner, where, depth + 1)
            size += inner_size
        return plain, size
    if not isinstance(value, list | tuple):
        msg = (
            f"The attribute {where} is a {type(value).__name__}, which an item cannot hold. "
            "Turn it into text, a number, bytes, a list or a map first."
        )
        raise InvalidInput(msg)
    several: list[Value] = []
    for inner in value:
        kept, inner_size = _canonical(inner, where, depth + 1)
        several.append(kept)
        size += inner_size + 1
    return several, size


def canonical_number(value: Number, where: str) -> Number:
    """A number as both homes keep it: whole floats become integers. Raises InvalidInput out of range."""
    if isinstance(value, float):
        if value.is_integer() and abs(value) <= INTEGER_MAX:
            return int(value)
        if not math.isfinite(value) or abs(value) > FLOAT_MAX:
            raise InvalidInput(f"The attribute {where} is {value!r}; numbers must be finite, up to 9.99e125.")
        return float(value) if abs(value) >= FLOAT_MIN else 0
    if not -INTEGER_MAX - 1 <= value <= INTEGER_MAX:
        raise InvalidInput(
            f"The attribute {where} is {value}; integers have at most 64 bits. Store it as text."
        )
    return int(value)


def added(old: Value, step: Number, where: str) -> Number:
    """`old` plus `step` in decimal arithmetic of 38 digits, as DynamoDB's ADD does. A missing number is 0."""
    if old is None or isinstance(old, bool) or not isinstance(old, int | float):
        raise InvalidInput(f"The attribute {where} holds {old!r}, no number, so nothing can be added to it.")
    if isinstance(old, int) and isinstance(step, int):
        return canonical_number(old + step, where)
    total = _DECIMAL.add(Decimal(repr(old)), Decimal(repr(step)))
    whole = total == total.to_integral_value()
    return canonical_number(int(total) if whole and abs(total) <= INTEGER_MAX else float(total), where)


def same(left: Value, right: Value) -> bool:
    """Equality with types: 1 equals 1.0, but never True."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    return left == right


def order(left: Value, right: Value) -> int | None:
    """-1, 0 or 1 for two texts (UTF-8 order), two numbers or two byte strings; None for anything else."""
    if isinstance(left, bool) or isinstance(right, bool):
        return None
    if isinstance(left, int | float) and isinstance(right, int | float):
        return (left > right) - (left < right)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if isinstance(left, bytes) and isinstance(right, bytes):
        return (left > right) - (left < right)
    return None


def _name_size(name: str, where: str) -> int:
    if not isinstance(name, str) or not name:
        raise InvalidInput(f"{name!r} in {where} is no attribute name; use a non-empty text.")
    size = utf8_size(name, where)
    if size > NAME_BYTES_MAX or name == BYTES_MARK:
        raise InvalidInput(f"The attribute name {name[:40]!r} in {where} cannot be used. Choose another.")
    return size


def utf8_size(text: str, where: str) -> int:
    """Bytes of the text in UTF-8. Raises InvalidInput naming `where` when it holds half a surrogate pair."""
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        msg = f"The attribute {where} holds text that is not valid Unicode ({error.reason}). Clean it first."
        raise InvalidInput(msg) from error
