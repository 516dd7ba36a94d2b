"""The operators of event patterns: what a list of accepted values means for one value of an event."""

import ipaddress
import operator
import re
import socket
from collections.abc import Callable, Mapping, Sequence

from rimedio.domain.errors import InvalidInput

Accepts = Callable[[object], bool]
NUMBER_MAX = 5e9
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]+")
_DIGITS = re.compile(r"[0-9]{1,9}")


class InvalidPattern(InvalidInput):
    """An event pattern breaks a rule; the message ends with EventBridge's own reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Event pattern is not valid. Reason: {reason}")
        self.reason = reason


def compile_values(values: Sequence[object]) -> tuple[Accepts, bool]:
    """What a leaf accepts, and whether it also accepts that the field is absent. Raises InvalidPattern."""
    if not values:
        raise InvalidPattern("Empty arrays are not allowed")
    exact: set[tuple[str, object]] = set()
    tests: list[Accepts] = []
    may_be_absent = False
    for value in values:
        if isinstance(value, Mapping):
            test = _operator(value)
            if test is None:
                may_be_absent = True
            else:
                tests.append(test)
        elif isinstance(value, list):
            raise InvalidPattern("Match value must be String, number, true, false, or null")
        else:
            exact.add(_typed(value))
    return _any_of(frozenset(exact), tuple(tests)), may_be_absent


def _any_of(exact: frozenset[tuple[str, object]], tests: tuple[Accepts, ...]) -> Accepts:
    strings = frozenset(v for kind, v in exact if kind == "s")
    if len(strings) == len(exact) and not tests:
        return lambda value: type(value) is str and value in strings
    if not exact and len(tests) == 1:
        return tests[0]
    return lambda value: _typed(value) in exact or any(test(value) for test in tests)


def _typed(value: object) -> tuple[str, object]:
    """A value with its JSON type, for in Python 1 == True."""
    if isinstance(value, bool):
        return ("b", value)
    if isinstance(value, int | float):
        return ("n", value)
    return ("s", value) if isinstance(value, str) else ("0", None)


def _operator(expression: Mapping[str, object]) -> Accepts | None:
    """The test of a match expression; None stands for `{"exists": false}`."""
    if len(expression) != 1:
        raise InvalidPattern("Only one key allowed in match expression")
    ((name, argument),) = expression.items()
    if name == "exists":
        if not isinstance(argument, bool):
            raise InvalidPattern("exists match pattern must be either true or false.")
        return (lambda _: True) if argument else None
    compile_one = _COMPILERS.get(name)
    if compile_one is None:
        raise InvalidPattern(f"Unrecognized match type {name}")
    return compile_one(argument)


def _text(argument: object, name: str, *, empty: bool = True) -> str:
    if not isinstance(argument, str):
        raise InvalidPattern(f"{name} match pattern must be a string")
    if not argument and not empty:
        raise InvalidPattern("Null prefix/suffix not allowed")
    return argument


def _prefix(argument: object) -> Accepts:
    if isinstance(argument, Mapping):
        start = _uncased(_ignoring_case(argument, "prefix"))
        return lambda v: isinstance(v, str) and _uncased(v).startswith(start)
    text = _text(argument, "prefix")
    return lambda v: isinstance(v, str) and v.startswith(text)


def _suffix(argument: object) -> Accepts:
    if isinstance(argument, Mapping):
        end = _uncased(_ignoring_case(argument, "suffix"))
        return lambda v: isinstance(v, str) and _uncased(v).endswith(end)
    text = _text(argument, "suffix")
    return lambda v: isinstance(v, str) and v.endswith(text)


def _ignoring_case(argument: Mapping[str, object], name: str) -> str:
    if argument.keys() != {"equals-ignore-case"}:
        raise InvalidPattern(f"Unsupported {name} match pattern: {', '.join(argument)}")
    return _text(argument["equals-ignore-case"], "equals-ignore-case")


def _equals_ignore_case(argument: object) -> Accepts:
    text = _uncased(_text(argument, "equals-ignore-case"))
    return lambda v: isinstance(v, str) and _uncased(v) == text


def _uncased(text: str) -> str:
    """Lower case of each character for itself: of a whole word, a Greek sigma's depends on where it stands."""
    return text.lower() if text.isascii() else "".join([character.lower() for character in text])


def _wildcard(argument: object) -> Accepts:
    found = re.compile(_wildcard_expression(_text(argument, "wildcard")), re.DOTALL)
    return lambda v: isinstance(v, str) and found.fullmatch(v) is not None


def _wildcard_expression(text: str) -> str:
    """A regular expression of the same meaning: `*` any characters, `\\*` a star, `\\\\` a backslash.

    Between two stars the shortest match is as good as any other, so each part is taken for good once found
    (atomic group): matching stays linear in the text.
    """
    parts: list[str] = [""]
    position = 0
    while position < len(text):
        char = text[position]
        if char == "\\":
            following = text[position + 1 : position + 2]
            if following not in ("*", "\\") or not following:
                raise InvalidPattern(f"Invalid escape character at pos {position + 1}")
            parts[-1] += re.escape(following)
            position += 1
        elif char == "*":
            if text[position + 1 : position + 2] == "*":
                raise InvalidPattern(f"Consecutive wildcard characters at pos {position + 1}")
            parts.append("")
        else:
            parts[-1] += re.escape(char)
        position += 1
    if len(parts) == 1:
        return parts[0]
    middle = "".join(f"(?>.*?{part})" for part in parts[1:-1])
    return f"{parts[0]}{middle}.*{parts[-1]}"


