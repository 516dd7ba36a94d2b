"""Security groups judged by their rules."""

import pytest

from rimedio.security.security_groups import (
    EVERYTHING,
    PortRule,
    SecurityGroup,
    Severity,
    audit_security_groups,
)
from rimedio.security.security_groups_ec2 import groups_of_template

WORLD = ("0.0.0.0/0",)


def codes(*rules: PortRule, name: str = "web", attached: bool | None = True) -> list[str]:
    group = SecurityGroup("sg-1", name, rules, attached)
    return [finding.code for finding in audit_security_groups([group])]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (PortRule(WORLD, "tcp", 443, 443), []),
        (PortRule(WORLD, "tcp", 80, 80), []),
        (PortRule(("10.0.0.0/8",), "tcp", 22, 22), []),
        (PortRule(("203.0.113.7/32",), "tcp", 22, 22), []),
        (PortRule((), "tcp", 0, 65535), []),
        (PortRule(WORLD, "icmp", 8, -1), []),
        (PortRule(WORLD, "tcp", 22, 22), ["SENSITIVE_PORT_OPEN"]),
        (PortRule(("::/0",), "tcp", 22, 22), ["SENSITIVE_PORT_OPEN"]),
        (PortRule(WORLD, "6", 3000, 4000), ["SENSITIVE_PORT_OPEN"]),
        (PortRule(("8.0.0.0/7",), "tcp", 5432, 5432), ["SENSITIVE_PORT_OPEN"]),
        (PortRule(WORLD, EVERYTHING), ["ALL_PORTS_OPEN"]),
        (PortRule(WORLD, "tcp", 0, 65535), ["ALL_PORTS_OPEN"]),
        (PortRule(WORLD, "tcp", 20000, 21000), ["WIDE_RANGE_OPEN"]),
        (PortRule(WORLD, "tcp", 8080, 8080), ["UNUSUAL_PORT_OPEN"]),
        (PortRule(WORLD, "udp", 443, 444), ["UNUSUAL_PORT_OPEN"]),
        (PortRule(WORLD, EVERYTHING, ingress=False), ["EGRESS_ALL"]),
        (PortRule(WORLD, "tcp", 443, 443, ingress=False), []),
        (PortRule(("nonsense",), "tcp", 22, 22), []),
    ],
    ids=str,
)
def test_a_rule_is_judged_by_port_and_source(rule, expected) -> None:
    assert codes(rule) == expected


def test_administration_open_to_the_world_is_worse_than_a_database() -> None:
    groups = [
        SecurityGroup("sg-db", "db", (PortRule(WORLD, "tcp", 5432, 5432),)),
        SecurityGroup("sg-ssh", "ssh", (PortRule(WORLD, "tcp", 22, 22),)),
        SecurityGroup("sg-old", "old", (), attached=False),
    ]
    found = [(finding.group_id, finding.severity) for finding in audit_security_groups(groups)]
    assert found == [("sg-ssh", Severity.CRITICAL), ("sg-db", Severity.HIGH), ("sg-old", Severity.LOW)]


def test_the_default_group_must_have_no_rules() -> None:
    assert codes(PortRule(("10.0.0.0/8",), "tcp", 443, 443), name="default") == ["DEFAULT_GROUP_USED"]
    assert codes(name="default", attached=False) == []


def test_a_message_says_what_is_open_and_what_to_do() -> None:
    (finding,) = audit_security_groups([SecurityGroup("sg-1", "web", (PortRule(WORLD, "tcp", 22, 22),))])
    assert "SSH (22)" in finding.message
    assert "VPN" in finding.message


def test_groups_of_a_template_have_the_rules_that_stand_apart_from_them() -> None:
    template = {
        "Resources": {
            "Web": {
                "Type": "AWS::EC2::SecurityGroup",
                "Properties": {
                    "SecurityGroupIngress": [
                        {"CidrIp": "0.0.0.0/0", "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
                    ],
                    "SecurityGroupEgress": {"CidrIp": "0.0.0.0/0", "IpProtocol": "-1"},
                },
            },
            "Ssh": {
                "Type": "AWS::EC2::SecurityGroupIngress",
                "Properties": {
                    "GroupId": {"Fn::GetAtt": ["Web", "GroupId"]},
                    "CidrIpv6": "::/0",
                    "IpProtocol": "tcp",
                    "FromPort": "22",
                    "ToPort": "22",
                },
            },
            "FromGroup": {
                "Type": "AWS::EC2::SecurityGroupIngress",
                "Properties": {"GroupId": {"Ref": "Web"}, "SourceSecurityGroupId": "x", "IpProtocol": "-1"},
            },
            "Bucket": {"Type": "AWS::S3::Bucket"},
        }
    }
    (group,) = groups_of_template(template)
    assert [finding.code for finding in audit_security_groups([group])] == [
        "SENSITIVE_PORT_OPEN",
        "EGRESS_ALL",
    ]
