"""Mistakes in policies, each found by its name; sound ones pass."""

import pytest

from rimedio.security.iam_auditor import audit_policy

QUEUE = "arn:aws:sqs:eu-south-1:111122223333:q"


def codes(version: str = "2012-10-17", **statement: object) -> list[str]:
    given = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"} | statement
    found = {name: value for name, value in given.items() if value is not None}
    return [finding.code for finding in audit_policy({"Version": version, "Statement": [found]})]


def condition(operator: str, key: str, value: object = "true") -> dict:
    return {operator: {key: value}}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({}, []),
        ({"Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": "arn:aws:dynamodb:*:*:table/t"}, []),
        ({"Action": "*", "Resource": "*"}, ["ADMINISTRATOR"]),
        ({"Action": "dynamodb:*", "Resource": "*"}, ["WHOLE_SERVICE"]),
        ({"Action": "iam:PassRole", "Resource": "*"}, ["ESCALATION"]),
        ({"Action": "iam:Put*", "Resource": "*"}, ["ESCALATION"]),
        ({"Action": "iam:PassRole", "Resource": "arn:aws:iam::1:role/scheduler"}, []),
        (
            {
                "Action": "iam:PassRole",
                "Resource": "*",
                "Condition": condition("StringEquals", "iam:PassedToService", "lambda.amazonaws.com"),
            },
            [],
        ),
        ({"Action": None, "NotAction": "iam:*"}, ["ALLOW_NOT_ACTION"]),
        ({"Resource": None, "NotResource": "arn:aws:s3:::secret/*"}, ["ALLOW_NOT_RESOURCE"]),
        ({"Principal": "*"}, ["PUBLIC"]),
        (
            {"Principal": {"AWS": "*"}, "Condition": condition("StringEquals", "aws:PrincipalOrgID", "o-1")},
            [],
        ),
        ({"NotPrincipal": {"AWS": "arn:aws:iam::1:root"}}, ["ALLOW_NOT_PRINCIPAL"]),
        (
            {"Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"},
            ["CONFUSED_DEPUTY"],
        ),
        (
            {
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Condition": condition("ArnEquals", "aws:SourceArn", "arn:aws:events:::rule/deliveries"),
            },
            [],
        ),
        (
            {"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole", "Resource": None},
            [],
        ),
        ({"Condition": condition("BoolIfExists", "aws:MultiFactorAuthPresent")}, ["MFA_IF_EXISTS"]),
        ({"Condition": condition("Bool", "aws:MultiFactorAuthPresent")}, []),
        (
            {"Condition": condition("ForAllValues:StringLike", "dynamodb:LeadingKeys", "T#*")},
            ["FOR_ALL_VALUES_ALONE"],
        ),
        (
            {
                "Condition": condition("ForAllValues:StringLike", "dynamodb:LeadingKeys", "T#*")
                | condition("Null", "dynamodb:LeadingKeys", "false")
            },
            [],
        ),
        ({"Condition": condition("StringEqual", "aws:username", "x")}, ["UNKNOWN_OPERATOR"]),
        (
            {"Effect": "Deny", "Condition": condition("Bool", "aws:MultiFactorAuthPresent", "false")},
            ["MFA_DENIAL_LEAKS"],
        ),
        (
            {"Effect": "Deny", "Condition": condition("BoolIfExists", "aws:MultiFactorAuthPresent", "false")},
            [],
        ),
        ({"Effect": "Deny", "Action": "*", "Resource": "*"}, []),
    ],
    ids=str,
)
def test_each_mistake_has_its_name(statement, expected) -> None:
    assert codes(**statement) == expected


def test_variables_need_the_version_that_knows_them() -> None:
    own = {"Resource": "arn:aws:s3:::b/${aws:username}/*"}
    assert codes("2008-10-17", **own) == ["VARIABLES_IGNORED"]
    assert codes(**own) == []


def test_the_worst_comes_first_and_says_what_to_write_instead() -> None:
    lenient = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"} | {
        "Condition": condition("BoolIfExists", "aws:MultiFactorAuthPresent")
    }
    found = audit_policy({"Version": "2012-10-17", "Statement": [lenient]})
    assert [finding.code for finding in found] == ["MFA_IF_EXISTS", "WHOLE_SERVICE"]
    assert "Write Bool" in found[0].message
