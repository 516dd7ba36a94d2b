"""Deploys a stage out of a synthesized assembly, stack by stack, and uploads the console.

    python -m tools.deploy --stage dev --profile frugal [--assembly build/cdk] [--dry-run]

Synthesize first, with the archive: `python -m tools.package_lambda && make synth LAMBDA_ZIP=dist/lambda-arm64.zip`.
Regions share no exports, so what one region's stack must know of another's is passed on as a parameter.
"""

import argparse
import json
import mimetypes
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.concurrency import refusal, reservations, warning
from tools.singletons import MADE_BY, there

ROOT = Path(__file__).resolve().parents[1]
CONSOLE = ROOT / "src" / "rimedio" / "console"
CDK = "aws-cdk@2.1148.1"  # 3.0.0 was published by mistake
HOME = "eu-south-1"
EDGE = "us-east-1"
PACKAGE = "Run: python -m tools.package_lambda && make synth LAMBDA_ZIP=dist/lambda-arm64.zip"

Run = Callable[[Sequence[str]], None]


@dataclass(frozen=True)
class Need:
    """A stack's parameter: the output of another stack, in that one's region."""

    parameter: str
    stack: str
    output: str
    region: str = HOME


NEEDS: Mapping[str, tuple[Need, ...]] = {
    "standby": (Need("PrimaryKeyArn", "keys", "KeyArn"),),
    "console": (Need("WebAclArn", "edge", "WebAclArn", region=EDGE),),
}
# Their parameters are the owner's to give: a domain, an organisational unit, a trained model.
BY_HAND = frozenset({"failover", "organization", "ml"})


@dataclass(frozen=True)
class Step:
    """One stack, and the arguments of `cdk deploy` for it."""

    capability: str
    arguments: tuple[str, ...]


@dataclass
class Deployer:
    """Deploys one stage. `outputs` reads a stack's outputs, `run` runs a command.

    `has` says whether the account has one of tools.singletons already, `stands` whether a stack was deployed before.
    """

    stage: str
    profile: str
    assembly: Path
    outputs: Callable[[str, str], Mapping[str, str]]
    run: Run
    has: Callable[[str], bool] = lambda _name: False
    stands: Callable[[str], bool] = lambda _stack: False
    done: list[str] = field(default_factory=list)

    def stacks(self) -> list[str]:
        """Capabilities in the order of deployment. Raises FileNotFoundError without an assembly."""
        manifest = self.assembly / f"assembly-{self.stage}-{self.profile}" / "manifest.json"
        artifacts = json.loads(manifest.read_text("utf-8"))["artifacts"]
        names = [
            a["properties"]["stackName"]
            for a in artifacts.values()
            if a["type"] == "aws:cloudformation:stack"
        ]
        return sorted((n.removeprefix(f"rimedio-{self.stage}-") for n in names), key=_place)

    def steps(self) -> Iterator[Step]:
        """Every stack but those that need something of the owner's."""
        present = self.stacks()
        for capability in present:
            if capability not in BY_HAND:
                yield Step(capability, tuple(self._arguments(capability, present)))

    def deploy(self) -> None:
        """Deploy all of them; the first that fails stops it, and CloudFormation rolls that stack back."""
        for step in self.steps():
            self.run(["npx", "--yes", CDK, "deploy", *step.arguments])
            self.done.append(step.capability)

    def _arguments(self, capability: str, present: Sequence[str]) -> Iterator[str]:
        yield f"{self.stage}-{self.profile}/{capability}"
        yield from ("--app", str(self.assembly), "--require-approval", "never", "--exclusively")
        for need in NEEDS.get(capability, ()):
            if need.stack in present:
                told = self.outputs(f"rimedio-{self.stage}-{need.stack}", need.region)
                yield from ("--parameters", f"{need.parameter}={told[need.output]}")
        if capability in MADE_BY and not self.stands(f"rimedio-{self.stage}-{capability}"):
            # Asked once: afterwards the stack itself may own it, and `cdk deploy` keeps the first answer.
            for name in filter(self.has, MADE_BY[capability]):
                yield from ("--parameters", f"Make{name}=no")


