"""`rimedio bedrock-local`: Bedrock's runtime API on this machine, answered by the laptop's models."""

import json
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from rimedio.cli.output import terminal
from rimedio.cli.session import session_of
from rimedio.domain.errors import InvalidInput

if TYPE_CHECKING:
    from rimedio.bedrock_local.fault_plan import Rule

PORT = 4580
_EXAMPLE = "throttling, or throttling:every=5, latency:ms=300, stream_error:after=4"


def bedrock_local(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = PORT,
    fault: Annotated[
        list[str] | None, typer.Option(help=f"Every request fails so: {_EXAMPLE}. Repeatable.")
    ] = None,
    plan: Annotated[Path | None, typer.Option(help="JSON file with a list of fault rules.")] = None,
    seed: Annotated[int, typer.Option(help="Of the faults that happen by chance.")] = 0,
) -> None:
    """Speak Bedrock's runtime API on loopback, so that boto3 code runs without an account."""
    from rimedio.bedrock_local.fault_plan import FaultPlan, rule_of
    from rimedio.bedrock_local.models import laptop_models
    from rimedio.bedrock_local.server import run_bedrock_local
    from rimedio.bedrock_local.service import LocalBedrock

    rules = [*_rules(plan), *map(rule_of, fault or ())]
    models = laptop_models(session_of(context).settings())
    bedrock = LocalBedrock(models, FaultPlan(rules, seed))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        run_bedrock_local(bedrock, host=host, port=port, on_ready=_welcome)
    terminal().print("Stopped.")


def _rules(path: Path | None) -> list["Rule"]:
    from rimedio.bedrock_local.fault_plan import Rule

    if path is None:
        return []
    try:
        raw = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"The fault plan {path} cannot be read: {error}. It is a JSON list of rules."
        ) from error
    if not isinstance(raw, list) or not all(isinstance(r, dict) for r in raw):
        raise InvalidInput(f"The fault plan {path} is not a JSON list of rules.")
    return [Rule.read(r) for r in raw]


def _welcome(address: str) -> None:
    console = terminal()
    console.print(Text.assemble(("Bedrock answers at ", "bold"), (address, "bold cyan")))
    console.print(
        Text(f'boto3.client("bedrock-runtime", endpoint_url="{address}")', style="dim"), soft_wrap=True
    )
    console.print(Text("Any key and any secret will do. Stop with Ctrl-C.", style="dim"))
