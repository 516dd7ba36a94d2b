"""IAM's condition operators.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multi-valued context
keys". Operators and keys of a block must all hold, of the values of a key any (of a negated operator: none). A key
that the request does not have fails an operator, satisfies a negated one and any `…IfExists`; `ForAllValues` holds
for it as well, which is why such a test alone protects nothing.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from rimedio.domain.errors import InvalidInput
from rimedio.security.iam_documents import Statement, Values, arn_like, like, unescaped

Test = Callable[[str, str], bool]  # the policy's value, the request's value
IF_EXISTS = "IfExists"
FOR_ALL, FOR_ANY = "ForAllValues", "ForAnyValue"
NULL = "null"


@dataclass(frozen=True, slots=True)
class Operator:
    """A condition operator taken apart."""

    test: Test
    negated: bool
    if_exists: bool
    each: str  # ForAllValues, ForAnyValue or nothing


def hold(statement: Statement, values: Values) -> bool:
    """Whether all conditions of a statement hold. Raises UnresolvedVariable, InvalidInput."""
    return all(
        _holds(name, key, tuple(statement.text(w, values) for w in wanted), values)
        for name, tests in statement.conditions.items()
        for key, wanted in tests.items()
    )


def _holds(name: str, key: str, wanted: tuple[str, ...], values: Values) -> bool:
    given = values.get(key)
    if name.lower() == NULL:
        return any((given is None) == (unescaped(w).lower() == "true") for w in wanted)
    operator = operator_named(name)
    if operator.each == FOR_ALL:
        return all(_one(operator, wanted, value) for value in given or ())
    if not given:
        if operator.each == FOR_ANY:
            return operator.if_exists
        return operator.if_exists or operator.negated
    if operator.each == FOR_ANY or not operator.negated:
        return any(_one(operator, wanted, value) for value in given)
    return all(_one(operator, wanted, value) for value in given)


def _one(operator: Operator, wanted: tuple[str, ...], value: str) -> bool:
    """Whether one value of the request passes."""
    return any(operator.test(w, value) for w in wanted) != operator.negated


def operator_named(name: str) -> Operator:
    """The operator of that name. Raises InvalidInput for one that IAM does not know."""
    each, _, rest = name.rpartition(":")
    if_exists = rest.endswith(IF_EXISTS)
    base = rest.removesuffix(IF_EXISTS).lower()
    if each not in ("", FOR_ALL, FOR_ANY) or base not in _TESTS:
        raise InvalidInput(f"{name!r} is no condition operator of IAM. Check its spelling.")
    test, negated = _TESTS[base]
    return Operator(test, negated, if_exists, each)


def _equal(wanted: str, value: str) -> bool:
    return unescaped(wanted) == value


def _equal_ignoring_case(wanted: str, value: str) -> bool:
    return unescaped(wanted).casefold() == value.casefold()


def _number(compare: Callable[[float, float], bool]) -> Test:
    def test(wanted: str, value: str) -> bool:
        try:
            return compare(float(value), float(wanted))
        except ValueError:
            return False

    return test


def _date(compare: Callable[[datetime, datetime], bool]) -> Test:
    def test(wanted: str, value: str) -> bool:
        try:
            return compare(_instant(value), _instant(wanted))
        except (ValueError, OverflowError):
            return False

    return test


def _instant(text: str) -> datetime:
    """ISO 8601, or seconds since 1970."""
    if text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _within(wanted: str, value: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


_TESTS: Mapping[str, tuple[Test, bool]] = MappingProxyType(
    {
        "stringequals": (_equal, False),
        "stringnotequals": (_equal, True),
        "stringequalsignorecase": (_equal_ignoring_case, False),
        "stringnotequalsignorecase": (_equal_ignoring_case, True),
        "stringlike": (like, False),
        "stringnotlike": (like, True),
        "numericequals": (_number(lambda given, wanted: given == wanted), False),
        "numericnotequals": (_number(lambda given, wanted: given == wanted), True),
        "numericlessthan": (_number(lambda given, wanted: given < wanted), False),
        "numericlessthanequals": (_number(lambda given, wanted: given <= wanted), False),
        "numericgreaterthan": (_number(lambda given, wanted: given > wanted), False),
        "numericgreaterthanequals": (_number(lambda given, wanted: given >= wanted), False),
        "dateequals": (_date(lambda given, wanted: given == wanted), False),
        "datenotequals": (_date(lambda given, wanted: given == wanted), True),
        "datelessthan": (_date(lambda given, wanted: given < wanted), False),
        "datelessthanequals": (_date(lambda given, wanted: given <= wanted), False),
        "dategreaterthan": (_date(lambda given, wanted: given > wanted), False),
        "dategreaterthanequals": (_date(lambda given, wanted: given >= wanted), False),
        "bool": (_equal_ignoring_case, False),
        "binaryequals": (_equal, False),
        "ipaddress": (_within, False),
        "notipaddress": (_within, True),
        "arnequals": (arn_like, False),
        "arnlike": (arn_like, False),
        "arnnotequals": (arn_like, True),
        "arnnotlike": (arn_like, True),
    }
)
