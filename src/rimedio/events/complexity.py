"""How complex the wildcards of a pattern are, and where EventBridge refuses them.

Measured is how many beginnings of wildcards one and the same text can match at once, for the worst text: of
`*:*:x` the text `::` matches the beginnings `*`, `*:`, `*:*` and `*:*:`. A matcher that reads the text once has
to hold all of them.

Source: Amazon EventBridge User Guide, "Wildcards and event pattern complexity", which says that there is a limit
but not which; refusals that were published (four filters of `*:stack/NAME/*` in one rule, but not three) put it
at ten, counted as here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

COMPLEXITY_MAX = 10
TEXTS_MAX = 10_000  # sets of beginnings looked at before a pattern counts as too complex to tell
STAR = -1
_QUOTE = ord('"')  # a text of JSON ends, so the last beginning is a whole match

Wildcards = tuple[str, ...]  # of one match expression; `anything-but` may have several
Place = tuple[int, int]  # (number of the wildcard, how much of it was matched)


def wildcards_of(values: Iterable[object]) -> Iterator[Wildcards]:
    """The wildcards of each match expression that has any; the expressions must be valid."""
    for value in values:
        if not isinstance(value, Mapping):
            continue
        found = value.get("wildcard")
        refused = value.get("anything-but")
        if isinstance(refused, Mapping):
            found = refused.get("wildcard")
        if found is not None:
            yield tuple(sorted(set(found))) if isinstance(found, list) else (str(found),)


def too_complex(expressions: Sequence[Wildcards]) -> bool:
    """Whether the wildcards of one field go beyond the limit together."""
    texts = [(number, text) for number, found in enumerate(expressions) for text in found]
    machine = _Machine([(number, _tokens(text)) for number, text in texts])
    first = machine.closed((number, 0) for number in range(len(texts)))
    seen, pending = {first}, [first]
    while pending:
        active = pending.pop()
        for byte in machine.expected(active):
            following = machine.after(active, byte)
            if machine.beginnings(following) > COMPLEXITY_MAX or len(seen) > TEXTS_MAX:
                return True
            if following and following not in seen:
                seen.add(following)
                pending.append(following)
    return False


class _Machine:
    """All wildcards of a field, read along one text."""

    def __init__(self, wildcards: Sequence[tuple[int, tuple[int, ...]]]) -> None:
        self._tokens = [tokens for _, tokens in wildcards]
        self._names = _names(wildcards)

    def closed(self, places: Iterable[Place]) -> frozenset[Place]:
        """With the places that a star reaches by matching nothing."""
        found = set(places)
        stars = [(n, at + 1) for n, at in found if at < len(self._tokens[n]) and self._tokens[n][at] == STAR]
        return frozenset(found.union(stars))

    def expected(self, active: frozenset[Place]) -> set[int | None]:
        """Bytes that lead on from some place; None stands for any other."""
        found = {self._tokens[n][at] for n, at in active if at < len(self._tokens[n])}
        return {None, *(token for token in found if token != STAR)}

    def after(self, active: frozenset[Place], byte: int | None) -> frozenset[Place]:
        """Where the text stands after one more byte."""
        found: set[Place] = set()
        for n, at in active:
            tokens = self._tokens[n]
            if at and tokens[at - 1] == STAR:
                found.add((n, at))
            if at < len(tokens) and tokens[at] == byte:
                found.add((n, at + 1))
        return self.closed(found)

    def beginnings(self, active: frozenset[Place]) -> int:
        """How many beginnings are matched; one that wildcards of an expression share counts once."""
        return len({self._names[n][at] for n, at in active if at})


def _names(wildcards: Sequence[tuple[int, tuple[int, ...]]]) -> list[list[int]]:
    """A number for every beginning; up to its first star, equal text of one expression has the same."""
    shared: dict[tuple[int, int], int] = {}  # (beginning, token after it): the longer beginning
    found: list[list[int]] = []
    count = 0
    for expression, tokens in wildcards:
        names, fixed = [-1 - expression], True
        for token in tokens:
            count += 1
            names.append(shared.setdefault((names[-1], token), count) if fixed else count)
            fixed = fixed and token != STAR
        found.append(names)
    return found


def _tokens(text: str) -> tuple[int, ...]:
    """A valid wildcard as bytes and stars, the quotation marks around it included."""
    found, escaped = [_QUOTE], False
    for byte in text.encode("utf-8", "surrogatepass"):
        if byte == ord("\\") and not escaped:
            escaped = True
            continue
        found.append(STAR if byte == ord("*") and not escaped else byte)
        escaped = False
    return (*found, _QUOTE)
