"""The workflows on GitHub: what runs in them cannot be exchanged behind our back, and may do no more than it must."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
USES = re.compile(r"uses:\s*(?P<action>[^\s@]+)(@(?P<which>\S+))?(\s+#\s*(?P<release>\S+))?")
# What a job may write, by workflow; everything else is read.
WRITES = {
    "build": {"id-token", "attestations"},
    "dev": {"id-token"},
    "staging": {"id-token"},
    "prod": {"id-token"},
}
WRITES |= {"rollback": {"id-token"}, "deploy": {"id-token"}}


def parsed(path: Path) -> dict[str, Any]:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def steps(path: Path) -> Iterator[dict[str, Any]]:
    for job in parsed(path)["jobs"].values():
        yield from job.get("steps", ())


def test_there_are_workflows() -> None:
    assert [path.name for path in FILES] == ["deploy.yml", "rimedio.yml"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_action_is_a_commit_with_its_release_beside_it(path: Path) -> None:
    found = [match for line in path.read_text("utf-8").splitlines() if (match := USES.search(line))]
    assert found
    for match in found:
        if match["action"].startswith("./"):
            continue
        assert re.fullmatch(r"[0-9a-f]{40}", match["which"] or ""), match[0]
        assert re.fullmatch(r"v\d+\.\d+\.\d+", match["release"] or ""), match[0]


def test_one_action_is_one_commit_everywhere() -> None:
    named = {
        (match["action"], match["which"], match["release"])
        for path in FILES
        for line in path.read_text("utf-8").splitlines()
        if (match := USES.search(line)) and match["which"]
    }
    assert len({action for action, _, _ in named}) == len(named)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_job_may_write_only_what_it_is_there_for(path: Path) -> None:
    workflow = parsed(path)
    everywhere = {name for name, right in workflow["permissions"].items() if right == "write"}
    for name, job in workflow["jobs"].items():
        own = {scope for scope, right in job.get("permissions", {}).items() if right == "write"}
        assert (own or everywhere) <= WRITES.get(name, set()), name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_checkout_leaves_the_token_behind(path: Path) -> None:
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_installed_in_whatever_version_there_is(path: Path) -> None:
    for step in steps(path):
        for command in re.findall(r"pip install (.+)|npx --yes (.+)", step.get("run", "")):
            assert "==" in "".join(command) or "$CDK" in "".join(command), step
    assert "aws-cdk@2." in path.read_text("utf-8")
