"""Audits IAM policies for mistakes that a simulation of single calls does not show.

Each check names what can go wrong with it, and what to write instead. Sources: IAM User Guide, "Security best
practices", "The confused deputy problem", "Set operators for multi-valued context keys"; AWS Foundational Security
Best Practices IAM.1, IAM.21.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rimedio.domain.errors import InvalidInput
from rimedio.security.iam_conditions import FOR_ALL, IF_EXISTS, NULL, operator_named
from rimedio.security.iam_documents import EVERYONE, Document, Statement, like, statements_of
from rimedio.security.security_groups import Severity

MFA = "aws:multifactorauthpresent"
SOURCES = frozenset({"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"})
GUARDED = frozenset(
    {
        "aws:principalorgid", "aws:principalarn", "aws:principalaccount", "aws:sourcevpce", "aws:sourcevpc",
        "aws:sourceip", "aws:principalorgpaths", "aws:principaltag", *SOURCES,
    }
)  # fmt: skip
# What lets an identity give itself more: each alone is enough (Rhino Security Labs' list of escalations, shortened).
ESCALATIONS = (
    "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:AttachUserPolicy", "iam:AttachRolePolicy",
    "iam:AttachGroupPolicy", "iam:PutUserPolicy", "iam:PutRolePolicy", "iam:PutGroupPolicy",
    "iam:AddUserToGroup", "iam:UpdateAssumeRolePolicy", "iam:CreateAccessKey", "iam:CreateLoginProfile",
    "iam:UpdateLoginProfile", "iam:PassRole",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PolicyFinding:
    """Something to change in a statement."""

    statement: str
    code: str
    severity: Severity
    message: str


def audit_policy(document: Document | str) -> tuple[PolicyFinding, ...]:
    """All findings of a policy, the worst first. Raises InvalidInput where it is none."""
    order = list(Severity)
    found = [finding for statement in statements_of(document) for finding in _findings(statement)]
    return tuple(sorted(found, key=lambda f: (order.index(f.severity), f.statement, f.code)))


def _findings(statement: Statement) -> Iterator[PolicyFinding]:
    yield from _operators(statement)
    if not statement.allows:
        yield from _weak_denial(statement)
        return
    yield from _breadth(statement)
    yield from _openness(statement)
    yield from _weak_conditions(statement)


def _breadth(statement: Statement) -> Iterator[PolicyFinding]:
    everywhere = EVERYONE in statement.resources or bool(statement.not_resources)
    if EVERYONE in statement.actions and everywhere and not statement.conditions:
        yield _finding(
            statement,
            "ADMINISTRATOR",
            Severity.CRITICAL,
            "It allows everything on everything. Name actions and resources.",
        )
        return
    if statement.not_actions:
        yield _finding(
            statement,
            "ALLOW_NOT_ACTION",
            Severity.HIGH,
            "Allow with NotAction gives every action that will ever exist but those. Name the actions.",
        )
    if statement.not_resources:
        yield _finding(
            statement,
            "ALLOW_NOT_RESOURCE",
            Severity.HIGH,
            "Allow with NotResource gives everything but those. Name the resources.",
        )
    whole = [a for a in statement.actions if a == EVERYONE or a.endswith(":*")]
    if whole and everywhere:
        yield _finding(
            statement,
            "WHOLE_SERVICE",
            Severity.HIGH,
            f"It allows all of {', '.join(whole)} on every resource.",
        )
    escapes = [e for e in ESCALATIONS if any(like(p.lower(), e.lower()) for p in statement.actions)]
    if escapes and everywhere and not statement.conditions and not whole:
        yield _finding(
            statement,
            "ESCALATION",
            Severity.CRITICAL,
            f"With {escapes[0]} on every resource one gives oneself any permission.",
        )


def _openness(statement: Statement) -> Iterator[PolicyFinding]:
    keys = _keys(statement)
    named = statement.principals or ()
    guarded = any(key.partition("/")[0] in GUARDED for key in keys)
    if statement.not_principals is not None:
        yield _finding(
            statement,
            "ALLOW_NOT_PRINCIPAL",
            Severity.CRITICAL,
            "Allow with NotPrincipal lets in everybody else, strangers too.",
        )
    if EVERYONE in named and not guarded:
        yield _finding(
            statement,
            "PUBLIC",
            Severity.CRITICAL,
            "Everybody is let in. Name principals, or an organization in a condition.",
        )
    services = [name for name in named if name.endswith((".amazonaws.com", ".amazonaws.com.cn"))]
    assumes = any(like(p.lower(), "sts:assumerole") for p in statement.actions)
    if services and not keys & SOURCES and not assumes:
        yield _finding(
            statement,
            "CONFUSED_DEPUTY",
            Severity.MEDIUM,
            f"{services[0]} may act for anybody's account. Add aws:SourceArn or aws:SourceAccount.",
        )


def _weak_conditions(statement: Statement) -> Iterator[PolicyFinding]:
    for name, tests in statement.conditions.items():
        lenient = name.endswith(IF_EXISTS)
        if lenient and MFA in tests:
            yield _finding(
                statement,
                "MFA_IF_EXISTS",
                Severity.CRITICAL,
                "Access keys send no MFA key at all, so IfExists lets them in. Write Bool.",
            )
        if name.startswith(FOR_ALL) and not any(_required(statement, key) for key in tests):
            yield _finding(
                statement,
                "FOR_ALL_VALUES_ALONE",
                Severity.HIGH,
                "ForAllValues holds where the key is missing. Add Null: false for the key.",
            )


def _weak_denial(statement: Statement) -> Iterator[PolicyFinding]:
    """A denial without MFA must also meet requests that say nothing of MFA."""
    for name, values in ((n, t[MFA]) for n, t in statement.conditions.items() if MFA in t):
        if name == "Bool" and "false" in values:
            yield _finding(
                statement,
                "MFA_DENIAL_LEAKS",
                Severity.HIGH,
                "Requests by access keys lack the MFA key and pass. Write BoolIfExists.",
            )


def _operators(statement: Statement) -> Iterator[PolicyFinding]:
    for name in statement.conditions:
        if name.lower() == NULL:
            continue
        try:
            operator_named(name)
        except InvalidInput as error:
            yield _finding(statement, "UNKNOWN_OPERATOR", Severity.HIGH, str(error))
    if not statement.variables and any("${" in text for text in _texts(statement)):
        yield _finding(
            statement,
            "VARIABLES_IGNORED",
            Severity.HIGH,
            'Variables count only with "Version": "2012-10-17".',
        )


def _texts(statement: Statement) -> Iterable[str]:
    yield from (*statement.resources, *statement.not_resources)
    for tests in statement.conditions.values():
        for values in tests.values():
            yield from values


def _keys(statement: Statement) -> set[str]:
    return {key for tests in statement.conditions.values() for key in tests}


def _required(statement: Statement, key: str) -> bool:
    """Whether a Null condition says that the key must be there."""
    return any(
        "false" in tests[key]
        for n, tests in statement.conditions.items()
        if n.lower() == NULL and key in tests
    )


def _finding(statement: Statement, code: str, severity: Severity, message: str) -> PolicyFinding:
    return PolicyFinding(statement.name, code, severity, message)
