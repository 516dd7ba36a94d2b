"""Checks JSON bodies against the OpenAPI document before any handler sees them, as API Gateway's validator does.

Each schema is compiled to Python once, at its first use. What it refuses names the field.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import fastjsonschema

from rimedio.domain.errors import InvalidInput
from rimedio.lambdas.failures import Fault, RequestRefused

Check = Callable[[object], object]

JSON_TYPE = "application/json"
FAULTS_MAX = 20
NAME_CHARS_MAX = 100
MESSAGE_CHARS_MAX = 300


class BodySchemas:
    """The request bodies of an OpenAPI document, by route key such as "POST /v1/tickets"."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._components = document.get("components", {})
        self._schemas: dict[str, Mapping[str, Any]] = {}
        for path, methods in document.get("paths", {}).items():
            for method, operation in methods.items():
                body = operation.get("requestBody", {}).get("content", {}).get(JSON_TYPE)
                if body is not None:
                    self._schemas[f"{method.upper()} {path}"] = body["schema"]
        self._checks: dict[str, Check] = {}
        self._lock = threading.Lock()

    def __contains__(self, route: str) -> bool:
        return route in self._schemas

    def check(self, route: str, body: bytes) -> None:
        """Raises RequestRefused naming the field at fault; does nothing for a route without a JSON body."""
        schema = self._schemas.get(route)
        if schema is None:
            return
        value = parse(body)
        try:
            self._check_of(route, schema)(value)
        except fastjsonschema.JsonSchemaValueException as error:
            faults = list(self._faults_of(error, ["body"]))
            first = faults[0]
            msg = f"The request is not valid: {first.field}: {first.message}."
            raise RequestRefused(msg, faults=faults) from None

    def _check_of(self, route: str, schema: Mapping[str, Any]) -> Check:
        with self._lock:
            found = self._checks.get(route)
            if found is None:
                whole = {**schema, "components": self._components}
                found = self._checks[route] = fastjsonschema.compile(
                    whole, use_default=False, use_formats=False
                )
            return found

    def _faults_of(self, error: fastjsonschema.JsonSchemaValueException, at: list[str]) -> Iterator[Fault]:
        """The fields at fault; of alternatives, those of the one that was meant."""
        place = [*at, *map(str, error.path[1:])]
        if error.rule in ("oneOf", "anyOf"):
            meant = _meant(error.definition, error.rule, error.value, ".".join(place))
            if isinstance(meant, Fault):
                yield meant
                return
            try:
                if meant is not None:
                    self._check_of(json.dumps(meant), meant)(error.value)
            except fastjsonschema.JsonSchemaValueException as inner:
                yield from self._faults_of(inner, place)
                return
        yield from _faults(error, ".".join(place))


def parse(body: bytes) -> object:
    """The JSON value of a body. Raises RequestRefused for what is none, or is nested without end."""
    try:
        return json.loads(body, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise RequestRefused("The body is not UTF-8. Send it as UTF-8.") from None
    except RecursionError:
        raise RequestRefused("The JSON is nested too deeply. Flatten it.") from None
    except (json.JSONDecodeError, InvalidInput) as error:
        raise RequestRefused(f"The body is not JSON: {error}. Correct it.") from None
    except ValueError:  # Python reads whole numbers of 4,300 digits and no more
        raise RequestRefused("The body holds a number with thousands of digits. Shorten it.") from None


def _no_constant(name: str) -> object:
    raise InvalidInput(f"{name} is no JSON number")


def _meant(
    definition: Mapping[str, Any], rule: str, value: object, place: str
) -> Mapping[str, Any] | Fault | None:
    """The alternative that the sender meant: the one beside null, or the one that the value names.

    A fault where it names none; None where there is no telling.
    """
    options = [option for option in definition[rule] if option.get("type") != "null"]
    if len(options) == 1:
        return dict(options[0])
    told = definition.get("discriminator")
    if told is None or not isinstance(value, dict):
        return None
    name, named = told["propertyName"], value.get(told["propertyName"])
    if isinstance(named, str) and named in told["mapping"]:
        return {"$ref": told["mapping"][named]}
    message = f"must be one of {', '.join(told['mapping'])}" if name in value else "is missing"
    return Fault(field=f"{place}.{name}", message=message)


def _faults(error: fastjsonschema.JsonSchemaValueException, place: str) -> Iterator[Fault]:
    """The fields at fault; of an object, those that are missing or not wanted."""
    if isinstance(error.value, dict) and error.rule in ("required", "additionalProperties"):
        known = error.definition.get("properties", {})
        missing = [name for name in error.definition.get("required", ()) if name not in error.value]
        strange = [name for name in error.value if name not in known]
        names, message = (
            (missing, "is missing")
            if error.rule == "required"
            else (strange, "is not a field of this request")
        )
        for name in names[:FAULTS_MAX]:
            yield Fault(field=f"{place}.{name[:NAME_CHARS_MAX]}", message=message)
        if names:
            return
    if error.rule == "enum":
        yield Fault(field=place, message=f"must be one of {', '.join(map(str, error.definition['enum']))}")
        return
    text = str(error.message).removeprefix(str(error.name)).strip()
    yield Fault(field=place, message=text[:MESSAGE_CHARS_MAX] or "is not valid")
