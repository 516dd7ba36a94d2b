"""Validation of JSONata expressions: do they parse, and do they refer only to what there is."""

from collections.abc import Iterator

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


def _references(node: object, known: set[str]) -> Iterator[str]:
    """Messages for references to a context item, to `$$`, and to members of `$states` that do not exist."""
    if isinstance(node, (list, tuple)):
        for member in node:
            yield from _references(member, known)
        return
    kind = getattr(node, "type", None)
    if kind is None:
        return
    if kind == "path":
        yield from _path(node, known)
    elif kind == "name":
        yield f"Reference to '{getattr(node, 'value', '')}' at the top level is not supported."
    elif kind == "variable" and getattr(node, "value", None) == "$":
        yield "Reference to '$$' is not supported."
    if kind not in ("path", "name"):
        for attribute in (*_SUBTREES, *_LISTS):
            yield from _references(getattr(node, attribute, None), known)


def _path(node: object, known: set[str]) -> Iterator[str]:
    """Only the first step of a path is read against the (missing) context item."""
    steps = getattr(node, "steps", None) or []
    if not steps:
        return
    yield from _references(steps[0], known)
    if getattr(steps[0], "type", "") == "variable" and getattr(steps[0], "value", "") == "states":
        member = getattr(steps[1], "value", None) if len(steps) > 1 else None
        if isinstance(member, str) and getattr(steps[1], "type", "") == "name" and member not in known:
            if member in _STATES:
                yield f"Field '$states.{member}' does not exist."
            else:
                yield f"Unknown reserved states field: {member}"
