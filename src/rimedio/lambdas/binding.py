"""A request's parts to a handler's parameters, and a handler's value to a body; pydantic does the checking.

A handler's signature is the contract: a parameter named in the path takes that part of it, `query` and
`headers` take a model each, `body` takes the JSON body, `raw` the bytes of an upload.
Powertools' own validation is not used, for it checks bodies as Python values: "3" would pass as a number and
"yes" as true, against the document. Here JSON is read strictly, in one pass.
"""

import base64
import binascii
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args, get_origin

import orjson
from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError, create_model

from rimedio.domain.source_names import SOURCE_FIELD, without_folders
from rimedio.lambdas.failures import RequestRefused, refusal_of
from rimedio.lambdas.replies import Reply

Event = Mapping[str, Any]
Handler = Callable[..., Any]

JSON = "application/json"
BYTES = "application/octet-stream"
QUERY, HEADERS, BODY, RAW = "query", "headers", "body", "raw"
NAMES_SOURCE = f'"{SOURCE_FIELD}":'.encode()
WHOLE_MAX = 2**53  # beyond, a float no longer tells whole numbers apart
RESERVED = frozenset({QUERY, HEADERS, BODY, RAW})


@dataclass(frozen=True)
class Contract:
    """What a handler takes and gives, read from its signature; adapters are built at the first call."""

    handler: Handler

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """Name and annotation of every parameter."""
        found = inspect.signature(self.handler).parameters.values()
        return {parameter.name: parameter.annotation for parameter in found}

    @cached_property
    def path_names(self) -> tuple[str, ...]:
        """Parameters that stand in the path."""
        return tuple(name for name in self.parameters if name not in RESERVED)

    @cached_property
    def answer(self) -> Any:
        """Type of the JSON body; None without one, `Download` for a file."""
        annotation = inspect.signature(self.handler).return_annotation
        if get_origin(annotation) is Reply:
            (annotation,) = get_args(annotation)
        return None if annotation in (None, type(None)) else annotation

    @cached_property
    def _path_model(self) -> type[BaseModel] | None:
        fields: dict[str, Any] = {name: (self.parameters[name], ...) for name in self.path_names}
        return create_model("Path", **fields) if fields else None

    @cached_property
    def _body(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.parameters[BODY])

    @cached_property
    def _written(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.answer)

    def bind(self, event: Event, path: Mapping[str, str]) -> dict[str, object]:
        """The handler's arguments. Raises RequestRefused naming every field at fault."""
        bound: dict[str, object] = {}
        if self._path_model is not None:
            parsed = _validated(self._path_model, path, "path")
            bound |= {name: getattr(parsed, name) for name in self.path_names}
        if QUERY in self.parameters:
            bound[QUERY] = _validated(self.parameters[QUERY], _query(event), QUERY)
        elif event.get("queryStringParameters"):
            raise RequestRefused("This route takes no query parameters. Leave them out.")
        if HEADERS in self.parameters:
            model = self.parameters[HEADERS]
            bound[HEADERS] = _validated(model, _named_headers(model, event), HEADERS)
        if BODY in self.parameters:
            if event.get("body") or not self.body_optional:
                bound[BODY] = self._json_body(event)
        elif RAW in self.parameters:
            bound[RAW] = _raw_body(event, BYTES)
        return bound

    def write(self, value: object) -> str:
        """JSON text of what the handler gave back; where a document came from without the machine's folders."""
        written: bytes = self._written.dump_json(value, by_alias=True)
        if NAMES_SOURCE in written:
            written = orjson.dumps(without_folders(orjson.loads(written)))
        return written.decode()

    @cached_property
    def body_optional(self) -> bool:
        """Whether the body may be left out: the parameter has a default."""
        body = inspect.signature(self.handler).parameters.get(BODY)
        return body is not None and body.default is not inspect.Parameter.empty

    def _json_body(self, event: Event) -> object:
        text = _raw_body(event, JSON)
        value = self._parsed(text)
        _require_unique(text)
        if b"\\u0000" in text and _holds_nul(value):
            raise RequestRefused("The body holds a NUL character, which no text needs. Take it out.")
        return value

    def _parsed(self, text: bytes) -> object:
        """The body's value, read strictly; 3.0 is the whole number 3, as JSON Schema says."""
        try:
            return self._body.validate_json(text, strict=True)
        except ValidationError as error:
            whole = whole_numbers(text) if any(e["type"] == "int_type" for e in error.errors()) else None
            if whole is None:
                raise refusal_of(error, BODY) from None
        try:
            return self._body.validate_json(whole, strict=True)
        except ValidationError as error:
            raise refusal_of(error, BODY) from None


