"""Event patterns with EventBridge's meaning: compiled once, then asked about any number of events.

A pattern is flattened into paths (`detail.state`), each with the values it accepts; `$or` multiplies it into
alternatives. An event matches when every path of one alternative finds a field with an accepted value, all
taken from the same elements of the arrays they stand in.

Source: Amazon EventBridge User Guide, "Comparison operators for use in event patterns".
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product

from rimedio.events.complexity import Wildcards, too_complex, wildcards_of
from rimedio.events.flattened import Fields, fields_of, match_fields
from rimedio.events.operators import OPERATORS, Accepts, InvalidPattern, compile_values
from rimedio.events.pattern_tree import Branch, grown, match_tree

_log = logging.getLogger(__name__)
ALTERNATIVES_MAX = 1000
CHARS_MAX = 4096  # as PutRule takes them at most
DEPTH_MAX = 200  # values in values; events can be 254 deep


@dataclass(frozen=True, slots=True)
class Condition:
    """What the fields of one path must satisfy."""

    path: str
    parts: tuple[str, ...]
    accepts: Accepts
    may_be_absent: bool
    values: tuple[object, ...] = field(default=(), repr=False, compare=False)  # as the pattern has them


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern. `trees` are the alternatives once more, in the shape of the event; None where a
    path is ambiguous."""

    alternatives: tuple[tuple[Condition, ...], ...]
    trees: tuple[Branch | None, ...] = field(default=(), repr=False)

    @classmethod
    def compile(cls, pattern: object) -> "Pattern":
        """Check and compile. Raises InvalidPattern with AWS's reason when the pattern breaks a rule."""
        found = cls._built(pattern)
        _check_complexity(found.alternatives)
        return found

    @classmethod
    def admitted(cls, pattern: Mapping[str, object]) -> "Pattern":
        """A pattern that somebody wants to keep: as long as EventBridge allows. Raises InvalidPattern."""
        _check_depth(pattern)
        size = len(json.dumps(pattern, ensure_ascii=False, separators=(",", ":"), default=str))
        if size > CHARS_MAX:  # before anything is made of it: `$or` multiplies
            raise InvalidPattern(f"The pattern has {size} characters; {CHARS_MAX} are allowed")
        return cls.compile(pattern)

    @classmethod
    def stored(cls, pattern: object) -> "Pattern":
        """A pattern that was accepted before, perhaps by an earlier release: its complexity is not measured
        again, and one that is no longer valid matches nothing and is logged, so that other rules go on."""
        try:
            return cls._built(pattern)
        except InvalidPattern as error:
            _log.error("a stored event pattern matches nothing until it is put again: %s", error)
            return cls(())

    @classmethod
    def _built(cls, pattern: object) -> "Pattern":
        if not isinstance(pattern, Mapping):
            raise InvalidPattern("Filter is not an object")
        _check_depth(pattern)
        alternatives = tuple(
            tuple(sorted(_distinct(found), key=lambda c: c.path)) for found in _object(pattern, ())
        )
        leaves = [[(c.parts, c.accepts, c.may_be_absent) for c in a] for a in alternatives]
        return cls(alternatives, tuple(grown(found) for found in leaves))

    def matches(self, event: Mapping[str, object]) -> bool:
        """Whether `event` satisfies the pattern."""
        fields: Fields | None = None
        for number, tree in enumerate(self.trees):
            answer = match_tree(tree, event) if tree is not None and type(event) is dict else None
            if answer is None:
                conditions = self.alternatives[number]
                if fields is None:  # taken apart once for all alternatives
                    fields = fields_of(event, frozenset(c.path for a in self.alternatives for c in a))
                answer = match_fields([(c.path, c.accepts, c.may_be_absent) for c in conditions], fields)
            if answer:
                return True
        return False


def _distinct(found: tuple[Condition, ...]) -> tuple[Condition, ...]:
    paths: set[str] = set()
    for condition in found:
        if condition.path in paths:
            raise InvalidPattern(f"Path `{condition.path}` cannot be allowed multiple times")
        paths.add(condition.path)
    return found


def _check_complexity(alternatives: tuple[tuple[Condition, ...], ...]) -> None:
    """Wildcards of a field are measured together, over all alternatives that agree on the fields before it."""
    fields: dict[tuple[str, ...], dict[Wildcards, None]] = {}
    for conditions in alternatives:
        found = [list(wildcards_of(c.values)) for c in conditions]
        if not any(found):
            continue
        before: tuple[str, ...] = ()
        for condition, wildcards in zip(conditions, found, strict=True):
            if wildcards:
                fields.setdefault((*before, condition.path), {}).update(dict.fromkeys(wildcards))
            before = (*before, condition.path, json.dumps(condition.values, sort_keys=True))
    if any(too_complex(tuple(wildcards)) for wildcards in fields.values()):
        raise InvalidPattern(
            "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences "
            "after a wildcard character"
        )


def _check_depth(pattern: object) -> None:
    """Before anything walks through it: what is nested without end overruns the stack."""
    level: list[object] = [pattern]
    for _ in range(DEPTH_MAX + 1):
        below = [node.values() if isinstance(node, Mapping) else node for node in level]
        level = [node for nodes in below for node in nodes if isinstance(node, Mapping | list)]  # type: ignore[attr-defined]
        if not level:
            return
    raise InvalidPattern(f"More than {DEPTH_MAX} values inside one another are not allowed")


def _object(pattern: Mapping[str, object], path: tuple[str, ...]) -> list[tuple[Condition, ...]]:
    if not pattern:
        raise InvalidPattern("Empty objects are not allowed")
    groups: list[list[tuple[Condition, ...]]] = []
    for key, value in pattern.items():
        if key == "$or" and _is_or(value):
            groups.append([found for branch in value for found in _object(branch, path)])  # type: ignore[attr-defined]
        elif isinstance(value, Mapping):
            groups.append(_object(value, (*path, key)))
        elif isinstance(value, list):
            accepts, may_be_absent = compile_values(value)
            parts = (*path, key)
            groups.append([(Condition(".".join(parts), parts, accepts, may_be_absent, tuple(value)),)])
        else:
            raise InvalidPattern(f'"{key}" must be an object or an array')
    size = 1
    for group in groups:
        size *= len(group)
    if size > ALTERNATIVES_MAX:
        raise InvalidPattern(f"$or expands to {size} alternatives; {ALTERNATIVES_MAX} are allowed")
    return [tuple(c for part in chosen for c in part) for chosen in product(*groups)]


def _is_or(value: object) -> bool:
    """`$or` is an operator only above two or more objects whose keys are field names, not operators."""
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(v, Mapping) and v and not (v.keys() & OPERATORS) for v in value)
    )
