"""Points every function's alias `live` at the version before: seconds, no build, no CloudFormation.

    python -m tools.rollback --stage prod [--function api] [--to 12] [--dry-run]

A deployment in progress rolls itself back when its alarm rings (CodeDeploy); this is for what shows later. Data is
not touched: every version reads what the one before wrote. Deploy the repaired version next, or the stack's template
and the alias drift apart.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

ALIAS = "live"
HOME = "eu-south-1"


@dataclass(frozen=True)
class Move:
    """An alias from one version to another; None where there is no older one."""

    function: str
    current: str
    target: str | None


@dataclass(frozen=True)
class Rollback:
    """Rolls back the functions of one stage through a Lambda client."""

    client: Any
    stage: str

    def functions(self) -> Sequence[str]:
        """Names of the stage's functions."""
        pages = self.client.get_paginator("list_functions").paginate()
        names = [f["FunctionName"] for page in pages for f in page["Functions"]]
        return sorted(name for name in names if name.startswith(f"rimedio-{self.stage}-"))

    def moves(self, only: str | None = None, to: str | None = None) -> Iterator[Move]:
        """What would change. Raises ValueError for a function or a version that does not exist."""
        wanted = [
            name for name in self.functions() if only in {None, name.removeprefix(f"rimedio-{self.stage}-")}
        ]
        if not wanted:
            msg = f"There is no function {only!r} in {self.stage}. Leave --function out to roll all of them back."
            raise ValueError(msg)
        for name in wanted:
            current = str(self.client.get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"])
            yield Move(name, current, self._target(name, current, to))

    def apply(self, moves: Sequence[Move]) -> int:
        """Move the aliases, all weight at once; how many moved."""
        done = 0
        for move in moves:
            if move.target is not None and move.target != move.current:
                self.client.update_alias(
                    FunctionName=move.function,
                    Name=ALIAS,
                    FunctionVersion=move.target,
                    RoutingConfig={"AdditionalVersionWeights": {}},
                )
                done += 1
        return done

    def _target(self, name: str, current: str, to: str | None) -> str | None:
        pages = self.client.get_paginator("list_versions_by_function").paginate(FunctionName=name)
        versions = [v["Version"] for page in pages for v in page["Versions"] if v["Version"] != "$LATEST"]
        if to is not None:
            if to not in versions:
                msg = f"{name} has no version {to}. It has: {', '.join(versions) or 'none'}."
                raise ValueError(msg)
            return to
        older = [int(version) for version in versions if int(version) < int(current)]
        return str(max(older)) if older else None


def main() -> None:
    """Read the command line and roll back."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stage", required=True, choices=("dev", "staging", "prod"))
    parser.add_argument("--function", help="only this one, such as api or task-generate")
    parser.add_argument("--to", help="this version, instead of the one before")
    parser.add_argument("--region", default=HOME)
    parser.add_argument("--dry-run", action="store_true", help="say what would change, change nothing")
    given = parser.parse_args()
    import boto3

    rollback = Rollback(boto3.client("lambda", region_name=given.region), given.stage)
    moves = list(rollback.moves(given.function, given.to))
    for move in moves:
        print(f"{move.function}: {move.current} -> {move.target or 'nothing older, stays'}")
    if not given.dry_run:
        print(f"{rollback.apply(moves)} aliases moved")


if __name__ == "__main__":
    main()
