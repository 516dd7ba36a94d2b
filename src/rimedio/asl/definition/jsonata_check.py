"""Validation of JSONata expressions: do they parse, and do they refer only to what there is."""

from collections.abc import Iterator
from typing import Any

from rimedio.asl.expressions.jsonata import body_of

UNSUPPORTED = "UNSUPPORTED_JSONATA_EXPRESSION"
INVALID = "INVALID_JSONATA_EXPRESSION"

_SUBTREES = ("expression", "procedure", "lhs", "rhs", "condition", "then", "_else", "body")
_LISTS = ("expressions", "arguments", "terms", "rhs_terms", "lhs_object", "rhs_object")
_STATES = {"input", "context", "result", "errorOutput"}


def check_expression(text: str, *, result: bool, error_output: bool) -> list[tuple[str, str]]:
    """Code and message of everything that is wrong with `{% … %}`.

    `result` and `error_output`: whether `$states.result` and `$states.errorOutput` exist in this field.
    """
    from rimedio.asl.expressions.jsonata.evaluator import parse
    from rimedio.asl.expressions.jsonata.faults import code_and_message

    try:
        tree = parse(body_of(text))
    except Exception as error:
        return [(INVALID, code_and_message(error)[1])]
    known = {"input", "context"} | ({"result"} if result else set())
    known |= {"errorOutput"} if error_output else set()
    found = [(UNSUPPORTED, message) for message in _references(tree, known)]
    return list(dict.fromkeys(found))


def _references(node: Any, known: set[str]) -> Iterator[str]:
    """Messages for references to a context item, to `$$`, and to members of `$states` that do not exist.

    Only the first step of a path is read against the (missing) context item.
    """
    kind = getattr(node, "type", None)
    if isinstance(node, (list, tuple)):
        for member in node:
            yield from _references(member, known)
    elif kind == "path":
        first, *rest = node.steps
        yield from _references(first, known)
        if first.type == "variable" and first.value == "states" and rest and rest[0].type == "name":
            yield from _unknown(rest[0].value, known)
    elif kind == "name":
        yield f"Reference to '{node.value}' at the top level is not supported."
    elif kind == "variable" and node.value == "$":
        yield "Reference to '$$' is not supported."
    elif kind is not None:
        for attribute in (*_SUBTREES, *_LISTS):
            yield from _references(getattr(node, attribute, None), known)


def _unknown(member: str, known: set[str]) -> Iterator[str]:
    if member in _STATES - known:
        yield f"Field '$states.{member}' does not exist."
    elif member not in known:
        yield f"Unknown reserved states field: {member}"
