"""`rimedio audit`: policies and security groups judged, from files and templates, or in an account."""

import json as json_text
from collections.abc import Mapping
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rimedio.cli.display import print_table
from rimedio.cli.output import Json, print_json, terminal
from rimedio.cli.session import session_of
from rimedio.domain.codec import to_json
from rimedio.domain.errors import InvalidInput

if TYPE_CHECKING:
    from rimedio.aws import AwsConnections

app = typer.Typer(
    help="Judge IAM policies and security groups before they are deployed.", no_args_is_help=True
)
File = Annotated[Path, typer.Argument(help="A JSON file.", exists=True, dir_okay=False)]
FOUND = 1


@app.command()
def policy(file: File, json: Json = False) -> None:
    """Mistakes in an IAM policy; ends with 1 when there are any."""
    from rimedio.security.iam_auditor import audit_policy

    findings = audit_policy(_document(file))
    _tell(
        [(f.statement, f.code, f.severity.value, f.message) for f in findings], to_json(findings), json=json
    )


@app.command()
def groups(file: File, json: Json = False) -> None:
    """Mistakes in the security groups of a CloudFormation template; ends with 1 when there are any."""
    from rimedio.security.security_groups import audit_security_groups
    from rimedio.security.security_groups_ec2 import groups_of_template

    findings = audit_security_groups(groups_of_template(_document(file)))
    _tell([(f.group_id, f.code, f.severity.value, f.message) for f in findings], to_json(findings), json=json)


@app.command()
def template(file: File, json: Json = False) -> None:
    """Rules of the AWS Guard Rules Registry that a CloudFormation template breaks; ends with 1 when any."""
    from rimedio.security.template_rules import broken_rules

    broken = broken_rules(_document(file))
    if json:
        print_json(broken)
    else:
        terminal().print("\n".join(broken) or "No rule is broken.")
    if broken:
        raise typer.Exit(FOUND)


@app.command()
def account(
    context: typer.Context,
    role: Annotated[
        str | None, typer.Option(help="Role to look with: arn:aws:iam::ACCOUNT:role/NAME.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="MFA device that the role asks for.")] = None,
    json: Json = False,
) -> None:
    """Mistakes in the security groups of an AWS account and region; ends with 1 when there are any."""
    from rimedio.aws import AwsConnections
    from rimedio.aws.connections import parsed_endpoints
    from rimedio.security.security_groups import audit_security_groups
    from rimedio.security.security_groups_ec2 import groups_of_account

    settings = session_of(context).settings()
    endpoints = parsed_endpoints(settings.aws_endpoints)
    connections = AwsConnections(settings.aws_region, endpoints)
    try:
        if role is not None:
            environ.update(_credentials(connections, role, device))
            connections.close()
            connections = AwsConnections(settings.aws_region, endpoints)
        findings = audit_security_groups(groups_of_account(connections.client("ec2")))
    finally:
        connections.close()
    _tell([(f.group_id, f.code, f.severity.value, f.message) for f in findings], to_json(findings), json=json)


def _credentials(connections: "AwsConnections", role: str, device: str | None) -> Mapping[str, str]:
    """The role's, as environment variables; asks for the MFA code where there is a device."""
    from rimedio.security.sts_roles import RoleRequest, assume_role, assume_role_with_mfa

    client, request = connections.client("sts"), RoleRequest(role, "rimedio-audit", seconds=900)
    if device is None:
        return assume_role(client, request).environment()
    code = typer.prompt("MFA code", hide_input=True)
    return assume_role_with_mfa(client, request, device, code).environment()


@app.command()
def may(
    file: File,
    action: Annotated[str, typer.Argument(help="Such as dynamodb:GetItem.")],
    resource: Annotated[str, typer.Argument(help="An ARN, or * for any.")] = "*",
    context: Annotated[
        list[str] | None, typer.Option(help="A condition key: NAME=VALUE; repeatable.")
    ] = None,
    boundary: Annotated[Path | None, typer.Option(help="A permissions boundary.", exists=True)] = None,
    json: Json = False,
) -> None:
    """Whether a policy lets its holder do something; ends with 1 when it does not."""
    from rimedio.security.iam_simulation import simulate

    keys = dict(_pair(text) for text in context or ())
    limits = [_document(boundary)] if boundary else []
    decision = simulate([_document(file)], action, resource, keys, boundary=limits)
    if json:
        print_json(to_json(decision))
    else:
        terminal().print(f"{decision.effect.value}: {decision.reason}", highlight=False)
    if not decision.allowed:
        raise typer.Exit(FOUND)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise InvalidInput(f"{text!r} is no condition key. Write NAME=VALUE.")
    return name, value


def _document(file: Path) -> Mapping[str, Any]:
    try:
        found = json_text.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, json_text.JSONDecodeError) as error:
        raise InvalidInput(
            f"{file} cannot be read as JSON ({error}). Give a policy or a template."
        ) from error
    if not isinstance(found, dict):
        raise InvalidInput(f"{file} holds no JSON object. Give a policy or a template.")
    return found


def _tell(rows: list[tuple[str, str, str, str]], plain: Any, *, json: bool) -> None:
    if json:
        print_json(plain)
    elif not rows:
        terminal().print("Nothing to change.")
    else:
        print_table(terminal(), ("where", "what", "how bad", "why"), rows, whole=("where", "what"))
    if rows:
        raise typer.Exit(FOUND)
