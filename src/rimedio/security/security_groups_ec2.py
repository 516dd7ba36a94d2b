"""Reads security groups: out of an account, and out of a template before it is deployed."""

from collections.abc import Iterator, Mapping
from typing import Any

from rimedio.aws import Client, translated
from rimedio.security.security_groups import EVERYTHING, PORT_MAX, PortRule, SecurityGroup

SERVICE = "Amazon EC2"
GROUP, INGRESS, EGRESS = (
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SecurityGroupEgress",
)


def groups_of_account(client: Client) -> tuple[SecurityGroup, ...]:
    """The groups of the client's account and region, and whether a network interface uses them."""
    with translated(SERVICE, "reading security groups"):
        used = {
            group["GroupId"]
            for page in client.get_paginator("describe_network_interfaces").paginate()
            for interface in page["NetworkInterfaces"]
            for group in interface.get("Groups", ())
        }
        found = [
            group
            for page in client.get_paginator("describe_security_groups").paginate()
            for group in page["SecurityGroups"]
        ]
    return tuple(
        SecurityGroup(
            group["GroupId"],
            group["GroupName"],
            (
                *(_live_rule(rule, ingress=True) for rule in group.get("IpPermissions", ())),
                *(_live_rule(rule, ingress=False) for rule in group.get("IpPermissionsEgress", ())),
            ),
            group["GroupId"] in used,
        )
        for group in found
    )


def groups_of_template(template: Mapping[str, Any]) -> tuple[SecurityGroup, ...]:
    """The groups of a CloudFormation template, with the rules that stand apart from them."""
    resources: Mapping[str, Any] = template.get("Resources", {})
    apart: dict[str, list[PortRule]] = {}
    for resource in resources.values():
        if resource.get("Type") in (INGRESS, EGRESS):
            properties = resource.get("Properties", {})
            owner = _referred(properties.get("GroupId"))
            apart.setdefault(owner, []).append(
                _template_rule(properties, ingress=resource["Type"] == INGRESS)
            )
    return tuple(
        SecurityGroup(
            name,
            str(resource.get("Properties", {}).get("GroupName", name)),
            (*_inline(resource.get("Properties", {})), *apart.get(name, ())),
        )
        for name, resource in resources.items()
        if resource.get("Type") == GROUP
    )


def _live_rule(plain: Mapping[str, Any], *, ingress: bool) -> PortRule:
    sources = [r["CidrIp"] for r in plain.get("IpRanges", ())] + [
        r["CidrIpv6"] for r in plain.get("Ipv6Ranges", ())
    ]
    return PortRule(
        tuple(sources),
        str(plain["IpProtocol"]),
        int(plain.get("FromPort", 0)),
        int(plain.get("ToPort", PORT_MAX)),
        ingress,
    )


def _inline(properties: Mapping[str, Any]) -> Iterator[PortRule]:
    for name, ingress in (("SecurityGroupIngress", True), ("SecurityGroupEgress", False)):
        given = properties.get(name, ())
        for plain in [given] if isinstance(given, Mapping) else given:
            if isinstance(plain, Mapping):
                yield _template_rule(plain, ingress=ingress)


def _template_rule(plain: Mapping[str, Any], *, ingress: bool) -> PortRule:
    sources = tuple(v for v in (plain.get("CidrIp"), plain.get("CidrIpv6")) if isinstance(v, str))
    first = plain.get("FromPort", 0)
    return PortRule(
        sources,
        str(plain.get("IpProtocol", EVERYTHING)),
        _port(first, 0),
        _port(plain.get("ToPort", first if "FromPort" in plain else PORT_MAX), PORT_MAX),
        ingress,
        str(plain.get("Description", "")),
    )


def _port(value: object, otherwise: int) -> int:
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdigit()) else otherwise


def _referred(value: object) -> str:
    """The logical id behind a Ref or GetAtt."""
    if isinstance(value, Mapping):
        found = value.get("Ref") or value.get("Fn::GetAtt") or ""
        return str(found[0]) if isinstance(found, list | tuple) else str(found).partition(".")[0]
    return str(value or "")
