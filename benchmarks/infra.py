"""The infrastructure: how long the templates take, what the rules say of them, what a month costs.

`synth.seconds`: all stacks of both profiles (prod), in one process, with AWS Solutions' rules asked. `moto.created`
counts resources that moto's CloudFormation makes out of the templates: configuration, no proof of behaviour.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._report import ROOT, Report, parse_args

sys.path.insert(0, str(ROOT / "infra"))  # no installed package

from rimedio_infra.lint import findings
from rimedio_infra.templates import Resolver, Template, templates
from tools.cost_estimate import estimates

PROFILES = ("frugal", "scale")


def synthesize(folder: Path, *options: str) -> float:
    """Seconds of one synthesis. Raises CalledProcessError."""
    started = time.monotonic()
    command = [sys.executable, str(ROOT / "infra" / "app.py"), "--outdir", str(folder), *options]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return time.monotonic() - started


def unexplained(folder: Path) -> int:
    """Findings of cdk-nag and of CDK's own template rules that nobody acknowledged."""
    report = json.loads((folder / "validation-report.json").read_text("utf-8"))
    return sum(len(plugin["violations"]) for plugin in report["pluginReports"])


def created(found: list[Template]) -> int:
    """Resources of both profiles that moto's CloudFormation makes."""
    import boto3
    from moto import mock_aws
    from tests.infra.moto_stacks import create, prepare

    total = 0
    for profile in PROFILES:
        mine = [t for t in found if t.profile == profile]
        with mock_aws():
            session = boto3.session.Session("testing", "testing", region_name="eu-south-1")
            prepare(mine, session)
            total += len(list(create(mine, Resolver(mine), session)))
    return total


def main() -> None:
    """Measure and print."""
    options = parse_args("infra", "Templates, rules, the monthly bill.")
    report = Report("infra", options)
    if shutil.which("node") is None:
        report.missing("everything", "the CDK needs Node")
        report.finish()
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "cdk"
        report.add("synth.seconds", synthesize(folder, "--stage", "prod"))
        found = templates(folder)
        report.add("synth.templates", len(found))
        report.add("nag.unexplained", unexplained(folder))
        report.add("cfn_lint.errors", len(findings(found)), len(found))
        bills = estimates(found, "prod")
        report.add("cost.frugal_idle_usd", bills["frugal", "idle"].usd)
        report.add("cost.frugal_idle_usd_without_allowances", bills["frugal", "idle"].full_usd)
        report.add("cost.frugal_per_ticket_usd", bills["frugal", "month"].usd / 1000)
        report.add("cost.scale_per_ticket_usd", bills["scale", "month"].usd / 1000)
        try:
            report.add("moto.created", created(found))
        except ImportError as error:
            report.missing("moto.created", str(error))
        every = Path(temporary) / "all"
        report.add("synth.all_seconds", synthesize(every))
        report.add("nag.all_unexplained", unexplained(every))
        report.add("cfn_lint.all_errors", len(findings(templates(every))), len(templates(every)))
    report.finish()


if __name__ == "__main__":
    main()
