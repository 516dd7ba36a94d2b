"""Each role of the templates, judged as IAM would: what its function calls is allowed, what it must not is denied."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rimedio_infra.templates import Resolver, Template, templates
from tests.infra.calls import FORBIDDEN_TO_ALL, KEY, NAME, ONLY, READERS, Call, needed

from rimedio.security.iam_simulation import simulate

PROFILES = ("frugal", "scale")
Roles = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def found(assembly: Path) -> list[Template]:
    return templates(assembly)


@pytest.fixture(scope="module")
def roles(found: list[Template]) -> dict[str, Roles]:
    """Policies of every function's role, by profile and function."""
    resolver = Resolver(found)
    made: dict[str, Roles] = {profile: {} for profile in PROFILES}
    for template in found:
        for _, resource in template.resources("AWS::IAM::Role"):
            name = str(resolver.resolved(template, resource["Properties"].get("RoleName", "")))
            if name.startswith(f"{NAME}-fn-"):
                policies = resolver.resolved(template, resource["Properties"]["Policies"])
                made[template.profile][name.removeprefix(f"{NAME}-fn-")] = [
                    p["PolicyDocument"] for p in policies
                ]
    return made


@pytest.fixture(scope="module")
def key_arn(found: list[Template]) -> dict[str, str]:
    resolver = Resolver(found)
    return {
        t.profile: resolver.resolved(t, {"Fn::GetAtt": [name, "Arn"]})
        for t in found
        for name, _ in t.resources("AWS::KMS::Key")
    }


def allowed(policies: list[dict[str, Any]], call: Call, key: str) -> bool:
    asked = replace(call, resource=key) if call.resource == KEY else call
    return simulate(policies, asked.action, asked.resource, dict(asked.context)).allowed


@pytest.mark.parametrize("profile", PROFILES)
def test_every_function_has_a_role_and_a_list_of_calls(roles: dict[str, Roles], profile: str) -> None:
    assert set(roles[profile]) == set(needed(profile))


@pytest.mark.parametrize("profile", PROFILES)
def test_what_a_function_calls_its_role_allows(
    roles: dict[str, Roles], key_arn: dict[str, str], profile: str
) -> None:
    refused = [
        (function, call)
        for function, calls in needed(profile).items()
        for call in calls
        if not allowed(roles[profile][function], call, key_arn[profile])
    ]
    assert not refused


@pytest.mark.parametrize("profile", PROFILES)
def test_what_nobody_may_do_no_role_allows(
    roles: dict[str, Roles], key_arn: dict[str, str], profile: str
) -> None:
    let_in = [
        (function, call)
        for function, policies in roles[profile].items()
        for call in FORBIDDEN_TO_ALL
        if allowed(policies, call, key_arn[profile])
    ]
    assert not let_in


@pytest.mark.parametrize("profile", PROFILES)
def test_what_one_function_may_do_its_neighbours_may_not(
    roles: dict[str, Roles], key_arn: dict[str, str], profile: str
) -> None:
    for call, who in ONLY:
        able = {
            name for name, policies in roles[profile].items() if allowed(policies, call, key_arn[profile])
        }
        assert able == (who or set(roles[profile]) - READERS), call


def test_a_role_is_taken_on_by_the_one_service_that_it_is_for(found: list[Template]) -> None:
    resolver = Resolver(found)
    for template in (t for t in found if t.capability == "functions"):
        for _, resource in template.resources("AWS::IAM::Role"):
            trust = resolver.resolved(template, resource["Properties"]["AssumeRolePolicyDocument"])
            services = {statement["Principal"]["Service"] for statement in trust["Statement"]}
            name = str(resolver.resolved(template, resource["Properties"]["RoleName"]))
            others = {
                f"{NAME}-delivery": "codedeploy.amazonaws.com",
                f"{NAME}-batch": "bedrock.amazonaws.com",
            }
            assert services == {others.get(name, "lambda.amazonaws.com")}, name


def test_the_workflows_role_calls_the_tasks_and_nothing_else(found: list[Template]) -> None:
    resolver = Resolver(found)
    for template in (t for t in found if t.capability == "workflow"):
        (_, resource), *_ = template.resources("AWS::IAM::Role")
        policies = [
            p["PolicyDocument"] for p in resolver.resolved(template, resource["Properties"]["Policies"])
        ]
        prefix = f"arn:aws:lambda:eu-south-1:123456789012:function:{NAME}"
        assert simulate(policies, "lambda:InvokeFunction", f"{prefix}-task-generate:live").allowed
        for name in ("api:live", "task-generate", "task-generate:$LATEST", "rotate:live"):
            assert not simulate(policies, "lambda:InvokeFunction", f"{prefix}-{name}").allowed, name


def test_github_deploys_only_from_this_stages_environment(found: list[Template]) -> None:
    for template in (t for t in found if t.capability == "github"):
        (_, resource), *_ = template.resources("AWS::IAM::Role")
        (statement,) = resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        told = statement["Condition"]["StringEquals"]
        assert told["token.actions.githubusercontent.com:sub"].endswith(":environment:prod")
        assert told["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"


def test_the_service_control_policy_keeps_guards_on_and_data_there(assembly: Path) -> None:
    from rimedio_infra.deployment import Profile, StageName, deployment
    from rimedio_infra.organization import service_control_policy

    scp: Any = service_control_policy(deployment(StageName.PROD, Profile.SCALE))
    admin = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    levels = [[admin, scp]]
    person = "arn:aws:iam::123456789012:role/admin"
    home = {"aws:RequestedRegion": "eu-south-1", "aws:PrincipalArn": person, "aws:SecureTransport": True}

    def may(action: str, **context: Any) -> bool:
        return simulate([admin], action, "*", home | context, scps=levels).allowed

    assert may("dynamodb:GetItem")
    assert not may("dynamodb:GetItem", **{"aws:RequestedRegion": "us-west-2"})
    assert may("iam:GetRole", **{"aws:RequestedRegion": "us-west-2"})  # global services answer anywhere
    assert not may("cloudtrail:StopLogging")
    assert not may("kms:ScheduleKeyDeletion")
    assert may(
        "kms:ScheduleKeyDeletion",
        **{"aws:PrincipalArn": "arn:aws:iam::123456789012:role/rimedio-break-glass"},
    )
    assert not may("ec2:RunInstances", **{"aws:PrincipalArn": "arn:aws:iam::123456789012:root"})
    assert not may("s3:GetObject", **{"aws:SecureTransport": False})
