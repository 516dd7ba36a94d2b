"""The commands and the options that all of them share."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from rimedio import __version__
from rimedio.asl.cli import app as machines
from rimedio.cli import (
    INTERRUPTED,
    ask,
    audit,
    bedrock_local,
    classify,
    costs,
    demo,
    doctor,
    evaluate,
    events,
    identity,
    knowledge,
    learn,
    replay,
    serve,
    ticket,
    webhook,
)
from rimedio.cli.output import PROGRAM, fail, guarded
from rimedio.cli.session import Session
from rimedio.domain.errors import InvalidInput

app = typer.Typer(
    name="rimedio",
    help="Technical support whose every sentence cites the manual, checked before anybody sees it.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(knowledge.kb, name="kb")
app.add_typer(ticket.app, name="ticket")
app.add_typer(classify.app, name="classify")
app.add_typer(learn.app, name="learn")
app.add_typer(events.app, name="events")
app.add_typer(webhook.app, name="webhook")
app.add_typer(machines, name="asl", help="Run, test, check and draw state machines.")
app.add_typer(identity.keys, name="keys")
app.add_typer(audit.app, name="audit")
app.command("serve")(serve.serve)
app.command("bedrock-local")(bedrock_local.bedrock_local)
app.command("sign-in")(identity.sign_in)
app.command("token")(identity.token)
app.command("ingest")(knowledge.ingest)
app.command("ask")(ask.ask)
app.command("eval")(evaluate.evaluate)
app.command("replay")(replay.replay)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)
app.command("costs")(costs.costs)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder that holds everything Rimedio stores.", show_default=".data")
    ] = None,
    tenant: Annotated[
        str | None, typer.Option(help="Whose tickets and manuals.", show_default="default")
    ] = None,
    _version_wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Technical support whose every sentence cites the manual, checked before anybody sees it."""
    context.obj = Session({"data_dir": data_dir, "tenant": tenant})


def main() -> None:
    """Entry point of the `rimedio` command; ends the process with the command's exit code."""
    guarded(_run)


def _run() -> None:
    if "--json" in sys.argv:
        _run_for_programs()
        return
    try:
        app(args=sys.argv[1:], prog_name=PROGRAM, standalone_mode=True)
    except SystemExit as end:
        if end.code == INTERRUPTED:  # typer ends on Ctrl-C without a word
            raise KeyboardInterrupt from None
        raise


def _run_for_programs() -> None:
    """A wrong option or a missing argument is JSON too, not a box."""
    try:
        code = app(args=sys.argv[1:], prog_name=PROGRAM, standalone_mode=False)
    except TyperException as error:
        said = error.format_message() if hasattr(error, "format_message") else str(error)
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else PROGRAM
        fail(InvalidInput.code, f"{said.rstrip('.')}. See: {command} --help", InvalidInput.exit_code)
    raise SystemExit(code if isinstance(code, int) else 0)
