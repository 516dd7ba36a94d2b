"""Domain values to JSON and back: one codec for the store, the workflow's tasks and the API.

The types themselves are the schema (pydantic reads their annotations), so a new field needs no code here.
Unknown keys are ignored when reading, missing keys take the field's default: an older value stays readable.
"""

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from rimedio.domain.errors import InvalidInput

T = TypeVar("T")
Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}  # one a type, built on first use: building takes milliseconds


def to_json(value: object, kind: object = None) -> Json:
    """Plain JSON values (dict, list, str, number, bool, None) of a dataclass or pydantic model.

    `kind` is needed where the class does not tell the whole, as in `tuple[Passage, ...]`. Dates become
    ISO 8601 text, enums their value. Raises InvalidInput when something inside has no JSON form.
    """
    wanted: Any = type(value) if kind is None else kind
    try:
        plain: Json = _adapter(wanted).dump_python(value, mode="json", warnings="error")
    except PydanticSerializationError as error:
        msg = f"A {_name(wanted)} cannot be written as JSON: {error}."
        raise InvalidInput(msg) from error
    return plain


def from_json(kind: type[T], plain: object) -> T:
    """The value that `to_json` wrote. Raises InvalidInput naming the field at fault."""
    try:
        value: T = _adapter(kind).validate_python(plain)
    except ValidationError as error:
        raise _refusal(kind, error) from error
    return value


def dumps(value: object, kind: object = None) -> str:
    """JSON text of a value, for a database column or a file."""
    wanted: Any = type(value) if kind is None else kind
    try:
        return _adapter(wanted).dump_json(value, warnings="error").decode()
    except PydanticSerializationError as error:
        msg = f"A {_name(wanted)} cannot be written as JSON: {error}."
        raise InvalidInput(msg) from error


def loads(kind: type[T], text: str | bytes) -> T:
    """The value whose JSON text `dumps` wrote. Raises InvalidInput naming the field at fault."""
    try:
        value: T = _adapter(kind).validate_json(text)
    except ValidationError as error:
        raise _refusal(kind, error) from error
    return value


def _adapter(kind: Any) -> TypeAdapter[Any]:
    found = _ADAPTERS.get(kind)
    if found is None:
        found = _ADAPTERS[kind] = TypeAdapter(kind)
    return found


def _refusal(kind: object, error: ValidationError) -> InvalidInput:
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"])) or "the value itself"
    return InvalidInput(f"This is not the JSON of a {_name(kind)}: at {place}: {first['msg']}.")


def _name(kind: object) -> str:
    return getattr(kind, "__name__", None) or str(kind)
