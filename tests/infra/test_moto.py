"""The stacks made by moto's CloudFormation, where it makes the type: configuration only, no proof of behaviour.

moto's CloudFormation ignores, among others, a bucket's versioning and a state machine's substitutions: those are held
in test_templates.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rimedio_infra.templates import Resolver, Template, templates
from tests.infra.moto_stacks import NOT_MADE, create, prepare, supported

NAME = "rimedio-prod"


@dataclass(frozen=True)
class Made:
    """What stands after all stacks of a deployment were made."""

    stacks: list[Template]
    rows: list[tuple[str, str, str]]
    session: Any


@pytest.fixture(scope="module", params=["frugal", "scale"])
def made(request: pytest.FixtureRequest, assembly: Path, aws_environment: None) -> Iterator[Made]:
    moto = pytest.importorskip("moto", reason="moto is not installed")
    import boto3

    mine = [t for t in templates(assembly) if t.profile == request.param]
    with moto.mock_aws():
        session = boto3.session.Session(region_name="eu-south-1")
        prepare(mine, session)
        yield Made(mine, list(create(mine, Resolver(mine), session)), session)


def test_configuration_only_every_resource_that_moto_makes_is_made(made: Made) -> None:
    wanted = Counter(r["Type"] for t in made.stacks for _, r in t.resources() if supported(r["Type"]))
    assert Counter(kind for _, kind, _ in made.rows) == wanted
    assert sum(wanted.values()) > 130
    kinds = {
        "AWS::Lambda::Function",
        "AWS::Lambda::Version",
        "AWS::IAM::Role",
        "AWS::SQS::Queue",
        "AWS::Events::Rule",
    }
    assert kinds <= set(wanted)


def test_configuration_only_the_functions_stand_with_their_roles_and_limits(made: Made) -> None:
    client = made.session.client("lambda")
    pages = client.get_paginator("list_functions").paginate()
    functions = {f["FunctionName"]: f for page in pages for f in page["Functions"]}
    assert len(functions) == 30
    for name, function in functions.items():
        assert function["Runtime"] == "python3.13"
        assert function["Role"].endswith(f"role/{NAME}-fn-{name.removeprefix(f'{NAME}-')}")


def test_configuration_only_dead_letters_follow_the_queues(made: Made) -> None:
    client = made.session.client("sqs")
    url = client.get_queue_url(QueueName=f"{NAME}-documents")["QueueUrl"]
    told = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert json.loads(told["RedrivePolicy"])["deadLetterTargetArn"].endswith(f":{NAME}-dead-letters")


def test_what_moto_does_not_make_is_known_by_name(made: Made) -> None:
    from moto.cloudformation.parsing import resource_class_from_type

    for kind in NOT_MADE:
        assert resource_class_from_type(kind) is not None, (
            f"moto knows no {kind} any more: take it off the list"
        )
