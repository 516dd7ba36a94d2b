"""Domain objects to items and back, faithfully: the domain's JSON codec between an item's own attributes."""

from typing import TypeVar, cast

from rimedio.domain.codec import from_json, to_json
from rimedio.domain.errors import InvalidInput, StorageFailed
from rimedio.storage.table import EXPIRES_AT, Index
from rimedio.storage.values import Item, Value

SYSTEM_ATTRIBUTES = frozenset(
    {"pk", "sk", "entity", EXPIRES_AT, *(name for index in Index for name in index.attributes)}
)

_Kind = TypeVar("_Kind")


def to_attributes(value: object) -> dict[str, Value]:
    """A dataclass or pydantic object as attributes; fields that are None are left out."""
    plain = cast("dict[str, Value]", to_json(value))
    return {name: inner for name, inner in plain.items() if inner is not None}


def to_value(value: object) -> Value:
    """A dataclass or pydantic object as the value of one attribute."""
    return cast("Value", to_json(value))


def from_item(kind: type[_Kind], item: Item, attribute: str | None = None) -> _Kind:
    """The object that an item, or one attribute of it, holds. Raises StorageFailed when it is none."""
    try:
        if attribute is not None:
            return from_json(kind, item.get(attribute))
        return from_json(kind, {name: item[name] for name in item.keys() - SYSTEM_ATTRIBUTES})
    except InvalidInput as error:
        msg = (
            f"The item {item.get('pk')} / {item.get('sk')} cannot be read. {error} It was written by another "
            "version or by hand; restore it from a backup."
        )
        raise StorageFailed(msg) from error