def _anything_but(argument: object) -> Accepts:
    if isinstance(argument, Mapping):
        return _anything_but_like(argument)
    values = argument if isinstance(argument, list) else [argument]
    if not values:
        raise InvalidPattern("Empty arrays are not allowed")
    kinds = {_typed(v)[0] for v in values}
    if kinds not in ({"s"}, {"n"}):
        raise InvalidPattern(
            "Inside anything but list, either all values are number or string, mixed type is not supported"
        )
    refused = frozenset(_typed(v) for v in values)
    return lambda v: _typed(v) not in refused


def _anything_but_like(argument: Mapping[str, object]) -> Accepts:
    if len(argument) != 1:
        raise InvalidPattern("Only one key allowed in match expression")
    ((name, nested),) = argument.items()
    compile_one = {
        "prefix": _prefix,
        "suffix": _suffix,
        "equals-ignore-case": _equals_ignore_case,
        "wildcard": _wildcard,
    }.get(name)
    if compile_one is None:
        raise InvalidPattern(f"Unsupported anything-but pattern: {name}")
    values = nested if isinstance(nested, list) else [nested]
    if not values:
        raise InvalidPattern("Empty arrays are not allowed")
    may_be_empty = name in ("equals-ignore-case", "wildcard")
    tests = [compile_one(_text(v, name, empty=may_be_empty)) for v in values]
    return lambda v: not any(test(v) for test in tests)


_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _numeric(argument: object) -> Accepts:
    if not isinstance(argument, list):
        raise InvalidPattern("Value of numeric must be an array.")
    bounds = _bounds(argument)
    if len(bounds) == 2:
        (first, low), (second, high) = bounds
        if not first.startswith(">") or not second.startswith("<"):
            raise InvalidPattern(f"Bad numeric range operator: {second}")
        if low >= high:
            raise InvalidPattern("Bottom must be less than top")
    elif len(bounds) > 2:
        raise InvalidPattern("Too many terms in numeric range expression")
    tests = [(_COMPARE[name], bound) for name, bound in bounds]
    (compare, bound), (compare_too, bound_too) = tests[0], tests[-1]

    def accepts(value: object) -> bool:
        if type(value) is not int and type(value) is not float:  # a bool is neither
            return False
        return -NUMBER_MAX <= value <= NUMBER_MAX and compare(value, bound) and compare_too(value, bound_too)

    return accepts


def _bounds(argument: list[object]) -> list[tuple[str, float]]:
    if not argument:
        raise InvalidPattern("Invalid member in numeric match: ]")
    bounds: list[tuple[str, float]] = []
    for position in range(0, len(argument), 2):
        name = argument[position]
        if not isinstance(name, str):
            raise InvalidPattern(f"Invalid member in numeric match: {name}")
        if name not in _COMPARE:
            raise InvalidPattern(f"Unrecognized numeric range operator: {name}")
        value = argument[position + 1] if position + 1 < len(argument) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidPattern(f"Value of {name} must be numeric")
        if not -NUMBER_MAX <= value <= NUMBER_MAX:  # nor what is no number
            raise InvalidPattern(f"Value must be between {-NUMBER_MAX} and {NUMBER_MAX}, inclusive")
        bounds.append((name, value))
    return bounds


def _cidr(argument: object) -> Accepts:
    if not isinstance(argument, str):
        raise InvalidPattern("prefix match pattern must be a string")
    address, slash, bits = argument.partition("/")
    if not slash or "/" in bits:
        raise InvalidPattern("Malformed CIDR, one '/' required")
    if not _ADDRESS.fullmatch(address):  # a zone (fe80::1%eth0) has no place in a network
        raise InvalidPattern(f"Nonstandard IP address: {address}")
    if not _DIGITS.fullmatch(bits):  # nor has a mask in dots
        raise InvalidPattern(f"Malformed CIDR, mask bits must be an integer: {bits}")
    try:
        most = ipaddress.ip_address(address).max_prefixlen
    except ValueError:
        raise InvalidPattern(f"Nonstandard IP address: {address}") from None
    if int(bits) > most:
        raise InvalidPattern(f"Malformed CIDR, {most} mask bits are the most: {bits}")
    network = ipaddress.ip_network(f"{address}/{int(bits)}", strict=False)

    family = socket.AF_INET if network.version == 4 else socket.AF_INET6
    start, mask = int(network.network_address), int(network.netmask)

    def accepts(value: object) -> bool:
        try:
            packed = socket.inet_pton(family, value)  # type: ignore[arg-type]
        except (OSError, TypeError, ValueError):  # no address of this family, no text, a NUL in it
            return False
        return int.from_bytes(packed) & mask == start

    return accepts


_COMPILERS: Mapping[str, Callable[[object], Accepts]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
}
OPERATORS = frozenset(_COMPILERS) | {"exists"}
