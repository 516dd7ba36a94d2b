"""What fields and parameters mean, for those that do not say it themselves; the words stand in `field_meanings.txt`."""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

Node = dict[str, Any]

WORDS = "field_meanings.txt"


def meanings() -> Mapping[str, str]:
    """Meanings by `field`, or by `Schema.field` where a field means something else in one schema."""
    lines = files(__package__).joinpath(WORDS).read_text("utf-8").splitlines()
    pairs = (line.partition(": ") for line in lines if line and not line.startswith("#"))
    return {name: meaning for name, _, meaning in pairs}


def add_meanings(document: Node) -> None:
    """Describe every field of every schema, and every parameter, that has no description."""
    known = meanings()
    for names, node in described(document):
        meaning = next((known[name] for name in names if name in known), None)
        if meaning is not None:
            node.setdefault("description", meaning)


def described(document: Node) -> Iterator[tuple[tuple[str, str], Node]]:
    """Everything that wants a description, with its names, the closest first."""
    for schema, content in document["components"]["schemas"].items():
        for name, field in content.get("properties", {}).items():
            yield (f"{schema}.{name}", name), field
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                yield (f"{operation['operationId']}.{parameter['name']}", parameter["name"]), parameter
