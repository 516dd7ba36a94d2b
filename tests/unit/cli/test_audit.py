"""`rimedio audit`: files in, findings and an exit code out."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rimedio.cli.app import app
from rimedio.domain.errors import InvalidInput

ADMIN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
SOUND = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}],
}
OPEN = {
    "Resources": {
        "Web": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "SecurityGroupIngress": [
                    {"CidrIp": "0.0.0.0/0", "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
                ]
            },
        }
    }
}


@pytest.fixture
def run(tmp_path: Path):
    def call(command: str, document: object, *more: str):
        file = tmp_path / "document.json"
        file.write_text(document if isinstance(document, str) else json.dumps(document))
        return CliRunner().invoke(app, ["audit", command, str(file), *more])

    return call


def test_a_sound_policy_passes_and_a_bad_one_ends_with_1(run) -> None:
    assert run("policy", SOUND).exit_code == 0
    found = run("policy", ADMIN, "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)[0]["code"] == "ADMINISTRATOR"


def test_groups_and_rules_of_a_template_are_judged(run) -> None:
    found = run("groups", OPEN, "--json")
    assert (found.exit_code, json.loads(found.stdout)[0]["code"]) == (1, "SENSITIVE_PORT_OPEN")
    assert "INCOMING_SSH_DISABLED" in json.loads(run("template", OPEN, "--json").stdout)
    assert run("groups", {"Resources": {}}).exit_code == 0
    assert run("template", {"Resources": {}}).exit_code == 0


def test_what_a_policy_allows_is_said(run) -> None:
    allowed = run("may", SOUND, "s3:GetObject", "arn:aws:s3:::b/k")
    assert (allowed.exit_code, allowed.stdout.split(":")[0]) == (0, "allowed")
    assert run("may", SOUND, "s3:PutObject", "arn:aws:s3:::b/k").exit_code == 1
    mfa = ADMIN["Statement"][0] | {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    guarded = {"Version": "2012-10-17", "Statement": [mfa]}
    assert run("may", guarded, "s3:GetObject").exit_code == 1
    assert run("may", guarded, "s3:GetObject", "--context", "aws:MultiFactorAuthPresent=true").exit_code == 0


@pytest.mark.parametrize("document", ["no json", "[]"])
def test_what_is_no_document_is_told_apart_from_a_finding(run, document) -> None:
    found = run("policy", document)
    assert isinstance(found.exception, InvalidInput)
