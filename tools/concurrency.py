"""Whether the account lets the functions keep what they reserve, asked before a deployment begins.

A new account may run ten functions at once. Lambda takes no reservation that would leave fewer than a hundred to all
other functions, and CloudFormation would roll the stack back (Lambda developer guide, "Reserved concurrency").
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

LEFT_MIN = 100  # executions that Lambda keeps for functions without a reservation
ENOUGH = 100  # below, a handful of tickets at once is throttled even where nothing is reserved
QUOTA = "L-B99A9384"  # "Concurrent executions" of Lambda in Service Quotas
ASK = (
    "Ask for more (it is granted within hours, and costs nothing): aws service-quotas request-service-quota-increase "
    "--service-code lambda --quota-code {quota} --desired-value {wanted} --region {region}"
)


def reservations(assembly: Path, stage: str, profile: str) -> dict[str, int]:
    """Executions that each function of a synthesized deployment keeps for itself, by its name."""
    folder = assembly / f"assembly-{stage}-{profile}"
    artifacts = json.loads((folder / "manifest.json").read_text("utf-8"))["artifacts"]
    files = [
        found["properties"]["templateFile"]
        for found in artifacts.values()
        if found["type"] == "aws:cloudformation:stack" and "templateFile" in found["properties"]
    ]
    bodies = [json.loads((folder / file).read_text("utf-8")) for file in files]
    return {
        str(made["Properties"]["FunctionName"]): int(made["Properties"]["ReservedConcurrentExecutions"])
        for body in bodies
        for made in body.get("Resources", {}).values()
        if made["Type"] == "AWS::Lambda::Function" and "ReservedConcurrentExecutions" in made["Properties"]
    }


def refusal(client: Any, wanted: Mapping[str, int]) -> str | None:
    """Why Lambda would refuse these reservations, and what to do; None where it would not. Raises ClientError."""
    limit, free = _limits(client)
    more = sum(wanted.values()) - sum(_kept(client, name) for name in wanted)
    if more <= 0 or free - more >= LEFT_MIN:
        return None
    asked = ASK.format(quota=QUOTA, wanted=max(1000, limit + more), region=client.meta.region_name)
    return (
        f"The functions reserve {more} executions at once; the account may run {limit}, of which {free} are free, and "
        f"Lambda keeps {LEFT_MIN} for all others. {asked}. Or deploy the profile frugal, which reserves none."
    )


def warning(client: Any) -> str | None:
    """What a small limit means for a deployment that reserves nothing. Raises ClientError."""
    limit, _ = _limits(client)
    if limit >= ENOUGH:
        return None
    asked = ASK.format(quota=QUOTA, wanted=1000, region=client.meta.region_name)
    return f"The account may run {limit} functions at once: several tickets at a time wait for each other. {asked}."


def _limits(client: Any) -> tuple[int, int]:
    told = client.get_account_settings()["AccountLimit"]
    return int(told["ConcurrentExecutions"]), int(told["UnreservedConcurrentExecutions"])


def _kept(client: Any, name: str) -> int:
    """What a function reserves already; 0 for one that is not there yet."""
    try:
        return int(client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions", 0))
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return 0
        raise
