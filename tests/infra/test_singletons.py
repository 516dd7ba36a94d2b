"""What an account has already: asked once, when a stack is made, and told to its template."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tools.deploy import EDGE, HOME, Deployer, bare, stack_stands
from tools.singletons import ISSUER, LOOKS, SEARCH_ROLE, there


@pytest.fixture
def clients(aws_environment: None) -> Iterator[Callable[[str], Any]]:
    moto = pytest.importorskip("moto", reason="moto is not installed")
    import boto3

    with moto.mock_aws():
        yield lambda service: boto3.client(service, region_name="eu-south-1")


def make(name: str, clients: Callable[[str], Any]) -> None:
    match name:
        case "OidcProvider":
            clients("iam").create_open_id_connect_provider(Url=f"https://{ISSUER}", ClientIDList=["sts"])
        case "SearchRole":
            clients("iam").create_role(RoleName=SEARCH_ROLE, AssumeRolePolicyDocument="{}")
        case "GuardDuty":
            clients("guardduty").create_detector(Enable=True)
        case "SecurityHub":
            clients("securityhub").enable_security_hub()
        case "Recorder":
            role = "arn:aws:iam::123456789012:role/config"
            clients("config").put_configuration_recorder(
                ConfigurationRecorder={"name": "other", "roleARN": role}
            )


@pytest.mark.parametrize("name", sorted(set(LOOKS) - {"Analyzer", "TagMonitor"}))  # moto lists no analyzers
def test_a_singleton_is_found_once_it_is_there(name: str, clients: Callable[[str], Any]) -> None:
    assert not there(name, clients)
    make(name, clients)
    assert there(name, clients)


@pytest.mark.parametrize("names", [[], ["other"]])
def test_an_analyzer_of_the_account_is_asked_for_by_its_type(names: list[str], aws_environment: None) -> None:
    boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
    from botocore.stub import Stubber

    client = boto3.client("accessanalyzer", region_name="eu-south-1")
    told = {"arn": "arn:aws:access-analyzer:eu-south-1:123456789012:analyzer/other", "type": "ACCOUNT"}
    rows = [{**told, "name": name, "createdAt": "2026-01-01T00:00:00Z", "status": "ACTIVE"} for name in names]
    with Stubber(client) as stub:
        stub.add_response("list_analyzers", {"analyzers": rows}, {"type": "ACCOUNT"})
        assert there("Analyzer", lambda _service: client) is bool(names)
    client.close()


@pytest.mark.parametrize(("manager", "watched"), [("123456789012", False), ("999999999999", True)])
def test_monitors_by_tag_are_left_to_the_account_that_manages(
    manager: str, watched: bool, clients: Callable[[str], Any]
) -> None:
    from botocore.stub import Stubber

    organizations = clients("organizations")
    assert not there("TagMonitor", clients)  # an account of nobody's
    with Stubber(organizations) as stub:
        stub.add_response("describe_organization", {"Organization": {"MasterAccountId": manager}}, {})
        made = {"organizations": organizations}
        assert there("TagMonitor", lambda name: made.get(name) or clients(name)) is watched


def written(folder: Path, *stacks: str, packaging: str = "file") -> Path:
    """An assembly as the CDK writes it, with nothing in its stacks."""
    home = folder / "assembly-prod-scale"
    home.mkdir()
    artifacts = {
        name: {"type": "aws:cloudformation:stack", "properties": {"stackName": f"rimedio-prod-{name}"}}
        for name in stacks
    }
    (home / "manifest.json").write_text(json.dumps({"artifacts": artifacts}), "utf-8")
    assets = {"files": {"1": {"source": {"path": "x", "packaging": packaging}}}}
    (home / "functions.assets.json").write_text(json.dumps(assets), "utf-8")
    return folder


def ran(folder: Path, has: set[str], stands: set[str]) -> dict[str, Sequence[str]]:
    commands: list[Sequence[str]] = []
    made = Deployer(
        "prod",
        "scale",
        folder,
        lambda _stack, _region: {},
        commands.append,
        has.__contains__,
        stands.__contains__,
    )
    made.deploy()
    return dict(zip(made.done, commands, strict=True))


def test_a_new_stack_is_told_what_the_account_has(tmp_path: Path) -> None:
    commands = ran(written(tmp_path, "github", "security"), {"OidcProvider", "GuardDuty"}, set())
    assert "MakeOidcProvider=no" in commands["github"]
    assert "MakeGuardDuty=no" in commands["security"]
    assert "MakeRecorder=no" not in commands["security"]


def test_a_stack_that_stands_is_not_told_that_its_own_thing_is_there(tmp_path: Path) -> None:
    commands = ran(written(tmp_path, "github"), {"OidcProvider"}, {"rimedio-prod-github"})
    assert "--parameters" not in commands["github"]


@pytest.mark.parametrize("region", [HOME, EDGE])
def test_a_stack_stands_where_it_was_made_at_home_or_where_budgets_live(
    region: str, aws_environment: None
) -> None:
    moto = pytest.importorskip("moto", reason="moto is not installed")
    import boto3

    with moto.mock_aws():
        assert not stack_stands("rimedio-dev-cost")
        body = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
        client = boto3.client("cloudformation", region_name=region)
        client.create_stack(StackName="rimedio-dev-cost", TemplateBody=json.dumps(body))
        assert stack_stands("rimedio-dev-cost")


@pytest.mark.parametrize(("packaging", "refused"), [("zip", True), ("file", False)])
def test_a_folder_of_sources_is_no_archive_to_deploy(tmp_path: Path, packaging: str, refused: bool) -> None:
    assert bare(written(tmp_path, packaging=packaging), "prod", "scale") is refused
