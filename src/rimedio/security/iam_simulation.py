"""What a role may do, worked out from its policies: IAM's evaluation logic, without an account.

Source: IAM User Guide, "Policy evaluation logic". An explicit Deny anywhere decides. Otherwise every level of service
control policies must allow, then the permissions boundary and the session policies where there are any, and the
identity's own policies or, within one account, the policy of the resource. What nobody allows is denied.

The policies of KMS keys and of roles (trust) are special: where they are given, they must allow as well, by naming
the principal or its account.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rimedio.security.iam_conditions import hold
from rimedio.security.iam_documents import (
    Document,
    Statement,
    UnresolvedVariable,
    Values,
    plain_values,
    statements_of,
)

ContextValue = str | bool | int | float | Sequence[str]
MUST_ALLOW = ("kms:", "sts:assumerole")  # services whose resource policy decides even within the account


class Effect(StrEnum):
    """How a request ends, in the words of IAM's own simulator."""

    ALLOWED = "allowed"
    IMPLICIT_DENY = "implicitDeny"
    EXPLICIT_DENY = "explicitDeny"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and which statement or missing permission made it."""

    effect: Effect
    reason: str

    @property
    def allowed(self) -> bool:
        """Whether the request goes through."""
        return self.effect is Effect.ALLOWED


@dataclass(frozen=True, slots=True)
class Request:
    """Who wants to do what to what, under which circumstances. `principal` is an ARN."""

    action: str
    resource: str
    values: Values
    principal: str | None = None

    @property
    def principals(self) -> tuple[str, ...]:
        """The names under which a resource's policy may mean the principal: itself, its role, its account."""
        if self.principal is None:
            return ()
        fields = self.principal.split(":", 5)
        if len(fields) < 6:  # a service, such as events.amazonaws.com
            return (self.principal,)
        account = fields[4]
        names = [self.principal, account, f"arn:{fields[1]}:iam::{account}:root"]
        if fields[5].startswith("assumed-role/"):
            names.append(f"arn:{fields[1]}:iam::{account}:role/{fields[5].split('/')[1]}")
        return tuple(names)


def simulate(
    policies: Iterable[Document | str],
    action: str,
    resource: str = "*",
    context: Mapping[str, ContextValue] | None = None,
    *,
    boundary: Iterable[Document | str] = (),
    session: Iterable[Document | str] = (),
    scps: Iterable[Iterable[Document | str]] = (),
    resource_policy: Document | str | None = None,
    principal: str | None = None,
) -> Decision:
    """Whether the policies of an identity let it do `action` on `resource`.

    `scps` has one list of policies a level of the organization, from its root down. Raises InvalidInput for a
    document that is no policy.
    """
    values = {key.lower(): plain_values(value) for key, value in (context or {}).items()}
    if principal is not None:
        values.setdefault("aws:principalarn", (principal,))
    request = Request(action, resource, values, principal)
    own, limits, sessions = _parsed(policies), _parsed(boundary), _parsed(session)
    levels = [_parsed(level) for level in scps]
    of_resource = () if resource_policy is None else statements_of(resource_policy)
    everything = (*own, *limits, *sessions, *(s for level in levels for s in level), *of_resource)
    for statement in everything:
        if not statement.allows and _matches(statement, request):
            return Decision(Effect.EXPLICIT_DENY, f"{statement.name} denies {action} on {resource}.")
    for place, level in enumerate(levels):
        if _allowing(level, request) is None:
            return _denied(request, f"no service control policy of level {place} allows it")
    return _granted(request, own, limits, sessions, of_resource, needs=resource_policy is not None)


def _granted(
    request: Request,
    own: Sequence[Statement],
    limits: Sequence[Statement],
    sessions: Sequence[Statement],
    of_resource: Sequence[Statement],
    *,
    needs: bool,
) -> Decision:
    by_resource = _allowing(of_resource, request)
    if needs and request.action.lower().startswith(MUST_ALLOW) and by_resource is None:
        return _denied(request, "the policy of the resource does not allow it")
    if by_resource is not None and _names_exactly(by_resource, request):
        return Decision(Effect.ALLOWED, f"{by_resource.name} of the resource allows it.")
    for what, statements in (("permissions boundary", limits), ("session policy", sessions)):
        if statements and _allowing(statements, request) is None:
            return _denied(request, f"the {what} does not allow it")
    by_identity = _allowing(own, request)
    if by_identity is not None:
        return Decision(Effect.ALLOWED, f"{by_identity.name} allows it.")
    delegates = by_resource is not None and not _only_delegates(by_resource, request)
    if by_resource is not None and delegates:
        return Decision(Effect.ALLOWED, f"{by_resource.name} of the resource allows it.")
    return _denied(request, "no policy allows it")


def _parsed(documents: Iterable[Document | str]) -> tuple[Statement, ...]:
    return tuple(statement for document in documents for statement in statements_of(document))


def _allowing(statements: Sequence[Statement], request: Request) -> Statement | None:
    return next((s for s in statements if s.allows and _matches(s, request)), None)


def _matches(statement: Statement, request: Request) -> bool:
    try:
        return (
            statement.covers_action(request.action)
            and statement.covers_principal(request.principals)
            and statement.covers_resource(request.resource, request.values)
            and hold(statement, request.values)
        )
    except UnresolvedVariable:
        return False


def _names_exactly(statement: Statement, request: Request) -> bool:
    """Whether a resource's policy names a user or a role's session itself: boundaries do not limit that."""
    principal, named = request.principal or "", statement.principals or ()
    return principal in named and (":user/" in principal or ":assumed-role/" in principal)


def _only_delegates(statement: Statement, request: Request) -> bool:
    """Whether the statement names the account alone: it lets the account's own policies decide."""
    named = set(statement.principals or ())
    if request.principal is None or "*" in named or request.principal in named:
        return False
    account_names = {n for n in request.principals if n.endswith(":root") or n.isdigit()}
    return not named.intersection(set(request.principals) - account_names)


def _denied(request: Request, why: str) -> Decision:
    return Decision(Effect.IMPLICIT_DENY, f"{request.action} on {request.resource}: {why}.")
