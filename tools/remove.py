"""Removes a stage of which nothing is to be kept: empties its buckets, then takes its stacks away, last one first.

    python -m tools.remove --stage dev --profile frugal [--assembly build/cdk] [--dry-run]

Only for dev: in staging and prod the stacks keep their data (tables, buckets, keys, people) and prod's are protected
against deletion; those are taken away by hand, one by one, by somebody who means it.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.deploy import BY_HAND, CDK, HOME, ROOT, Deployer, Run

# Buckets of a stage by the middle of their names; those of the profile that was not deployed are not there.
BUCKETS = ("", "-logs", "-console", "-evidence", "-configurations", "-artifacts")
PAGE = 1000  # as many as DeleteObjects takes


def empty(client: Any, bucket: str) -> int:
    """Delete every version of every object; how many. A bucket that is not there is empty."""
    try:
        client.head_bucket(Bucket=bucket)
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchBucket"}:
            return 0
        raise
    gone = 0
    while rows := _versions(client, bucket):
        client.delete_objects(Bucket=bucket, Delete={"Objects": rows, "Quiet": True})
        gone += len(rows)
    return gone


def _versions(client: Any, bucket: str) -> list[dict[str, str]]:
    told = client.list_object_versions(Bucket=bucket, MaxKeys=PAGE)
    rows = [*told.get("Versions", ()), *told.get("DeleteMarkers", ())]
    return [{"Key": row["Key"], "VersionId": row["VersionId"]} for row in rows]


@dataclass(frozen=True)
class Remover:
    """Takes one stage's stacks away. `run` runs a command, `empty` empties the buckets: the log of who read one
    bucket may still arrive in another while the stacks go, so it is called before each of them.
    """

    profile: str
    assembly: Path
    run: Run
    empty: Callable[[], int] = lambda: 0
    stage: str = "dev"

    def stacks(self) -> Sequence[str]:
        """Capabilities, the last deployed first; those that the owner deploys by hand he takes away by hand."""
        order = Deployer(self.stage, self.profile, self.assembly, lambda _s, _r: {}, self.run).stacks()
        return [name for name in reversed(order) if name not in BY_HAND]

    def remove(self) -> int:
        """Destroy all stacks; how many."""
        names = self.stacks()
        for name in names:
            self.empty()
            stack = f"{self.stage}-{self.profile}/{name}"
            self.run(
                [
                    "npx",
                    "--yes",
                    CDK,
                    "destroy",
                    stack,
                    "--app",
                    str(self.assembly),
                    "--exclusively",
                    "--force",
                ]
            )
        return len(names)


def main() -> None:
    """Read the command line and remove."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.remove",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stage", required=True, choices=("dev",))
    parser.add_argument("--profile", required=True, choices=("frugal", "scale"))
    parser.add_argument("--assembly", type=Path, default=ROOT / "build" / "cdk")
    parser.add_argument("--dry-run", action="store_true", help="print the commands, remove nothing")
    given = parser.parse_args()
    if not (given.assembly / f"assembly-{given.stage}-{given.profile}" / "manifest.json").exists():
        parser.exit(2, f"There are no templates of {given.stage}-{given.profile}. Run `make synth` first.\n")
    if given.dry_run:
        Remover(given.profile, given.assembly, lambda c: print(" ".join(c))).remove()
        return
    import boto3

    account = boto3.client("sts").get_caller_identity()["Account"]
    s3 = boto3.client("s3", region_name=HOME)
    names = [f"rimedio-{given.stage}{middle}-{account}" for middle in BUCKETS]
    gone = Remover(
        given.profile, given.assembly, _checked, lambda: sum(empty(s3, name) for name in names)
    ).remove()
    sys.stdout.write(f"{gone} stacks removed\n")


def _checked(command: Sequence[str]) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
