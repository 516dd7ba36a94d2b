"""`rimedio asl …`, or `python -m rimedio.asl …`: run, test, validate, draw and inspect state machines.

Exit codes: 0 all well; 1 the execution or a case failed, the definition is invalid; 2 a file cannot be read.
"""

import importlib
import json
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, cast

import typer

from rimedio.asl.definition.model import Machine
from rimedio.asl.definition.validation import validate
from rimedio.asl.errors import AslError, InvalidDefinition
from rimedio.asl.execution.engine import Engine
from rimedio.asl.execution.handlers import Handlers
from rimedio.asl.graph import mermaid, svg
from rimedio.asl.integrations.functions import functions, nested
from rimedio.asl.integrations.http_task import http_task
from rimedio.asl.integrations.objects import FolderStore, objects
from rimedio.asl.journal.port import Event, Journal
from rimedio.asl.journal.registry import Registry, Route
from rimedio.asl.journal.sqlite import MemoryJournal, SqliteJournal
from rimedio.asl.jsontext import JSON
from rimedio.asl.testing import Case, MockedTasks, run_case

app = typer.Typer(
    name="asl", help="Run and test Amazon States Language machines in this process.", no_args_is_help=True
)

MachineFile = Annotated[Path, typer.Argument(help="The definition, a JSON file.")]
Named = Annotated[str, typer.Argument(help="A JSON file, or NAME, NAME:VERSION, NAME:ALIAS of --db.")]
Kept = Annotated[Path, typer.Option("--db", help="The SQLite file of machines and executions.")]
Database = Annotated[Path | None, typer.Option("--db", help="Keep executions in this SQLite file.")]
Tasks = Annotated[str, typer.Option(help="Handlers: module:MAPPING, resource or function name → function.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON only.")]


def _fail(message: str, code: int) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(code)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _fail(f"{path} cannot be read: {error}. Give the path of a UTF-8 JSON file.", 2) from error


def _json(text: str, what: str) -> JSON:
    try:
        value: JSON = json.loads(text)
    except ValueError as error:
        raise _fail(f"{what} is not JSON: {error}.", 2) from error
    return value


def _machine(path: Path) -> Machine:
    try:
        return Machine.parse(_read(path), path.name.partition(".")[0])
    except InvalidDefinition as error:
        raise _fail("\n".join(map(str, error.diagnostics)), 1) from error


def _given(text: str) -> JSON:
    if text.startswith("@"):
        return _json(_read(Path(text[1:])), text[1:])
    return _json(text, "--input")


def _journal(db: Path | None) -> Journal:
    return MemoryJournal() if db is None else SqliteJournal.open(db)


def _handlers(
    tasks: str, mocks: Path | None, store: Path | None, *, call: Callable[..., Handlers] = functions
) -> Handlers:
    if mocks is not None:
        rows = _json(_read(mocks), str(mocks))
        body: dict[str, JSON] = {"mocks": rows}
        return MockedTasks(Case.read(body).mocks).handlers
    built_in = {**http_task(), **({} if store is None else objects(FolderStore(store)))}
    if not tasks:
        return built_in
    module, _, name = tasks.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = cast("Handlers", getattr(importlib.import_module(module), name or "HANDLERS"))
    except (ImportError, AttributeError) as error:
        raise _fail(f"--tasks {tasks} cannot be loaded: {error}. Give module:MAPPING.", 2) from error
    named = {key: handler for key, handler in found.items() if ":" not in key and "*" not in key}
    return {**built_in, **(call(named) if named else {}), **found}


def _progress(_: str, event: Event) -> None:
    name = event.details.get("name", "")
    error = event.details.get("error", "")
    typer.echo(f"{event.id:>5}  {event.type:<28} {name} {error}".rstrip(), err=True)


