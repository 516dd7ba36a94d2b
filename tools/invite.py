"""Invites a person to the console of a deployed stage: prints a link that signs in once, within fifteen minutes.

    python -m tools.invite --stage dev --tenant acme --role admin [--subject anna] [--token]

Who runs it needs AWS credentials that may write into the stage's table; the link may be sent to whom it is for.
With `--token` it takes the invitation itself and prints the token, for programs and for a first try with curl.
"""

import argparse
import json
import sys
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rimedio.domain.clock import Clock, SystemClock
from rimedio.security.permissions import Role
from rimedio.storage.dynamodb_table import DynamoDbTable
from rimedio.storage.sign_in_codes import TableSignInCodes
from tools.deploy import HOME, stack_outputs

SECONDS = 30.0


@dataclass(frozen=True)
class Invited:
    """A code, and where it counts."""

    code: str
    console: str
    api: str

    @property
    def link(self) -> str:
        """What the person opens."""
        return f"{self.console}/?code={self.code}"


def invite(
    client: Any,
    stage: str,
    who: tuple[str, str, Role],
    outputs: Callable[[str, str], Mapping[str, str]] = stack_outputs,
    clock: Clock | None = None,
) -> Invited:
    """Make an invitation in a stage's table. `who` is subject, tenant, role. Raises StorageFailed and its kin."""
    now = clock or SystemClock()
    subject, tenant, role = who
    console = outputs(f"rimedio-{stage}-console", HOME)["Address"]
    api = outputs(f"rimedio-{stage}-api", HOME)["Url"]
    table = DynamoDbTable(client, f"rimedio-{stage}", now)
    return Invited(TableSignInCodes(table, now).make(subject, tenant, [role]), console, api)


def token_of(invited: Invited) -> str:
    """Take the invitation, as the console does. Raises URLError where the API does not answer."""
    request = urllib.request.Request(
        f"{invited.api}/v1/session",
        json.dumps({"code": invited.code}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return str(json.load(answer)["token"])


def main() -> None:
    """Read the command line and invite."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.invite",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stage", required=True, choices=("dev", "staging", "prod"))
    parser.add_argument("--tenant", required=True, help="whose tickets and manuals the person sees")
    parser.add_argument("--role", type=Role, choices=list(Role), default=Role.OPERATOR)
    parser.add_argument("--subject", help="who is invited (default: the role's name)")
    parser.add_argument("--token", action="store_true", help="take the invitation and print the token")
    given = parser.parse_args()
    import boto3

    client = boto3.client("dynamodb", region_name=HOME)
    invited = invite(client, given.stage, (given.subject or given.role.value, given.tenant, given.role))
    sys.stdout.write(f"{token_of(invited) if given.token else invited.link}\n")


if __name__ == "__main__":
    main()
