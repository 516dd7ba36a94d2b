"""Prints how the functions' roles are let into the OpenSearch domain: after its creation, and after a new function.

    python -m tools.search_access --stage prod --account 123456789012

Fine-grained access control knows nobody but the role `search-administrator`, and the domain answers inside the private
network alone. So: assume that role, open a CloudShell *VPC environment* in a private subnet with the security group
`rimedio-STAGE-functions`, hand over the role's keys as AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and
the domain's address as DOMAIN, and run what this prints. What a function may reach its own policy still bounds.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tools.deploy import HOME

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "infra"))  # no installed package

from rimedio_infra.catalogue import FUNCTIONS

ROLE = "rimedio"
PATH = "_plugins/_security/api"


def role() -> dict[str, Any]:
    """Rights inside the domain: Rimedio's own indexes, and requests that span several of them."""
    return {
        "cluster_permissions": ["cluster_composite_ops", "cluster_monitor"],
        "index_permissions": [{"index_patterns": ["rimedio*"], "allowed_actions": ["indices_all"]}],
    }


def mapping(stage: str, account: str) -> dict[str, list[str]]:
    """Who has them: the roles of the functions that search."""
    name = f"arn:aws:iam::{account}:role/rimedio-{stage}-fn-"
    return {"backend_roles": sorted(name + spec.name for spec in FUNCTIONS if spec.searches)}


def command(kind: str, body: object) -> str:
    """One signed request."""
    return (
        f'curl --fail --aws-sigv4 "aws:amz:{HOME}:es" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" '
        '-H "x-amz-security-token: $AWS_SESSION_TOKEN" -H "Content-Type: application/json" '
        f"-X PUT \"https://$DOMAIN/{PATH}/{kind}/{ROLE}\" -d '{json.dumps(body)}'"
    )


def main() -> None:
    """Read the command line and print."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.search_access",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stage", required=True, choices=("dev", "staging", "prod"))
    parser.add_argument("--account", required=True)
    given = parser.parse_args()
    sys.stdout.write(f"{command('roles', role())}\n")
    sys.stdout.write(f"{command('rolesmapping', mapping(given.stage, given.account))}\n")


if __name__ == "__main__":
    main()
