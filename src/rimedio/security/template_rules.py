"""Rules that a CloudFormation template must keep, named as in the AWS Guard Rules Registry.

A rule looks at subjects in a template: entries of security groups, statements of policies, resources of a type. It
passes when all are good, fails when one is not, and is skipped when there is none. A resource can be excused from a
rule in its own metadata, by the rule's name under `guard` or its number under `cfn_nag`; then it does not count.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias

from rimedio.security.security_groups import is_world

Plain: TypeAlias = Mapping[str, Any]
Judge: TypeAlias = Callable[[Plain], Iterable[bool]]  # a resource → whether each of its subjects is good

GROUP = "AWS::EC2::SecurityGroup"
APART = {True: "AWS::EC2::SecurityGroupIngress", False: "AWS::EC2::SecurityGroupEgress"}
INLINE = {True: "SecurityGroupIngress", False: "SecurityGroupEgress"}
ROLE, POLICY, MANAGED = "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"
LOOPBACK = ("127.0.0.1/32", "::1/128")
SSH = 22
WELL_KNOWN_PORTS = (20, 21, 3389, 3306, 4333)


class Verdict(StrEnum):
    """How a template stands by a rule."""

    PASS = "PASS"  # noqa: S105 - a verdict
    FAIL = "FAIL"
    SKIP = "SKIP"


@dataclass(frozen=True, slots=True)
class TemplateRule:
    """A rule, the resource types it looks at, and its numbers in cfn_nag."""

    name: str
    types: frozenset[str]
    judge: Judge
    nag: tuple[str, ...] = ()

    def verdict(self, template: Plain) -> Verdict:
        """How the template stands."""
        resources = template.get("Resources") or {}
        good = [
            answer
            for resource in resources.values()
            if isinstance(resource, Mapping)
            and resource.get("Type") in self.types
            and not self._excused(resource)
            for answer in self.judge(resource)
        ]
        if not good:
            return Verdict.SKIP
        return Verdict.PASS if all(good) else Verdict.FAIL

    def _excused(self, resource: Plain) -> bool:
        metadata = _mapping(resource.get("Metadata"))
        guard = _list(_mapping(metadata.get("guard")).get("SuppressedRules"))
        nag = _list(_mapping(metadata.get("cfn_nag")).get("rules_to_suppress"))
        by_name = any(
            entry == self.name or (isinstance(entry, Mapping) and self.name in entry) for entry in guard
        )
        return by_name or any(_mapping(entry).get("id") in self.nag for entry in nag)


# -- security groups


def _entries(resource: Plain, *, ingress: bool) -> list[Plain]:
    """The rules that a resource holds in one direction."""
    properties = _mapping(resource.get("Properties"))
    if resource.get("Type") == APART[ingress]:
        return [properties]
    return [_mapping(entry) for entry in _list(properties.get(INLINE[ingress]))]


def _each_entry(good: Callable[[Plain], bool], *, ingress: bool) -> Judge:
    def judge(resource: Plain) -> Iterator[bool]:
        entries = _entries(resource, ingress=ingress)
        yield from map(good, entries) if entries else (True,)

    return judge


def _blocks(entry: Plain) -> list[str]:
    return [value for value in (entry.get("CidrIp"), entry.get("CidrIpv6")) if isinstance(value, str)]


def _closed(entry: Plain) -> bool:
    return not any(map(is_world, _blocks(entry)))


def _one_port(entry: Plain) -> bool:
    return bool(entry.get("FromPort") == entry.get("ToPort"))


def _one_protocol(entry: Plain) -> bool:
    return str(entry.get("IpProtocol")) != "-1" or any(block in LOOPBACK for block in _blocks(entry))


def _one_address(entry: Plain) -> bool:
    return all(block.endswith("/128" if ":" in block else "/32") for block in _blocks(entry))


def _opens(entry: Plain, port: int) -> bool:
    first, last = entry.get("FromPort"), entry.get("ToPort")
    if not isinstance(first, int) or not isinstance(last, int):
        return False
    return entry.get("IpProtocol") in ("tcp", "udp", "6", "17") and first <= port <= last


def _ssh(resource: Plain) -> Iterator[bool]:
    yield from (_closed(entry) for entry in _entries(resource, ingress=True) if _opens(entry, SSH))


def _well_known_ports(resource: Plain) -> Iterator[bool]:
    for entry in _entries(resource, ingress=True):
        if entry.get("IpProtocol") in ("tcp", "udp"):
            yield not any(_opens(entry, port) for port in WELL_KNOWN_PORTS)


def _described(resource: Plain) -> Iterator[bool]:
    entries = [e for ingress in (True, False) for e in _entries(resource, ingress=ingress)]
    if resource.get("Type") == GROUP:
        yield bool(_mapping(resource.get("Properties")).get("GroupDescription"))
    yield from (bool(entry.get("Description")) for entry in entries)


def _has_egress(resource: Plain) -> Iterator[bool]:
    yield bool(_entries(resource, ingress=False))


# -- policies


def _statements(resource: Plain, *, trust: bool) -> list[Plain]:
    """The statements of a resource's policies, or of a role's trust policy."""
    properties = _mapping(resource.get("Properties"))
    if trust:
        documents = [properties.get("AssumeRolePolicyDocument")]
    else:
        inline = [_mapping(policy).get("PolicyDocument") for policy in _list(properties.get("Policies"))]
        documents = [properties.get("PolicyDocument"), *inline]
    return [_mapping(s) for document in documents for s in _list(_mapping(document).get("Statement"))]


def _each_statement(bad: Callable[[Plain], bool], *, trust: bool = False) -> Judge:
    """Statements that allow must not be bad; those that deny are good."""

    def judge(resource: Plain) -> Iterator[bool]:
        for statement in _statements(resource, trust=trust):
            yield not (statement.get("Effect") == "Allow" and bad(statement))

    return judge


def _everywhere(statement: Plain) -> bool:
    return "*" in _list(statement.get("Resource"))


def _every_action(statement: Plain) -> bool:
    return "*" in _list(statement.get("Action"))


def _whole_service(statement: Plain) -> bool:
    return any(isinstance(a, str) and (a == "*" or a.endswith(":*")) for a in _list(statement.get("Action")))


def _passes_any_role(statement: Plain) -> bool:
    actions = _list(statement.get("Action"))
    return _everywhere(statement) and any(a in ("*", "iam:*", "iam:PassRole") for a in actions)


def _mapping(value: object) -> Plain:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


_INGRESS, _EGRESS = frozenset({GROUP, APART[True]}), frozenset({GROUP, APART[False]})
_NOT_ACTION = _each_statement(lambda s: "NotAction" in s)
_NOT_RESOURCE = _each_statement(lambda s: "NotResource" in s)


def _rules() -> Iterator[TemplateRule]:
    for ingress, types, numbers in (
        (True, _INGRESS, ("W2", "W27", "W42")),
        (False, _EGRESS, ("W5", "W29", "W40")),
    ):
        name = f"SECURITY_GROUP_{'INGRESS' if ingress else 'EGRESS'}"
        world, ports, protocols = numbers
        yield TemplateRule(
            f"EC2_{name}_OPEN_TO_WORLD_RULE", types, _each_entry(_closed, ingress=ingress), (world,)
        )
        yield TemplateRule(
            f"{name}_PORT_RANGE_RULE", types, _each_entry(_one_port, ingress=ingress), (ports,)
        )
        all_protocols = _each_entry(_one_protocol, ingress=ingress)
        yield TemplateRule(f"{name}_ALL_PROTOCOLS_RULE", types, all_protocols, (protocols,))
    one_address = _each_entry(_one_address, ingress=True)
    yield TemplateRule("SECURITY_GROUP_INGRESS_CIDR_NON_32_RULE", _INGRESS, one_address, ("W9",))
    yield TemplateRule("SECURITY_GROUP_DESCRIPTION_RULE", _INGRESS | _EGRESS, _described, ("W36",))
    yield TemplateRule("SECURITY_GROUP_MISSING_EGRESS_RULE", frozenset({GROUP}), _has_egress, ("F1000",))
    yield TemplateRule("INCOMING_SSH_DISABLED", _INGRESS, _ssh)
    yield TemplateRule("RESTRICTED_INCOMING_TRAFFIC", _INGRESS, _well_known_ports)
    yield from _policy_rules()


def _policy_rules() -> Iterator[TemplateRule]:
    policy, managed, role = frozenset({POLICY}), frozenset({MANAGED}), frozenset({ROLE})
    anywhere = policy | managed | role
    full, passes = _each_statement(_whole_service), _each_statement(_passes_any_role)
    admin = _each_statement(lambda s: _every_action(s) and _everywhere(s))
    not_principal = _each_statement(lambda s: "NotPrincipal" in s, trust=True)
    trust_action = _each_statement(lambda s: "NotAction" in s, trust=True)
    yield TemplateRule(
        "IAM_POLICYDOCUMENT_NO_WILDCARD_RESOURCE",
        anywhere,
        _each_statement(_everywhere),
        ("W11", "W12", "W13"),
    )
    yield TemplateRule("IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS", policy, admin)
    yield TemplateRule("IAM_POLICY_NO_STATEMENTS_WITH_FULL_ACCESS", policy, full, ("F4",))
    yield TemplateRule("IAM_MANAGEDPOLICY_NO_STATEMENTS_WITH_FULL_ACCESS", managed, full, ("F5",))
    yield TemplateRule("IAM_ROLE_NO_WILDCARD_ACTIONS_ON_PERMISSIONS", role, full, ("F3",))
    yield TemplateRule(
        "IAM_ROLE_NO_FULL_ACCESS_ON_TRUST_POLICY", role, _each_statement(_whole_service, trust=True), ("F2",)
    )
    yield TemplateRule("IAM_ROLE_NO_WILDCARD_RESOURCE_ON_PASSROLE", role, passes, ("F38",))
    yield TemplateRule(
        "IAM_POLICY_NO_WILDCARD_RESOURCE_ON_PASSROLE", policy | managed, passes, ("F39", "F40")
    )
    yield TemplateRule(
        "IAM_ROLE_OR_POLICY_NO_ALLOW_PLUS_NOT_ACTION", anywhere, _NOT_ACTION, ("W15", "W16", "W17")
    )
    yield TemplateRule(
        "IAM_ROLE_OR_POLICY_NO_ALLOW_PLUS_NOT_RESOURCE", anywhere, _NOT_RESOURCE, ("W21", "W22", "W23")
    )
    yield TemplateRule("IAM_ROLE_NO_ALLOW_PLUS_NOT_PRINCIPAL", role, not_principal, ("F6",))
    yield TemplateRule("IAM_ROLE_NO_ALLOW_PLUS_NOT_ACTION_ON_TRUST_POLICY", role, trust_action, ("W14",))


TEMPLATE_RULES: Mapping[str, TemplateRule] = MappingProxyType({rule.name: rule for rule in _rules()})


def broken_rules(template: Plain) -> tuple[str, ...]:
    """The names of the rules that a template breaks."""
    return tuple(name for name, rule in TEMPLATE_RULES.items() if rule.verdict(template) is Verdict.FAIL)
