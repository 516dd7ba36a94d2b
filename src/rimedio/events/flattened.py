"""Matching over arrays in general: an event taken apart into fields, each with the array elements it stands in.

Slower than the tree, and the one that says what is right: fields of one pattern must come out of the same
elements, and a field is absent when none of the elements that are still possible has it.
"""

from collections.abc import Iterator, Mapping, Sequence

from rimedio.events.operators import Accepts

Membership = tuple[tuple[int, int], ...]  # (number of the array, index in it), sorted, the outermost first
Field = tuple[object, Membership]
Fields = Mapping[str, Sequence[Field]]
Wanted = tuple[str, Accepts, bool]  # path, values accepted, may be absent; by path


def match_fields(wanted: Sequence[Wanted], fields: Fields) -> bool:
    """Whether values can be chosen for all paths so that no array is entered at two places at once."""
    states: set[Membership] = {()}
    for number, (path, accepts, may_be_absent) in enumerate(wanted):
        elements = _Elements(fields[path])
        later = _arrays(fields[following] for following, _, _ in wanted[number + 1 :])
        # Arrays that no later field stands in cannot contradict any more: forgotten, or the states multiply
        states = {
            tuple(at for at in merged if at[0] in later)
            for state in states
            for merged in _step(elements, accepts, may_be_absent, state)
        }
        if not states:
            return False
    return True


def fields_of(event: Mapping[str, object], wanted: frozenset[str]) -> Fields:
    """Leaf values of the wanted paths."""
    found: dict[str, list[Field]] = {path: [] for path in wanted}
    arrays = 0
    pending: list[tuple[object, str | None, Membership]] = [(event, None, ())]
    while pending:
        node, path, inside = pending.pop()
        if type(node) is dict:
            for key, value in node.items():
                below = key if path is None else f"{path}.{key}"
                if type(value) is dict or type(value) is list:
                    pending.append((value, below, inside))
                elif below in found:
                    found[below].append((value, inside))
        elif type(node) is list:
            for index, value in enumerate(node):
                pending.append((value, path, (*inside, (arrays, index))))
            arrays += 1
        elif path is not None and path in found:
            found[path].append((node, inside))
    return found


class _Elements:
    """The fields of one path by the element of their outermost array."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._outside = [found for found in fields if not found[1]]
        self._inside: dict[int, dict[int, list[Field]]] = {}
        for found in fields:
            if found[1]:
                array, index = found[1][0]
                self._inside.setdefault(array, {}).setdefault(index, []).append(found)

    def possible(self, state: Membership) -> Iterator[Field]:
        """Those whose outermost array is not entered elsewhere."""
        yield from self._outside
        chosen = dict(state)
        for array, by_index in self._inside.items():
            if array in chosen:
                yield from by_index.get(chosen[array], ())
            else:
                for found in by_index.values():
                    yield from found


def _arrays(fields: Iterator[Sequence[Field]]) -> frozenset[int]:
    return frozenset(array for found in fields for _, membership in found for array, _ in membership)


def _step(
    elements: _Elements, accepts: Accepts, may_be_absent: bool, state: Membership
) -> Iterator[Membership]:
    present = False
    for value, membership in elements.possible(state):
        merged = _join(state, membership)
        if merged is None:
            continue
        present = True
        if accepts(value):
            yield merged
    if may_be_absent and not present:
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
