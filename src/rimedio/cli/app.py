"""The commands and the options that all of them share."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text
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
from rimedio.cli.examples import add_examples
from rimedio.cli.output import PROGRAM, fail, guarded, progress_terminal
from rimedio.cli.session import Session
from rimedio.domain.errors import InvalidInput

BEFORE_COMMAND = ("--data-dir", "--tenant")  # options that all commands share

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
add_examples(app)


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
        if end.code == InvalidInput.exit_code and (hint := misplaced(sys.argv[1:])):
            progress_terminal().print(Text(hint, style="yellow"), soft_wrap=True)
        raise


def misplaced(arguments: Sequence[str]) -> str:
    """What to do about an option for all commands that was given behind the command; nothing where none was."""
    at = 0
    while at < len(arguments) and arguments[at].startswith("-"):
        at += 2 if arguments[at] in BEFORE_COMMAND else 1
    for option in BEFORE_COMMAND:
        if any(given == option or given.startswith(f"{option}=") for given in arguments[at + 1 :]):
            return f"{option} stands before the command: {PROGRAM} {option} … {arguments[at]} …"
    return ""


def _run_for_programs() -> None:
    """A wrong option or a missing argument is JSON too, not a box."""
    try:
        code = app(args=sys.argv[1:], prog_name=PROGRAM, standalone_mode=False)
    except TyperException as error:
        said = error.format_message() if hasattr(error, "format_message") else str(error)
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else PROGRAM
        hint = misplaced(sys.argv[1:]) or f"See: {command} --help"
        fail(InvalidInput.code, f"{said.rstrip('.')}. {hint}", InvalidInput.exit_code)
    raise SystemExit(code if isinstance(code, int) else 0)
