"""The scripts beside the deployment: whom they let in, and what they leave behind."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tools.invite import invite
from tools.remove import Remover, empty

from rimedio.domain.clock import FakeClock
from rimedio.security.permissions import Role
from rimedio.storage.dynamodb_definition import create_table
from rimedio.storage.dynamodb_table import DynamoDbTable
from rimedio.storage.sign_in_codes import TableSignInCodes

OUTPUTS = {
    "rimedio-dev-console": {"Address": "https://console.example"},
    "rimedio-dev-api": {"Url": "https://api.example/api"},
}


@pytest.fixture
def session(aws_environment: None) -> Iterator[Any]:
    moto = pytest.importorskip("moto", reason="moto is not installed")
    import boto3

    with moto.mock_aws():
        yield boto3.session.Session(region_name="eu-south-1")


def test_an_invited_person_signs_in_at_the_stages_own_console(session: Any) -> None:
    client, clock = session.client("dynamodb"), FakeClock()
    create_table(client, "rimedio-dev")

    invited = invite(client, "dev", ("anna", "acme", Role.ADMIN), lambda stack, _: OUTPUTS[stack], clock)

    assert invited.link == f"https://console.example/?code={invited.code}"
    found = TableSignInCodes(DynamoDbTable(client, "rimedio-dev", clock), clock).redeem(invited.code)
    assert (found.subject, found.tenant_id, found.roles) == ("anna", "acme", {Role.ADMIN})


def test_every_version_of_every_object_goes(session: Any) -> None:
    client = session.client("s3")
    client.create_bucket(Bucket="mine", CreateBucketConfiguration={"LocationConstraint": "eu-south-1"})
    client.put_bucket_versioning(Bucket="mine", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        client.put_object(Bucket="mine", Key="a", Body=body)
    client.delete_object(Bucket="mine", Key="a")

    assert empty(client, "mine") == 3
    client.delete_bucket(Bucket="mine")  # which a bucket with anything in it refuses
    assert empty(client, "mine") == 0


def test_stacks_go_in_the_order_opposite_to_their_coming(tmp_path: Path) -> None:
    home = tmp_path / "assembly-dev-frugal"
    home.mkdir()
    names = ("keys", "data", "functions", "failover", "api")
    artifacts = {
        name: {"type": "aws:cloudformation:stack", "properties": {"stackName": f"rimedio-dev-{name}"}}
        for name in names
    }
    (home / "manifest.json").write_text(json.dumps({"artifacts": artifacts}), "utf-8")
    ran: list[Sequence[str]] = []
    emptied: list[int] = []

    Remover("frugal", tmp_path, ran.append, lambda: len(emptied.append(1) or emptied)).remove()

    assert [command[4] for command in ran] == [
        f"dev-frugal/{n}" for n in ("api", "functions", "data", "keys")
    ]
    assert len(emptied) == 4
