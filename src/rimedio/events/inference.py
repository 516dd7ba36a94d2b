"""Infers the JSON Schema of events that were seen, and says what a new shape changes.

Schemas are JSON Schema Draft 4, one of the two forms that EventBridge's schema registry keeps. A schema only
widens: it always accepts every event it was made from. Widening is compatible for whoever reads events as long
as what they rely on stays: a new property is; a property that may now be missing, or be of another type, is not.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rimedio.domain.codec import Json

Schema = dict[str, Json]

DRAFT = "http://json-schema.org/draft-04/schema#"
DEPTH_MAX = 20
PROPERTIES_MAX = 500  # of one object; further ones are accepted, not described
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
_KINDS: Mapping[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    dict: "object",
    list: "array",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a new shape changes; `breaking` when readers may rely on what it was."""

    path: str
    text: str
    breaking: bool


def infer(value: Json, depth: int = 0) -> Schema:
    """The schema of one value. An empty list leaves open what its items are."""
    kind = _KINDS[type(value)]
    if depth >= DEPTH_MAX:
        return {}
    if isinstance(value, dict):
        properties: Schema = {
            name: infer(inner, depth + 1) for name, inner in sorted(value.items())[:PROPERTIES_MAX]
        }
        return {"type": kind, "properties": properties, "required": list(properties)}
    if isinstance(value, list):
        items: Schema | None = None
        for inner in value:
            seen = infer(inner, depth + 1)
            items = seen if items is None else merge(items, seen)
        return {"type": kind} if items is None else {"type": kind, "items": items}
    if isinstance(value, str) and _TIME.match(value):
        return {"type": kind, "format": "date-time"}
    return {"type": kind}


def merge(one: Schema, other: Schema) -> Schema:
    """The narrowest schema of this form that accepts whatever one of the two accepts."""
    if one == other or not one:
        return one
    if not other:
        return other
    merged: dict[str, Schema] = {}
    for branch in (*_branches(one), *_branches(other)):
        kind = str(branch.get("type"))
        merged[kind] = _same_kind(merged[kind], branch) if kind in merged else branch
    if "integer" in merged and "number" in merged:
        del merged["integer"]
    kinds = sorted(merged)
    if len(kinds) == 1:
        return merged[kinds[0]]
    if all(set(merged[kind]) == {"type"} for kind in kinds):
        return {"type": list(kinds)}
    branches: list[Json] = [merged[kind] for kind in kinds]
    return {"anyOf": branches}


def differences(old: Schema, new: Schema, path: str = "$") -> Iterator[Difference]:
    """What `new`, a widening of `old`, changes."""
    if old == new:
        return
    before, after = _kinds(old), _kinds(new)
    if before != after and old:
        text = f"was {' or '.join(sorted(before))}, may now be {' or '.join(sorted(after))}"
        yield Difference(path, text, breaking=True)
        return
    if old.get("format") != new.get("format"):
        yield Difference(path, f"is no longer always a {old.get('format')}", breaking=True)
    one, other = _branch(old, "object"), _branch(new, "object")
    if one is not None and other is not None:
        yield from _object_differences(one, other, path)
    one, other = _branch(old, "array"), _branch(new, "array")
    if one is not None and other is not None:
        yield from _item_differences(one, other, path)


def _item_differences(old: Schema, new: Schema, path: str) -> Iterator[Difference]:
    one, other = _mapping(old.get("items")), _mapping(new.get("items"))
    if not one and other:
        yield Difference(f"{path}[*]", "items are now known", breaking=False)
    else:
        yield from differences(one, other, f"{path}[*]")


def _object_differences(old: Schema, new: Schema, path: str) -> Iterator[Difference]:
    one, other = _mapping(old.get("properties")), _mapping(new.get("properties"))
    always_before, always_now = set(_list(old.get("required"))), set(_list(new.get("required")))
    for name, schema in other.items():
        place = f"{path}.{name}"
        if name not in one:
            yield Difference(place, "is new", breaking=False)
            continue
        if name in always_before and name not in always_now:
            yield Difference(place, "may now be missing", breaking=True)
        yield from differences(_mapping(one[name]), _mapping(schema), place)


def _same_kind(one: Schema, other: Schema) -> Schema:
    if one.get("type") == "object":
        return _joined_objects(one, other)
    if one.get("type") == "array":
        items, more = _mapping(one.get("items")), _mapping(other.get("items"))
        joined = merge(items, more) if items and more else items or more
        return {"type": "array", "items": joined} if joined else {"type": "array"}
    if one.get("format") == other.get("format"):
        return one
    return {"type": one["type"]}


def _joined_objects(one: Schema, other: Schema) -> Schema:
    left, right = _mapping(one.get("properties")), _mapping(other.get("properties"))
    properties: Schema = {}
    for name in sorted({*left, *right})[:PROPERTIES_MAX]:
        schemas = [_mapping(side[name]) for side in (left, right) if name in side]
        properties[name] = merge(*schemas) if len(schemas) == 2 else schemas[0]
    both = set(_list(one.get("required"))) & set(_list(other.get("required")))
    required: list[Json] = [*sorted(both & properties.keys())]
    return {"type": "object", "properties": properties, "required": required}


def _branches(schema: Schema) -> list[Schema]:
    """The schema as one of a single type each."""
    several = schema.get("anyOf")
    if isinstance(several, list):
        return [_mapping(branch) for branch in several]
    kind = schema.get("type")
    return [{"type": one} for one in kind] if isinstance(kind, list) else [schema]


def _branch(schema: Schema, kind: str) -> Schema | None:
    return next((branch for branch in _branches(schema) if branch.get("type") == kind), None)


def _kinds(schema: Schema) -> frozenset[str]:
    return frozenset(str(branch.get("type")) for branch in _branches(schema))


def _mapping(value: Json) -> Schema:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[str]:
    return [str(inner) for inner in value] if isinstance(value, list) else []