def _require_unique(text: bytes) -> None:
    """Raises RequestRefused for a field that stands twice: which one counts would be a guess (RFC 8259, 4)."""

    def once(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in found if names.count(name) > 1)
            raise RequestRefused(f"The body has the field {twice[:100]!r} more than once. Give it once.")
        return found

    json.loads(text, object_pairs_hook=once, parse_int=str, parse_float=str)


def _holds_nul(value: object) -> bool:
    """Whether a text that is described holds NUL; free objects (`dict[str, Any]`) keep what they hold."""
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, BaseModel):
        fields = type(value).model_fields.items()
        return any(_holds_nul(getattr(value, name)) for name, f in fields if "Any" not in str(f.annotation))
    if isinstance(value, dict):
        return any(map(_holds_nul, (*value.keys(), *value.values())))
    return isinstance(value, tuple | list) and any(map(_holds_nul, value))


def whole_numbers(text: bytes) -> bytes | None:
    """The JSON with 3.0 written as 3, which JSON Schema takes for the same; None where it has no such number."""
    try:
        plain = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return orjson.dumps(_whole(plain))


def _whole(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= WHOLE_MAX:
        return int(value)
    return value


def _validated(model: type[BaseModel], values: Mapping[str, object], place: str) -> BaseModel:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise refusal_of(error, place) from None


def _query(event: Event) -> Mapping[str, str]:
    """One value a name. Raises RequestRefused for a name given twice: which one counts would be a guess."""
    values: Mapping[str, list[str]] = event.get("multiValueQueryStringParameters") or {}
    twice = [name for name, given in values.items() if len(given) > 1]
    if twice:
        raise RequestRefused(f"The query parameter {twice[0]} is given more than once. Give it once.")
    once: Mapping[str, str] = event.get("queryStringParameters") or {}
    if any("\x00" in value for value in once.values()):
        raise RequestRefused("The query holds a NUL character, which no text needs. Take it out.")
    return once


def _headers(event: Event) -> Mapping[str, str]:
    found: Mapping[str, str] = event.get("headers") or {}
    return {name.lower(): value for name, value in found.items()}


def _named_headers(model: type[BaseModel], event: Event) -> Mapping[str, str]:
    """The headers that a model asks for, by its own spelling of their names."""
    sent = _headers(event)
    names = (field.alias or name for name, field in model.model_fields.items())
    return {name: sent[name.lower()] for name in names if name.lower() in sent}


def _raw_body(event: Event, wanted: str) -> bytes:
    """The body's bytes. Raises RequestRefused (415) when it is said to be something else than `wanted`."""
    given = _headers(event).get("content-type", "")
    kind = given.partition(";")[0].strip().lower()
    if kind != wanted:
        msg = f"The body is {given[:100] or 'of no type'}, but this route takes {wanted}. Set Content-Type."
        raise RequestRefused(msg, status=415)
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        try:
            return str(body).encode()
        except UnicodeEncodeError:
            raise RequestRefused("The body is not UTF-8 text. Send it as UTF-8.") from None
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise RequestRefused("The body is marked as base64, but is not. Send it again.") from None
