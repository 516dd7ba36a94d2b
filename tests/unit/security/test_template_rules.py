"""Rules on templates: what they look at, when they are skipped, and who is excused."""

import pytest

from rimedio.security.template_rules import TEMPLATE_RULES, Verdict, broken_rules

OPEN = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
CLOSED = OPEN | {"CidrIp": "10.0.0.7/32", "Description": "from the office"}


def group(*ingress: dict, metadata: dict | None = None, **properties: object) -> dict:
    found = {"GroupDescription": "web", "SecurityGroupIngress": list(ingress)} | properties
    return resource("AWS::EC2::SecurityGroup", found, metadata)


def resource(kind: str, properties: dict, metadata: dict | None = None) -> dict:
    made = {"Type": kind, "Properties": properties} | ({"Metadata": metadata} if metadata else {})
    return {"Resources": {"R": made}}


def policy(kind: str = "AWS::IAM::Policy", **statement: object) -> dict:
    found = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"} | statement
    return resource(kind, {"PolicyDocument": {"Version": "2012-10-17", "Statement": [found]}})


def verdict(rule: str, template: dict) -> Verdict:
    return TEMPLATE_RULES[rule].verdict(template)


@pytest.mark.parametrize("rule", sorted(TEMPLATE_RULES))
def test_without_anything_to_look_at_a_rule_is_skipped(rule) -> None:
    for template in ({}, {"Resources": {}}, resource("AWS::S3::Bucket", {}), {"Resources": {"R": None}}):
        assert verdict(rule, template) is Verdict.SKIP


def test_an_open_door_fails_and_a_closed_one_passes() -> None:
    rule = "EC2_SECURITY_GROUP_INGRESS_OPEN_TO_WORLD_RULE"
    assert verdict(rule, group(CLOSED)) is Verdict.PASS
    assert verdict(rule, group(CLOSED, OPEN)) is Verdict.FAIL
    assert verdict(rule, group(OPEN | {"CidrIp": None, "CidrIpv6": "::/0"})) is Verdict.FAIL
    assert verdict(rule, resource("AWS::EC2::SecurityGroupIngress", OPEN)) is Verdict.FAIL
    assert verdict(rule, group(SecurityGroupIngress={"CidrIp": {"Ref": "Office"}})) is Verdict.PASS


@pytest.mark.parametrize(
    "metadata",
    [
        {"guard": {"SuppressedRules": ["INCOMING_SSH_DISABLED"]}},
        {"guard": {"SuppressedRules": [{"INCOMING_SSH_DISABLED": "a bastion"}]}},
    ],
)
def test_a_resource_may_be_excused_from_a_rule_by_name(metadata) -> None:
    assert verdict("INCOMING_SSH_DISABLED", group(OPEN)) is Verdict.FAIL
    assert verdict("INCOMING_SSH_DISABLED", group(OPEN, metadata=metadata)) is Verdict.SKIP
    assert verdict("SECURITY_GROUP_DESCRIPTION_RULE", group(OPEN, metadata=metadata)) is Verdict.FAIL


def test_a_number_of_cfn_nag_excuses_too() -> None:
    nag = {"cfn_nag": {"rules_to_suppress": [{"id": "W9", "reason": "a range"}]}}
    rule = "SECURITY_GROUP_INGRESS_CIDR_NON_32_RULE"
    wide = OPEN | {"CidrIp": "10.0.0.0/8"}
    assert verdict(rule, group(wide)) is Verdict.FAIL
    assert verdict(rule, group(wide, metadata=nag)) is Verdict.SKIP
    assert (
        verdict(rule, group(wide, metadata={"cfn_nag": {"rules_to_suppress": [{"id": "W1"}]}}))
        is Verdict.FAIL
    )


@pytest.mark.parametrize(
    ("rule", "statement"),
    [
        ("IAM_POLICYDOCUMENT_NO_WILDCARD_RESOURCE", {"Resource": ["arn:aws:s3:::b", "*"]}),
        ("IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS", {"Action": "*", "Resource": "*"}),
        ("IAM_POLICY_NO_STATEMENTS_WITH_FULL_ACCESS", {"Action": ["s3:GetObject", "dynamodb:*"]}),
        ("IAM_POLICY_NO_WILDCARD_RESOURCE_ON_PASSROLE", {"Action": "iam:PassRole", "Resource": "*"}),
        ("IAM_ROLE_OR_POLICY_NO_ALLOW_PLUS_NOT_ACTION", {"NotAction": "iam:*"}),
        ("IAM_ROLE_OR_POLICY_NO_ALLOW_PLUS_NOT_RESOURCE", {"NotResource": "arn:aws:s3:::b"}),
    ],
)
def test_a_statement_that_allows_too_much_fails_and_the_same_denied_passes(rule, statement) -> None:
    assert verdict(rule, policy()) is Verdict.PASS
    assert verdict(rule, policy(**statement)) is Verdict.FAIL
    assert verdict(rule, policy(**statement, Effect="Deny")) is Verdict.PASS


def test_trust_policies_and_permissions_of_a_role_are_judged_apart() -> None:
    trust = {"Statement": {"Effect": "Allow", "NotPrincipal": {"AWS": "x"}, "Action": "sts:AssumeRole"}}
    role = resource("AWS::IAM::Role", {"AssumeRolePolicyDocument": trust})
    assert verdict("IAM_ROLE_NO_ALLOW_PLUS_NOT_PRINCIPAL", role) is Verdict.FAIL
    assert verdict("IAM_ROLE_NO_WILDCARD_ACTIONS_ON_PERMISSIONS", role) is Verdict.SKIP


def test_what_a_template_breaks_is_listed() -> None:
    assert broken_rules(group(CLOSED, SecurityGroupEgress=[CLOSED])) == ()
    assert "INCOMING_SSH_DISABLED" in broken_rules(group(OPEN))