ORDER = (
    "keys",
    "standby",
    "data",
    "queues",
    "identity",
    "network",
    "knowledge",
    "functions",
    "workflow",
    "events",
    "secrets",
    "api",
    "edge",
    "console",
    "observability",
    "cost",
    "github",
    "security",
    "resilience",
    "drills",
    "pipeline",
    "ml",
    "failover",
    "organization",
)


def _place(capability: str) -> int:
    return ORDER.index(capability) if capability in ORDER else len(ORDER)


def upload_console(client: Any, bucket: str, folder: Path = CONSOLE) -> int:
    """The console's files, each with its type; how many."""
    files = [
        p for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix != ".md" and p.name != "__init__.py"
    ]
    for path in files:
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        name = path.relative_to(folder).as_posix()
        client.put_object(
            Bucket=bucket, Key=name, Body=path.read_bytes(), ContentType=kind, CacheControl="no-cache"
        )
    return len(files)


def stack_outputs(stack: str, region: str) -> dict[str, str]:
    """Outputs of a deployed stack by their names in the template."""
    import boto3

    told = boto3.client("cloudformation", region_name=region).describe_stacks(StackName=stack)
    return {row["OutputKey"]: row["OutputValue"] for row in told["Stacks"][0].get("Outputs", [])}


def stack_stands(stack: str) -> bool:
    """Whether a stack was ever made to its end, at home or where budgets live."""
    return any(_stands_in(stack, region) for region in (HOME, EDGE))


def _stands_in(stack: str, region: str) -> bool:
    import boto3
    from botocore.exceptions import ClientError

    try:
        told = boto3.client("cloudformation", region_name=region).describe_stacks(StackName=stack)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":  # how CloudFormation calls an unknown stack
            return False
        raise
    return told["Stacks"][0]["StackStatus"] not in {"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"}


def bare(assembly: Path, stage: str, profile: str) -> bool:
    """Whether the functions' code is the folder of sources: fit for templates, without the libraries to run with."""
    folder = assembly / f"assembly-{stage}-{profile}"
    assets = [json.loads(path.read_text("utf-8")) for path in folder.glob("*.assets.json")]
    return any(file["source"]["packaging"] == "zip" for asset in assets for file in asset["files"].values())


def _unknown(stack: str, _region: str) -> Mapping[str, str]:
    """Outputs of a stack that nobody asks: their place is shown."""
    return {need.output: f"<{stack}>" for needs in NEEDS.values() for need in needs}


def main() -> None:
    """Read the command line and deploy."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stage", required=True, choices=("dev", "staging", "prod"))
    parser.add_argument("--profile", required=True, choices=("frugal", "scale"))
    parser.add_argument("--assembly", type=Path, default=ROOT / "build" / "cdk")
    parser.add_argument("--dry-run", action="store_true", help="print the commands, run nothing")
    given = parser.parse_args()
    if not (given.assembly / f"assembly-{given.stage}-{given.profile}" / "manifest.json").exists():
        parser.exit(2, f"There are no templates of {given.stage}-{given.profile}. Run `make synth` first.\n")
    if not given.dry_run and bare(given.assembly, given.stage, given.profile):
        parser.exit(2, f"The functions in {given.assembly} hold sources without their libraries. {PACKAGE}\n")
    if given.dry_run:
        Deployer(given.stage, given.profile, given.assembly, _unknown, lambda c: print(" ".join(c))).deploy()
        return

    def run(command: Sequence[str]) -> None:
        subprocess.run(command, check=True)

    import boto3

    functions = boto3.client("lambda", region_name=HOME)
    if said := refusal(functions, reservations(given.assembly, given.stage, given.profile)):
        parser.exit(2, f"{said}\n")
    if said := warning(functions):
        sys.stderr.write(f"{said}\n")

    def has(name: str) -> bool:
        return there(name, lambda service: boto3.client(service, region_name=HOME))

    Deployer(given.stage, given.profile, given.assembly, stack_outputs, run, has, stack_stands).deploy()
    account = boto3.client("sts").get_caller_identity()["Account"]
    count = upload_console(boto3.client("s3", region_name=HOME), f"rimedio-{given.stage}-console-{account}")
    sys.stdout.write(f"{count} files of the console\n")


if __name__ == "__main__":
    main()
