"""The templates against cfn-lint's rules and AWS Solutions', and proof that both would find a mistake."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rimedio_infra.lint import findings
from rimedio_infra.templates import Template, templates

ROOT = Path(__file__).resolve().parents[2]

OPEN_BUCKET = """
import os, sys
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
sys.path[:0] = ["infra", "src"]
import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from rimedio_infra.nag import check
app = cdk.App(outdir=sys.argv[1])
s3.Bucket(cdk.Stack(app, "Open"), "Bucket")
check(app)
app.synth()
"""


def violations(folder: Path) -> list[str]:
    report = json.loads((folder / "validation-report.json").read_text("utf-8"))
    return [v["ruleName"] for plugin in report["pluginReports"] for v in plugin["violations"]]


def test_cfn_lint_finds_nothing_in_the_larger_profiles_templates(assembly: Path) -> None:
    # The frugal ones are made by the same code with less in them; the slow test and the benchmark ask them too.
    assert findings(t for t in templates(assembly) if t.profile == "scale") == []


def test_cfn_lint_would_find_a_misspelt_property(assembly: Path, tmp_path: Path) -> None:
    template = next(t for t in templates(assembly) if t.capability == "keys")
    path = tmp_path / "bad.json"
    path.write_text(
        template.path.read_text("utf-8").replace("EnableKeyRotation", "EnableKeyRotations"), "utf-8"
    )
    told = findings([Template("prod", "frugal", "bad", "eu-south-1", path, {})])
    assert [finding.rule for finding in told] == ["E3002"]


def test_aws_solutions_finds_nothing_that_is_not_explained(assembly: Path) -> None:
    assert violations(assembly) == []


def test_aws_solutions_would_find_an_open_bucket(assembly: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN_BUCKET, str(tmp_path / "open")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode != 0
    assert {"AwsSolutions-S1", "AwsSolutions-S10"} <= set(violations(tmp_path / "open"))


def test_an_asterisk_without_a_reason_cannot_be_granted(assembly: Path) -> None:
    from rimedio_infra.grants import Grant

    with pytest.raises(ValueError, match="does not say why"):
        Grant("Wide", ("s3:GetObject",), ("*",))
    with pytest.raises(ValueError, match="one by one"):
        Grant("Wide", ("s3:*",), ("arn:aws:s3:::mine",), why="no reason is good enough")


@pytest.mark.slow
def test_every_stage_in_both_profiles_is_clean(tmp_path: Path) -> None:
    from tests.infra.conftest import needed, synthesize

    needed()
    done = synthesize(tmp_path / "all")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = templates(tmp_path / "all")
    assert {(t.stage, t.profile) for t in found} == {
        (stage, profile) for stage in ("dev", "staging", "prod") for profile in ("frugal", "scale")
    }
    assert violations(tmp_path / "all") == []
    assert findings(found) == []
