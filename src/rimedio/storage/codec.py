"""Domain objects to items and back, faithfully; the only place that knows how they are spelled in storage."""

from collections.abc import Mapping
from typing import TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from rimedio.domain.answer import Solution
from rimedio.domain.errors import StorageFailed
from rimedio.storage.table import EXPIRES_AT, Index
from rimedio.storage.values import Item, Value

SYSTEM_ATTRIBUTES = frozenset(
    {"pk", "sk", "entity", EXPIRES_AT, *(name for index in Index for name in index.attributes)}
)

_ADAPTERS: dict[type[object], TypeAdapter[object]] = {}
_Model = TypeVar("_Model", bound=BaseModel)
_Data = TypeVar("_Data")


def from_model(model: BaseModel) -> dict[str, Value]:
    """A pydantic object as attributes; fields that are None are left out."""
    return cast("dict[str, Value]", model.model_dump(mode="json", exclude_none=True))


def to_model(kind: type[_Model], item: Item) -> _Model:
    """A pydantic object out of an item. Raises StorageFailed when the item is none."""
    fields = {name: value for name, value in item.items() if name not in SYSTEM_ATTRIBUTES}
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise _unreadable(kind.__name__, item, error) from error


def from_solution(solution: Solution) -> Mapping[str, Value]:
    """A solution as one map."""
    return from_data(Solution, solution)


def to_solution(item: Item) -> Solution:
    """A solution out of its item's `solution` map. Raises StorageFailed when it is none."""
    return to_data(Solution, item.get("solution"), item)


def from_data(kind: type[_Data], value: _Data) -> Mapping[str, Value]:
    """A dataclass as a map; fields that are None are left out."""
    return cast("Mapping[str, Value]", _adapter(kind).dump_python(value, mode="json", exclude_none=True))


def to_data(kind: type[_Data], value: Value, item: Item) -> _Data:
    """A dataclass out of a map of `item`. Raises StorageFailed when it does not fit."""
    try:
        return cast("_Data", _adapter(kind).validate_python(value))
    except ValidationError as error:
        raise _unreadable(kind.__name__, item, error) from error


def _adapter(kind: type[object]) -> TypeAdapter[object]:
    """Building one takes milliseconds, so each is built once, when first needed."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _unreadable(kind: str, item: Item, error: ValidationError) -> StorageFailed:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return StorageFailed(
        f"The item {item.get('pk')} / {item.get('sk')} is no {kind} ({place}: {first['msg']}). "
        "It was written by another version or by hand; restore it from a backup."
    )
