"""Event patterns with EventBridge's meaning: compiled once, then asked about any number of events.

A pattern is flattened into paths (`detail.state`), each with the values it accepts; `$or` multiplies it into
alternatives. An event matches when every path of one alternative finds a field with an accepted value, all
taken from the same elements of the arrays they stand in.

Source: Amazon EventBridge User Guide, "Comparison operators for use in event patterns".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from rimedio.events.operators import OPERATORS, Accepts, InvalidPattern, compile_values
from rimedio.events.pattern_tree import Branch, grown, match_tree

Membership = tuple[tuple[int, int], ...]  # (number of the array, index in it), sorted
ALTERNATIVES_MAX = 1000


@dataclass(frozen=True, slots=True)
class Condition:
    """What the fields of one path must satisfy."""

    path: str
    parts: tuple[str, ...]
    accepts: Accepts
    may_be_absent: bool


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern. `trees` are the alternatives once more, in the shape of the event; None where a
    path is ambiguous."""

    alternatives: tuple[tuple[Condition, ...], ...]
    trees: tuple[Branch | None, ...] = field(default=(), repr=False)

    @classmethod
    def compile(cls, pattern: object) -> "Pattern":
        """Check and compile. Raises InvalidPattern with AWS's reason when the pattern breaks a rule."""
        if not isinstance(pattern, Mapping):
            raise InvalidPattern("Filter is not an object")
        alternatives = tuple(
            tuple(sorted(_distinct(found), key=lambda c: c.path)) for found in _object(pattern, ())
        )
        leaves = [[(c.parts, c.accepts, c.may_be_absent) for c in a] for a in alternatives]
        return cls(alternatives, tuple(grown(found) for found in leaves))

    def matches(self, event: Mapping[str, object]) -> bool:
        """Whether `event` satisfies the pattern."""
        for number, tree in enumerate(self.trees):
            answer = match_tree(tree, event) if tree is not None and type(event) is dict else None
            if answer is None:
                conditions = self.alternatives[number]
                answer = _match_arrays(conditions, _fields(event, frozenset(c.path for c in conditions)))
            if answer:
                return True
        return False


def _distinct(found: tuple[Condition, ...]) -> tuple[Condition, ...]:
    paths = [c.path for c in found]
    for path in paths:
        if paths.count(path) > 1:
            raise InvalidPattern(f"Path `{path}` cannot be allowed multiple times")
    return found


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
            groups.append([(Condition(".".join(parts), parts, accepts, may_be_absent),)])
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


Fields = dict[str, list[tuple[object, Membership]]]


def _fields(event: Mapping[str, object], wanted: frozenset[str]) -> Fields:
    """Leaf values of the wanted paths, each with the array elements it stands in."""
    found: Fields = {path: [] for path in wanted}
    arrays = 0
    pending: list[tuple[object, str, Membership]] = [(event, "", ())]
    while pending:
        node, path, inside = pending.pop()
        if type(node) is dict:
            for key, value in node.items():
                below = f"{path}.{key}" if path else key
                if type(value) is dict or type(value) is list:
                    pending.append((value, below, inside))
                elif below in found:
                    found[below].append((value, inside))
        elif type(node) is list:
            for index, value in enumerate(node):
                pending.append((value, path, (*inside, (arrays, index))))
            arrays += 1
        elif path in found:
            found[path].append((node, inside))
    return found


def _match_arrays(conditions: tuple[Condition, ...], fields: Fields) -> bool:
    """Whether values can be chosen for all paths so that no array is entered at two places at once."""
    states: set[Membership] = {()}
    for condition in conditions:
        candidates = fields.get(condition.path, [])
        following: set[Membership] = set()
        for state in states:
            following.update(_step(condition, candidates, state))
        if not following:
            return False
        states = following
    return True


def _step(
    condition: Condition, candidates: list[tuple[object, Membership]], state: Membership
) -> Iterator[Membership]:
    present = False
    for value, membership in candidates:
        merged = _join(state, membership)
        if merged is None:
            continue
        present = True
        if condition.accepts(value):
            yield merged
    if condition.may_be_absent and not present:
        yield state


def _join(one: Membership, other: Membership) -> Membership | None:
    """Both choices together, or None where they differ on an array."""
    if not one or not other or one == other:
        return one or other
    chosen = dict(one)
    for array, index in other:
        if chosen.setdefault(array, index) != index:
            return None
    return tuple(sorted(chosen.items()))