@app.command()
def run(  # noqa: PLR0917 - a command line has many options
    definition: Named,
    input: Annotated[str, typer.Option(help="JSON text, or @file.")] = "{}",  # noqa: A002
    name: Annotated[str | None, typer.Option(help="The execution's name.")] = None,
    tasks: Tasks = "",
    mocks: Annotated[Path | None, typer.Option(help="JSON: state → [{return} or {throw}].")] = None,
    store: Annotated[Path | None, typer.Option("--objects", help="Buckets: folders in this folder.")] = None,
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Run a machine and show its progress as it happens."""
    observer = None if as_json else _progress
    engine = Engine(_journal(db), _handlers(tasks, mocks, store), on_event=observer)
    try:
        path = Path(definition)
        machine = _machine(path) if path.exists() or db is None else definition
        found = engine.run(engine.start(machine, _given(input), name))
    except AslError as error:
        raise _fail(str(error), 1) from error
    told = {"execution": found.execution_id, "status": found.status, "output": found.output,
            "error": found.error, "cause": found.cause}  # fmt: skip
    typer.echo(json.dumps(told, ensure_ascii=False, indent=None if as_json else 2))
    if found.status not in ("SUCCEEDED", "RUNNING"):
        raise typer.Exit(1)


@app.command()
def serve(  # noqa: PLR0917 - a command line has many options
    port: Annotated[int, typer.Option(help="0: a free one.")] = 8083,
    data: Annotated[Path | None, typer.Option("--data", help="Keep all in this SQLite file.")] = None,
    tasks: Annotated[
        str, typer.Option("--handlers", help="Functions: module:MAPPING, name → function.")
    ] = "",
    lambda_endpoint: Annotated[str, typer.Option(help="Where Lambda, or its stand-in, answers.")] = "",
    region: Annotated[str, typer.Option(help="Region in the ARNs.")] = "us-east-1",
    account: Annotated[str, typer.Option(help="Account in the ARNs.")] = "000000000000",
    threads: Annotated[int, typer.Option(min=1, max=64, help="Tasks at the same time.")] = 4,
    store: Annotated[Path | None, typer.Option("--objects", help="Buckets: folders in this folder.")] = None,
) -> None:
    """Answer as AWS Step Functions does, on loopback, for SDKs and the AWS CLI."""
    from rimedio.asl.wire import Api, LambdaEndpoint, LocalFunctions, StepFunctionsServer, invoked

    handlers = dict(_handlers(tasks, None, store, call=lambda named: invoked(LocalFunctions(named))))
    if lambda_endpoint:
        handlers = {**invoked(LambdaEndpoint(lambda_endpoint)), **handlers}
    engine = Engine(_journal(data), handlers, arn=f"arn:aws:states:{region}:{account}")
    handlers.update({k: v for k, v in nested(engine, engine.registry.find).items() if k not in handlers})
    try:
        server = StepFunctionsServer(Api(engine), port, threads=threads)
    except OSError as error:
        raise _fail(f"Port {port} cannot be used: {error}. Choose another with --port.", 2) from error
    with server, suppress(KeyboardInterrupt):
        typer.echo(f"Step Functions answers at {server.url} as {engine.arn}. Ctrl-C ends it.")
        threading.Event().wait()


@app.command()
def test(
    definition: MachineFile, cases: Annotated[Path, typer.Argument(help="JSON: a list of cases.")]
) -> None:
    """Run a table of cases with mocked tasks; waits take no time."""
    machine = _machine(definition)
    rows = _json(_read(cases), str(cases))
    failed = 0
    for row in rows if isinstance(rows, list) else [rows]:
        try:
            result = run_case(machine, Case.read(row if isinstance(row, dict) else {}))
        except ValueError as error:
            raise _fail(f"{cases}: {error}", 2) from error
        failed += bool(result.problems)
        typer.echo(f"{'FAIL' if result.problems else 'ok  '} {result.case.name}")
        for problem in result.problems:
            typer.echo(f"     {problem}")
    if failed:
        raise typer.Exit(1)


@app.command("validate")
def validate_(definition: MachineFile, as_json: AsJson = False) -> None:
    """Check a definition; prints AWS's diagnostics."""
    findings = validate(_read(definition))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            typer.echo(f"{finding.severity}: {finding}")
    if any(finding.severity == "ERROR" for finding in findings):
        raise typer.Exit(1)


@app.command()
def publish(definition: MachineFile, db: Kept) -> None:
    """Keep a definition in --db, and make it the next version of its machine."""
    machine = _machine(definition)
    registry = Registry(_journal(db))
    registry.put(machine)
    typer.echo(f"{machine.name}:{registry.publish(machine.name)}")


@app.command()
def alias(
    machine: Annotated[str, typer.Argument(help="The name of a machine of --db.")],
    name: Annotated[str, typer.Argument(help="The alias.")],
    versions: Annotated[list[str], typer.Argument(help="VERSION, or two VERSION=PERCENT.")],
    db: Kept,
) -> None:
    """Point an alias at a version, or at two that share the executions."""
    try:
        weights = {int(v): int(share or 100) for v, _, share in (text.partition("=") for text in versions)}
        Registry(_journal(db)).alias(machine, name, Route(weights))
    except (AslError, ValueError) as error:
        raise _fail(str(error), 1) from error


@app.command()
def graph(
    definition: MachineFile,
    picture: Annotated[str, typer.Option("--format", help="mermaid or svg.")] = "mermaid",
    execution: Annotated[str | None, typer.Option(help="Colour by this execution (needs --db).")] = None,
    db: Database = None,
) -> None:
    """Draw a machine as Mermaid text or SVG."""
    history = [] if execution is None else Engine(_journal(db)).history(execution)
    draw = {"mermaid": mermaid, "svg": svg}.get(picture)
    if draw is None:
        raise _fail(f"There is no format {picture!r}; use mermaid or svg.", 2)
    typer.echo(draw(_machine(definition), history), nl=False)


@app.command("history")
def history_(execution: str, db: Annotated[Path, typer.Option("--db")], as_json: AsJson = False) -> None:
    """Show the events of an execution."""
    try:
        events = Engine(_journal(db)).history(execution)
    except AslError as error:
        raise _fail(str(error), 1) from error
    for event in events:
        details = next((value for key, value in event.items() if key.endswith("EventDetails")), None)
        shown = json.dumps(details, ensure_ascii=False) if details else ""
        line = f"{event['id']:>5}  {event['timestamp']}  {event['type']:<28} {shown}"
        typer.echo(json.dumps(event) if as_json else line.rstrip())
