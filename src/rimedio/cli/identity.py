"""`rimedio sign-in`, `rimedio token`, `rimedio keys rotate`: who may use the service; also while it runs."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from rimedio.bootstrap.identity import HomeIdentity
from rimedio.cli.address import noted_address
from rimedio.cli.output import Json, print_json, progress_terminal, terminal
from rimedio.cli.session import session_of
from rimedio.domain.ticket import AccountTier
from rimedio.security.permissions import Role

keys = typer.Typer(help="The keys that sign tokens and wrap secrets.", no_args_is_help=True)

RoleOption = Annotated[Role, typer.Option(help="What that person or program may do.")]
TierOption = Annotated[AccountTier, typer.Option(help="How many requests a second: 10, 100 or 1000.")]


def identity_of(context: typer.Context) -> HomeIdentity:
    """Security on the data folder, without its lock. Raises InvalidSetting."""
    settings = session_of(context).settings()
    return HomeIdentity(settings.data_dir.absolute(), settings)


def sign_in(
    context: typer.Context,
    role: RoleOption = Role.OPERATOR,
    subject: Annotated[str | None, typer.Option(help="Who signs in.", show_default="the role's name")] = None,
    json: Json = False,
) -> None:
    """Print a link that signs somebody in to the console: once, within 15 minutes."""
    identity = identity_of(context)
    settings = identity.settings
    code = identity.codes.make(subject or role.value, settings.tenant, [role])
    running = noted_address(settings.data_dir.absolute())
    link = f"{running or f'http://{settings.http_host}:{settings.http_port}'}/?code={code}"
    if json:
        print_json({"code": code, "link": link, "role": role.value, "tenant": settings.tenant})
        return
    console = terminal()
    console.print(
        Text.assemble("Sign in as ", (role.value, "bold"), " with this link, once, within 15 minutes:")
    )
    console.print(Text(f"  {link}", style="cyan"), soft_wrap=True)
    console.print(Text(f"or type the code {code} on the sign-in page.", style="dim"))
    if running is None:
        _say_that_none_runs(settings.data_dir.absolute())


def _say_that_none_runs(folder: Path) -> None:
    said = f"No service runs on {folder} now. Start it, or name the folder that it serves: --data-dir."
    progress_terminal().print(Text(said, style="yellow"), soft_wrap=True)


def token(
    context: typer.Context,
    role: RoleOption = Role.INTEGRATION,
    days: Annotated[int, typer.Option(min=1, max=90, help="Days until it expires.")] = 30,
    subject: Annotated[str | None, typer.Option(help="For whom.", show_default="the role's name")] = None,
    tier: TierOption = AccountTier.STANDARD,
    json: Json = False,
) -> None:
    """Print a token for a program that calls the API: the header `Authorization: Bearer TOKEN`."""
    identity = identity_of(context)
    tenant = identity.settings.tenant
    made = identity.issuer.issue(subject or role.value, tenant, [role], tier=tier, life=timedelta(days=days))
    expires = made.principal.expires_at
    if json:
        print_json({"token": made.token, "expires_at": expires, "role": role.value, "tenant": tenant})
        return
    typer.echo(made.token)
    progress_terminal().print(
        Text(
            f"For {role.value} of {tenant}, until {expires:%Y-%m-%d}. Whoever has it may use it.", style="dim"
        )
    )


@keys.command()
def rotate(
    context: typer.Context,
    stolen: Annotated[
        bool, typer.Option("--stolen", help="Forget the old signing key: every token ends now.")
    ] = False,
    json: Json = False,
) -> None:
    """Sign tokens with a new key and wrap secrets with a new master key from now on.

    Old tokens count until they expire, and old secrets stay readable.
    """
    identity = identity_of(context)
    signing = identity.keys.rotate(forget_old=stolen)
    master = identity.master_keys.rotate()
    if json:
        print_json({"signing_key": signing.kid, "master_key": master})
        return
    terminal().print(f"Signing key {signing.kid}, master key {master}.")
