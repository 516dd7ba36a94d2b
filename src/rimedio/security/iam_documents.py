"""IAM policy documents, read: statements, and what their patterns match.

Sources: IAM User Guide, "IAM JSON policy elements reference" and "Policy variables and tags". Actions compare
without regard to case, resources with it. A wildcard stays inside one field of an ARN; a pattern with fewer than
six fields is completed with wildcards. A statement whose variable has no value matches nothing.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from rimedio.domain.errors import InvalidInput

Document: TypeAlias = Mapping[str, object]
Values: TypeAlias = Mapping[str, tuple[str, ...]]  # context keys in small letters → their values
WITH_VARIABLES = "2012-10-17"
ARN_FIELDS = 6
EVERYONE = "*"
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERAL = {
    "*": "\ue000",
    "?": "\ue001",
    "$": "$",
}  # what ${*} and ${?} stand for until patterns are compiled
_DEFAULT = re.compile(r"^\s*([^,\s]+)\s*,\s*'([^']*)'\s*$")
_PAIRS = (("Action", "NotAction"), ("Resource", "NotResource"))
_EFFECTS = ("Allow", "Deny")


class UnresolvedVariable(Exception):
    """A policy variable has no value in this request; never seen outside the simulation."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. Empty tuples and None: the element is absent."""

    name: str  # its Sid, or its place
    allows: bool
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: tuple[str, ...] | None = None
    not_principals: tuple[str, ...] | None = None
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    variables: bool = True

    def covers_action(self, action: str) -> bool:
        """Whether its Action or NotAction element takes the action in."""
        if self.not_actions:
            return not any(like(pattern.lower(), action.lower()) for pattern in self.not_actions)
        return any(like(pattern.lower(), action.lower()) for pattern in self.actions)

    def covers_resource(self, resource: str, values: Values) -> bool:
        """Whether its Resource or NotResource element does. Raises UnresolvedVariable."""
        if self.not_resources:
            return not any(arn_like(self.text(pattern, values), resource) for pattern in self.not_resources)
        if not self.resources:
            return self.principals is not None or self.not_principals is not None  # a trust policy has none
        return any(arn_like(self.text(pattern, values), resource) for pattern in self.resources)

    def covers_principal(self, names: Sequence[str]) -> bool:
        """Whether its Principal or NotPrincipal element names one of `names`; true where it has neither."""
        if self.not_principals is not None:
            return not any(EVERYONE in self.not_principals or name in self.not_principals for name in names)
        if self.principals is None:
            return True
        return EVERYONE in self.principals or any(name in self.principals for name in names)

    def text(self, pattern: str, values: Values) -> str:
        """A pattern with its variables filled in. Raises UnresolvedVariable."""
        return resolved(pattern, values) if self.variables else pattern


def statements_of(document: Document | str) -> tuple[Statement, ...]:
    """The statements of a policy. Raises InvalidInput where it is none."""
    try:
        plain = json.loads(document) if isinstance(document, str) else document
    except json.JSONDecodeError as error:
        raise InvalidInput(f"The policy is not JSON: {error}.") from None
    found = plain.get("Statement") if isinstance(plain, Mapping) else None
    if found is None:
        raise InvalidInput("The policy has no `Statement`. Give a document with Version and Statement.")
    version = plain.get("Version", "2008-10-17")
    several = found if isinstance(found, list | tuple) else [found]
    return tuple(
        _statement(statement, place, variables=version == WITH_VARIABLES)
        for place, statement in enumerate(several)
    )


def _statement(plain: object, place: int, *, variables: bool) -> Statement:
    if not isinstance(plain, Mapping) or plain.get("Effect") not in _EFFECTS:
        raise InvalidInput(f"Statement {place} has no Effect of Allow or Deny.")
    name = str(plain.get("Sid") or f"statement {place}")
    for one, other in _PAIRS:
        if one in plain and other in plain:
            raise InvalidInput(f"{name} has both {one} and {other}. Keep one.")
    if "Action" not in plain and "NotAction" not in plain:
        raise InvalidInput(f"{name} has neither Action nor NotAction.")
    return Statement(
        name=name,
        allows=plain["Effect"] == "Allow",
        actions=_texts(plain.get("Action"), name),
        not_actions=_texts(plain.get("NotAction"), name),
        resources=_texts(plain.get("Resource"), name),
        not_resources=_texts(plain.get("NotResource"), name),
        principals=_principals(plain, "Principal", name),
        not_principals=_principals(plain, "NotPrincipal", name),
        conditions=_conditions(plain.get("Condition"), name),
        variables=variables,
    )


def _texts(given: object, name: str) -> tuple[str, ...]:
    if given is None:
        return ()
    several = given if isinstance(given, list | tuple) else [given]
    if not several or not all(isinstance(value, str) for value in several):
        raise InvalidInput(f"{name} holds {given!r} where texts belong. Resolve intrinsic functions first.")
    return tuple(several)


def _principals(plain: Mapping[str, object], element: str, name: str) -> tuple[str, ...] | None:
    given = plain.get(element)
    if given is None:
        return None
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, Mapping):
        raise InvalidInput(f"{name} has a {element} that is neither text nor object.")
    return tuple(text for value in given.values() for text in _texts(value, name))


def _conditions(given: object, name: str) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InvalidInput(f"{name} has a Condition that is no object.")
    found: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for operator, tests in given.items():
        if not isinstance(tests, Mapping):
            raise InvalidInput(f"{name}: the condition {operator} is no object of keys and values.")
        found[str(operator)] = {str(key).lower(): plain_values(value) for key, value in tests.items()}
    return found


def plain_values(value: object) -> tuple[str, ...]:
    """Values of a condition or of the request as texts: true becomes "true", 5 becomes "5"."""
    several = value if isinstance(value, list | tuple | set | frozenset) else (value,)
    return tuple(str(v).lower() if isinstance(v, bool) else str(v) for v in several)


def resolved(text: str, values: Values) -> str:
    """The text with `${key}` replaced; values are literal, whatever stars they hold."""

    def fill(match: re.Match[str]) -> str:
        inner = match[1]
        if inner in _LITERAL:
            return _LITERAL[inner]
        default = _DEFAULT.match(inner)
        key, otherwise = (default[1], default[2]) if default else (inner.strip(), None)
        found = values.get(key.lower(), ())
        if len(found) == 1:
            return found[0].replace("*", _LITERAL["*"]).replace("?", _LITERAL["?"])
        if otherwise is None:
            raise UnresolvedVariable(key)
        return otherwise

    return _VARIABLE.sub(fill, text)


@lru_cache(maxsize=4096)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    text = "".join(parts).replace(_LITERAL["*"], re.escape("*")).replace(_LITERAL["?"], re.escape("?"))
    return re.compile(text, re.DOTALL)


def like(pattern: str, value: str) -> bool:
    """Whether a pattern with `*` and `?` matches the whole value."""
    return _expression(pattern).fullmatch(value) is not None


def unescaped(text: str) -> str:
    """A text whose variables were filled in, for operators that know no wildcards."""
    return text.replace(_LITERAL["*"], "*").replace(_LITERAL["?"], "?")


def arn_like(pattern: str, value: str) -> bool:
    """Whether an ARN pattern matches, field by field."""
    if pattern == "*":
        return True
    wanted, given = pattern.split(":", ARN_FIELDS - 1), value.split(":", ARN_FIELDS - 1)
    if not pattern.startswith("arn:") or len(given) < ARN_FIELDS:
        return like(pattern, value)
    wanted += ["*"] * (ARN_FIELDS - len(wanted))
    return all(like(one, other) for one, other in zip(wanted, given, strict=True))
