"""The scripts that deploy and roll back: order, parameters between regions, aliases that really move."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tools.deploy import BY_HAND, ORDER, Deployer, upload_console
from tools.rollback import Rollback

FUNCTIONS = ("rimedio-prod-api", "rimedio-prod-task-store")


@pytest.fixture
def client(aws_environment: None) -> Iterator[Any]:
    moto = pytest.importorskip("moto", reason="moto is not installed")
    import boto3

    with moto.mock_aws():
        iam = boto3.client("iam", region_name="eu-south-1")
        trust = '{"Version": "2012-10-17", "Statement": []}'
        role = iam.create_role(RoleName="fn", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        made = boto3.client("lambda", region_name="eu-south-1")
        for name in (*FUNCTIONS, "rimedio-dev-api"):
            code = {"ZipFile": archive("one")}
            made.create_function(FunctionName=name, Runtime="python3.13", Role=role, Handler="a.b", Code=code)
            made.publish_version(FunctionName=name)
            made.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        yield made


def archive(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("a.py", text)
    return packed.getvalue()


def deploy_version(client: Any, name: str, text: str) -> str:
    client.update_function_code(FunctionName=name, ZipFile=archive(text))
    version: str = client.publish_version(FunctionName=name)["Version"]
    client.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
    return version


def live(client: Any, name: str) -> str:
    return str(client.get_alias(FunctionName=name, Name="live")["FunctionVersion"])


def test_every_alias_of_the_stage_goes_back_one_version_and_no_other_stages(client: Any) -> None:
    for name in (*FUNCTIONS, "rimedio-dev-api"):
        assert deploy_version(client, name, "two") == "2"
    rollback = Rollback(client, "prod")
    assert rollback.apply(list(rollback.moves())) == 2
    assert [live(client, name) for name in FUNCTIONS] == ["1", "1"]
    assert live(client, "rimedio-dev-api") == "2"


def test_a_first_version_stays(client: Any) -> None:
    rollback = Rollback(client, "prod")
    assert [move.target for move in rollback.moves()] == [None, None]
    assert rollback.apply(list(rollback.moves())) == 0


def test_one_function_goes_to_a_named_version(client: Any) -> None:
    for text in ("two", "three"):
        deploy_version(client, FUNCTIONS[0], text)
    rollback = Rollback(client, "prod")
    assert rollback.apply(list(rollback.moves("api", "1"))) == 1
    assert live(client, FUNCTIONS[0]) == "1"


def test_a_version_that_does_not_exist_is_named_with_those_that_do(client: Any) -> None:
    with pytest.raises(ValueError, match="It has: 1"):
        list(Rollback(client, "prod").moves("api", "9"))
    with pytest.raises(ValueError, match="no function 'nobody'"):
        list(Rollback(client, "prod").moves("nobody"))


def deployer(assembly: Path, profile: str, ran: list[Sequence[str]]) -> Deployer:
    outputs = {"rimedio-prod-keys": {"KeyArn": "arn:key"}, "rimedio-prod-edge": {"WebAclArn": "arn:acl"}}
    return Deployer("prod", profile, assembly, lambda stack, _: outputs[stack], ran.append)


def test_stacks_are_deployed_after_what_they_stand_on(assembly: Path) -> None:
    ran: list[Sequence[str]] = []
    made = deployer(assembly, "scale", ran)
    made.deploy()
    assert set(made.done) == set(made.stacks()) - BY_HAND
    assert set(made.stacks()) <= set(ORDER)
    for first, later in (
        ("keys", "standby"),
        ("standby", "data"),
        ("data", "functions"),
        ("functions", "workflow"),
    ):
        assert made.done.index(first) < made.done.index(later)


def test_what_another_region_must_know_is_passed_on(assembly: Path) -> None:
    ran: list[Sequence[str]] = []
    deployer(assembly, "scale", ran).deploy()
    standby = next(c for c in ran if "prod-scale/standby" in c)
    assert "PrimaryKeyArn=arn:key" in standby
    assert "WebAclArn=arn:acl" in next(c for c in ran if "prod-scale/console" in c)
    frugal: list[Sequence[str]] = []
    deployer(assembly, "frugal", frugal).deploy()
    assert "--parameters" not in next(c for c in frugal if "prod-frugal/console" in c)


def test_the_console_is_uploaded_with_types_that_a_browser_takes(client: Any) -> None:
    import boto3

    s3 = boto3.client("s3", region_name="eu-south-1")
    s3.create_bucket(Bucket="console", CreateBucketConfiguration={"LocationConstraint": "eu-south-1"})
    assert upload_console(s3, "console") > 20
    assert s3.head_object(Bucket="console", Key="index.html")["ContentType"] == "text/html"
    assert s3.head_object(Bucket="console", Key="app.js")["ContentType"] in {
        "text/javascript",
        "application/javascript",
    }
