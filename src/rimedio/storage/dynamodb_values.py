"""Values of items in DynamoDB's typed JSON (`{"S": "text"}`), and back."""

import base64
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias, cast

from rimedio.domain.errors import StorageFailed
from rimedio.storage.table import Key
from rimedio.storage.values import INTEGER_MAX, Item, Number, Value

Attribute: TypeAlias = Mapping[
    str, object
]  # one entry: the type's letter, and the value as that type writes it
Attributes: TypeAlias = Mapping[str, Attribute]


def attribute_of(value: Value) -> dict[str, object]:  # noqa: PLR0911 - one return a kind
    """A canonical value (values.canonical) as DynamoDB writes it; numbers are their shortest decimal."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, int | float):
        return {"N": repr(value)}
    if isinstance(value, bytes):
        return {"B": value}
    if isinstance(value, Mapping):
        return {"M": {name: attribute_of(inner) for name, inner in value.items()}}
    return {"L": [attribute_of(inner) for inner in value]}


def attributes_of(item: Item) -> dict[str, dict[str, object]]:
    """A canonical item as DynamoDB writes it."""
    return {name: attribute_of(value) for name, value in item.items()}


def key_attributes(key: Key) -> dict[str, dict[str, object]]:
    """A key as DynamoDB writes it."""
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def value_of(attribute: Attribute) -> Value:  # noqa: PLR0911 - one return a kind
    """What an attribute holds. Raises StorageFailed for a set, which Rimedio never writes."""
    ((kind, found),) = attribute.items()
    match kind:
        case "S":
            return cast("str", found)
        case "N":
            return number_of(cast("str", found))
        case "M":
            return item_of(cast("Attributes", found))
        case "L":
            return [value_of(inner) for inner in cast("list[Attribute]", found)]
        case "BOOL":
            return cast("bool", found)
        case "NULL":
            return None
        case "B":  # the API gives bytes, a record in a Lambda event base64
            return found if isinstance(found, bytes) else base64.b64decode(cast("str", found))
    msg = f"An attribute has DynamoDB's type {kind}, which Rimedio never writes. Remove it by hand."
    raise StorageFailed(msg)


def item_of(attributes: Attributes) -> dict[str, Value]:
    """An item out of DynamoDB's typed JSON."""
    return {name: value_of(attribute) for name, attribute in attributes.items()}


def number_of(text: str) -> Number:
    """A number as the port keeps it: whole ones of 64 bits are integers."""
    number = Decimal(text)
    if number == number.to_integral_value() and -INTEGER_MAX - 1 <= number <= INTEGER_MAX:
        return int(number)
    found = float(number)
    if not math.isfinite(found):
        raise StorageFailed(f"The number {text[:40]} is out of range. It was written by something else.")
    return found
