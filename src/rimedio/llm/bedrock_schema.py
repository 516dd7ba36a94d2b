"""JSON schemas as constrained decoders take them: a subset of the language, the rest is checked afterwards."""

from collections.abc import Mapping

# Keywords that the decoders of Bedrock's structured outputs refuse; whoever asked checks the reply itself.
_REFUSED = frozenset(
    {
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
        "maxItems", "uniqueItems", "minProperties", "maxProperties", "patternProperties", "propertyNames",
        "contains", "if", "then", "else", "not", "oneOf",
    }
)  # fmt: skip
_NAMES = frozenset({"properties", "$defs", "definitions"})  # their keys are names, not keywords
ITEMS_MIN = 1  # of `minItems` only 0 and 1 are taken


def decodable(schema: Mapping[str, object]) -> dict[str, object]:
    """`schema` with what decoders refuse left out; objects closed, as they demand."""
    found: dict[str, object] = {}
    for key, value in schema.items():
        if key in _REFUSED:
            continue
        if key == "minItems":
            found[key] = min(ITEMS_MIN, value) if isinstance(value, int) else ITEMS_MIN
        elif key in _NAMES and isinstance(value, Mapping):
            found[key] = {name: _value(inner) for name, inner in value.items()}
        else:
            found[key] = _value(value)
    if schema.get("type") == "object":
        found["additionalProperties"] = False
    if "enum" in schema and "type" not in schema and _all_text(schema["enum"]):
        found["type"] = "string"
    return found


def _value(value: object) -> object:
    if isinstance(value, Mapping):
        return decodable(value)
    return [_value(item) for item in value] if isinstance(value, list | tuple) else value


def _all_text(values: object) -> bool:
    return isinstance(values, list | tuple) and all(isinstance(value, str) for value in values)
