"""A value that validates against a JSON schema, filled with words of the prompt, never with invented ones."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rimedio.bedrock_local.errors import ValidationError
from rimedio.bedrock_local.extraction import Reading, best_sentences, read_text
from rimedio.bedrock_local.prompt import Prompt

Schema = Mapping[str, Any]
_NUMBER = re.compile(r"(?<![\w.,-])-?\d+(?:[.,]\d+)?(?![\w])")
_DEPTH_MAX = 12
_OPTIONAL_DEPTH_MAX = 4
_ITEMS = 3
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_-]+")


def filled(schema: Schema, prompt: Prompt, known: Mapping[str, Any] | None = None) -> Any:
    """A value for `schema` out of the prompt's text; `known` values go where a property has their name.

    Raises ValidationError when the schema is one that nothing from the text can satisfy.
    """
    import fastjsonschema

    value = _Filler(read_text(prompt), schema, dict(known or {})).value(schema, "", 0)
    try:
        fastjsonschema.compile(dict(schema))(value)
    except fastjsonschema.JsonSchemaDefinitionException as error:
        raise ValidationError(f"The JSON schema of the output is not valid: {error}") from error
    except fastjsonschema.JsonSchemaException as error:
        raise ValidationError(
            f"The laptop's models cannot satisfy the output's schema: {error.message}"
        ) from error
    return value


class _Filler:
    """Walks a schema."""

    def __init__(self, reading: Reading, root: Schema, known: Mapping[str, Any]) -> None:
        self._reading = reading
        self._root = root
        self._known = known
        self._text = " ".join((*reading.sentences, reading.question))

    def value(self, schema: Schema, hint: str, depth: int) -> Any:
        """A value for one schema; `hint` is the name and description of what it stands for."""
        if depth > _DEPTH_MAX:
            return None
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._chosen(schema["enum"])
        for one_of in ("anyOf", "oneOf"):
            if schema.get(one_of):
                return self.value(schema[one_of][0], hint, depth + 1)
        kinds = schema.get("type", "object" if "properties" in schema else "string")
        kind = kinds if isinstance(kinds, str) else kinds[0]
        return self._typed(kind, schema, f"{hint} {schema.get('description', '')}".strip(), depth)

    def _typed(self, kind: str, schema: Schema, hint: str, depth: int) -> Any:
        if kind == "object":
            return self._object(schema, hint, depth)
        if kind == "array":
            return self._array(schema, hint, depth)
        if kind in {"number", "integer"}:
            return self._number(schema, hint, whole=kind == "integer")
        if kind == "boolean":
            return bool(best_sentences(hint, self._reading, 1))
        return None if kind == "null" else self._words(schema, hint)

    def _resolved(self, schema: Schema) -> Schema:
        seen = 0
        while isinstance(schema.get("$ref"), str) and seen < _DEPTH_MAX:
            target: Any = self._root
            for part in schema["$ref"].removeprefix("#/").split("/"):
                target = target.get(part, {}) if isinstance(target, Mapping) else {}
            schema, seen = target, seen + 1
        return schema

    def _object(self, schema: Schema, hint: str, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name, inner in schema.get("properties", {}).items():
            if depth > _OPTIONAL_DEPTH_MAX and name not in schema.get("required", ()):
                continue  # a schema that holds itself would never end
            if name in self._known and depth == 0:
                out[name] = self._known[name]
            else:
                out[name] = self.value(inner, f"{hint} {_CAMEL.sub(' ', name)}".strip(), depth + 1)
        return out

    def _array(self, schema: Schema, hint: str, depth: int) -> list[Any]:
        inner = self._resolved(schema.get("items", {}))
        least, most = int(schema.get("minItems", 0)), int(schema.get("maxItems", _ITEMS))
        if inner.get("type", "string") == "string" and not {"enum", "const", "anyOf", "oneOf"} & set(inner):
            found: list[Any] = [_cut(s, inner) for s in self._sentences(hint, min(most, _ITEMS))]
        else:
            found = [self.value(inner, hint, depth + 1)] if most else []
        while len(found) < least:
            found.append(self.value(inner, hint, depth + 1))
        return found

    def _chosen(self, values: Sequence[Any]) -> Any:
        text = self._text.lower()
        return next((v for v in values if isinstance(v, str) and v.lower() in text), values[0])

    def _number(self, schema: Schema, hint: str, *, whole: bool) -> float | int:
        near = " ".join(self._sentences(hint, 1))
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        high = schema.get("maximum", schema.get("exclusiveMaximum"))
        for match in (*_NUMBER.finditer(near), *_NUMBER.finditer(self._text)):
            number = float(match[0].replace(",", "."))
            if (low is None or number >= low) and (high is None or number <= high):
                return int(number) if whole else number
        fallback = low if low is not None else min(0, high) if high is not None else 0
        return int(fallback) if whole else float(fallback)

    def _words(self, schema: Schema, hint: str) -> str:
        return _cut(" ".join(self._sentences(hint, 1)), schema)

    def _sentences(self, hint: str, most: int) -> list[str]:
        reading = self._reading
        found = best_sentences(hint, reading, most) or best_sentences(reading.question, reading, most)
        return found or list(reading.sentences[:most]) or [reading.question]


def _cut(text: str, schema: Schema) -> str:
    return text[: int(schema.get("maxLength", len(text)))]
