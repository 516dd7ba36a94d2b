"""A pattern in the shape of the event: matched along the event's own objects, nothing flattened.

It answers nearly every question; where the answer hangs on more than the tree shows, it says None and the
general matcher decides: keys with a dot, which make a path ambiguous, and fields that must be absent from
the elements of an array, where absence is judged over all elements.
"""

from collections.abc import Sequence

from rimedio.events.operators import Accepts

Leaf = tuple[tuple[str, ...], Accepts, bool]  # keys from the outermost, values accepted, may be absent
# Of a key: what its value must satisfy, whether absence is accepted here or anywhere below, whether absence
# of the whole is accepted, and the keys below; a leaf has no keys below.
Entry = tuple[str, Accepts | None, bool, bool, "Branch | None"]
Branch = tuple["Entry", ...]

_MISSING = object()


def grown(leaves: Sequence[Leaf]) -> Branch | None:
    """The tree of these leaves; None when a key holds a dot or has both values and keys below it."""
    if any("." in part for parts, _, _ in leaves for part in parts):
        return None
    return _grow(leaves, 0)


def _grow(leaves: Sequence[Leaf], depth: int) -> Branch | None:
    by_key: dict[str, list[Leaf]] = {}
    for leaf in leaves:
        by_key.setdefault(leaf[0][depth], []).append(leaf)
    entries: list[Entry] = []
    for key, found in by_key.items():
        ending = [leaf for leaf in found if len(leaf[0]) == depth + 1]
        if ending:
            if len(found) > 1:
                return None
            _, accepts, may_be_absent = ending[0]
            entries.append((key, accepts, may_be_absent, may_be_absent, None))
            continue
        below = _grow(found, depth + 1)
        if below is None:
            return None
        absences = [may_be_absent for _, _, may_be_absent in found]
        entries.append((key, None, any(absences), all(absences), below))
    return tuple(entries)


def match_tree(branch: Branch, node: dict[str, object]) -> bool | None:
    """Whether an object of the event satisfies a branch; None where the tree cannot tell."""
    for key, accepts, absent_somewhere, absent, below in branch:
        value = node.get(key, _MISSING)
        kind = type(value)
        answer: bool | None
        if below is None:
            if kind is list:
                answer = _match_values(accepts, absent, value)  # type: ignore[arg-type]
            elif kind is dict or value is _MISSING:
                answer = absent
            else:
                answer = accepts(value)  # type: ignore[misc]
        elif kind is dict:
            answer = match_tree(below, value)  # type: ignore[arg-type]
        elif kind is list:
            answer = None if absent_somewhere else _match_elements(below, value)  # type: ignore[arg-type]
        else:
            answer = absent
        if answer is not True:
            return None if answer is None or "." in "".join(node) else False
        if absent_somewhere and "." in "".join(node):
            return None
    return True


def _match_values(accepts: Accepts, absent: bool, values: list[object]) -> bool | None:
    """A list of plain values satisfies a leaf by any of them; None when it holds arrays."""
    present = False
    for value in values:
        kind = type(value)
        if kind is list:
            return None
        if kind is not dict:
            present = True
            if accepts(value):
                return True
    return absent and not present


def _match_elements(branch: Branch, elements: list[object]) -> bool | None:
    """A list of objects satisfies a branch by one of them alone: its fields may not come from several."""
    for element in elements:
        kind = type(element)
        if kind is dict:
            answer = match_tree(branch, element)  # type: ignore[arg-type]
        elif kind is list:
            answer = _match_elements(branch, element)  # type: ignore[arg-type]
        else:
            continue
        if answer is not False:
            return answer
    return False
