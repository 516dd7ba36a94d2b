"""What the commands share: the application, their options, and reading what they are given."""

import codecs
import importlib
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from rimedio.asl.definition.findings import line_of
from rimedio.asl.definition.model import Machine
from rimedio.asl.errors import AslError, Diagnostic, InvalidDefinition, JournalUnusable
from rimedio.asl.execution.engine import Engine
from rimedio.asl.execution.handlers import Handlers
from rimedio.asl.integrations.functions import functions, nested
from rimedio.asl.integrations.objects import FolderStore, objects
from rimedio.asl.journal.port import Journal
from rimedio.asl.journal.sqlite import SqliteJournal
from rimedio.asl.jsontext import JSON

UNUSABLE = 2  # exit code: a file or an option cannot be used
ORDER = (
    "run", "resume", "redrive", "list", "describe", "history", "stop", "send-success", "send-failure",
    "send-heartbeat", "test", "validate", "graph", "publish", "alias", "serve",
)  # fmt: skip


_AS_JSON: ContextVar[bool] = ContextVar("as_json", default=False)  # whether errors are told as JSON, too


def _as_json(wanted: bool) -> bool:
    _AS_JSON.set(wanted)
    return wanted


class InOrder(TyperGroup):
    """Lists commands as they are used, not as they are imported."""

    def invoke(self, ctx: Any) -> Any:
        """Run one; a command without --json tells its errors as text."""
        _AS_JSON.set(False)
        return super().invoke(ctx)

    def list_commands(self, ctx: Any) -> list[str]:
        """The names."""
        return sorted(super().list_commands(ctx), key=ORDER.index)


app = typer.Typer(
    name="asl",
    cls=InOrder,
    help="Run, test, check, draw and look after Amazon States Language machines in this process.",
    no_args_is_help=True,
)

MachineFile = Annotated[Path, typer.Argument(help="The definition, a JSON file.", metavar="MACHINE")]
Named = Annotated[
    str, typer.Argument(help="A JSON file, or NAME, NAME:VERSION, NAME:ALIAS of --db.", metavar="MACHINE")
]
Which = Annotated[
    str, typer.Argument(help="The execution: its ARN, MACHINE:NAME, or its NAME.", metavar="EXECUTION")
]
Kept = Annotated[Path, typer.Option("--db", help="The SQLite file of machines and executions.")]
Seen = Annotated[Path | None, typer.Option("--db", help="The SQLite file of executions.")]
Database = Annotated[Path | None, typer.Option("--db", help="Keep executions in this SQLite file.")]
Tasks = Annotated[str, typer.Option(help="Handlers: module:MAPPING, resource or function name → function.")]
Mocks = Annotated[Path | None, typer.Option(help="Mocked tasks, a JSON file: state → [{return} or {throw}].")]
Buckets = Annotated[Path | None, typer.Option("--objects", help="S3 buckets: the folders in this folder.")]
AsJson = Annotated[
    bool,
    typer.Option("--json", callback=_as_json, help="Print JSON for programs instead of text for people."),
]


def fail(message: str, code: int, name: str = "") -> typer.Exit:
    """Say what is wrong on standard error, as JSON where that was asked for; raise what this returns.

    `name` is the error's name for programs; without it, what the exit code stands for.
    """
    if _AS_JSON.get():
        error = {"code": name or ("INVALID_INPUT" if code == UNUSABLE else "FAILED"), "message": message}
        typer.echo(json_line({"error": error}), err=True)
    else:
        typer.echo(message, err=True)
    return typer.Exit(code)


def json_line(value: object, indent: int | None = None) -> str:
    """JSON on one line unless `indent` is given; in ASCII where the output takes nothing else."""
    only_ascii = codecs.lookup(sys.stdout.encoding or "ascii").name != "utf-8"
    return json.dumps(value, ensure_ascii=only_ascii, indent=indent)


@contextmanager
def told_errors() -> Iterator[None]:
    """Errors of the engine become a sentence and exit code 1; a file that is no database code 2."""
    try:
        yield
    except InvalidDefinition as error:
        raise fail("\n".join(map(str, error.diagnostics)), 1, type(error).__name__) from error
    except JournalUnusable as error:
        advice = "Give an SQLite file of this or an earlier release, or the path of a new one."
        raise fail(f"{error} {advice}", UNUSABLE, type(error).__name__) from error
    except AslError as error:
        raise fail(str(error), 1, type(error).__name__) from error
    except sqlite3.DatabaseError as error:
        raise fail(
            f"--db cannot be used: {error}. Give an SQLite file, or the path of a new one.", 2
        ) from error


def read_text(path: Path) -> str:
    """A file's text, or exit code 2."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise fail(f"{path} cannot be read: {reason}. Give the path of a UTF-8 JSON file.", 2) from error


def read_json(text: str, what: str) -> JSON:
    """JSON out of a text, or exit code 2."""
    try:
        value: JSON = json.loads(text)
    except ValueError as error:
        raise fail(f"{what} is not JSON: {error}.", 2) from error
    return value


def read_given(text: str, option: str) -> JSON:
    """An option's JSON: the text itself, or `@file`."""
    if text.startswith("@"):
        return read_json(read_text(Path(text[1:])), text[1:])
    return read_json(text, option)


def read_machine(path: Path) -> Machine:
    """A definition; its findings and exit code 1 when it is not valid."""
    text = read_text(path)
    try:
        return Machine.parse(text, path.name.partition(".")[0])
    except InvalidDefinition as error:
        findings = "\n\n".join(told_finding(path, text, finding) for finding in error.diagnostics)
        raise fail(findings, 1, type(error).__name__) from error


def told_finding(path: Path, text: str, finding: Diagnostic) -> str:
    """A diagnostic as compilers print it: file, line and column, the message, the line itself."""
    at = line_of(text, finding.location)
    place = f"{path}:{at[0]}:{at[1]}" if at else str(path)
    told = [f"{place}: {finding.severity.lower()}: {finding.message} [{finding.code}]"]
    if at:
        line = text.split("\n")[at[0] - 1].replace("\t", " ")
        begin = max(0, at[1] - 60)
        told += [
            f"{at[0]:>6} | {line[begin : begin + 100].rstrip()}",
            f"       | {' ' * (at[1] - 1 - begin)}^",
        ]
    return "\n".join(told)


def open_journal(db: Path | None) -> Journal | None:
    """A journal in a database; None without one, which an Engine takes as one in memory."""
    if db is None:
        return None
    with told_errors():
        return SqliteJournal.open(db)


def open_engine(db: Path) -> Engine:
    """An engine that looks at a database which is there."""
    if not db.exists():
        raise fail(f"{db} does not exist. Give the file that `rimedio asl run --db` has made.", 2)
    return Engine(open_journal(db))


def find_execution(engine: Engine, given: str) -> str:
    """The ARN of an execution that is given by ARN, `machine:name` or its name alone."""
    if given.startswith("arn:"):
        return given
    every = engine.list_executions(limit=100_000)
    found = [e.execution_id for e in every if given == e.name or e.execution_id.endswith(f":{given}")]
    if len(found) == 1:
        return found[0]
    if found:
        raise fail(f"{given} may be " + " or ".join(short(e) for e in found[:5]) + ". Give one of these.", 1)
    raise fail(f"No execution is called {given}. `rimedio asl list --db …` shows all there are.", 1)


def short(execution_id: str) -> str:
    """`machine:name` out of an execution's ARN."""
    return execution_id.partition(":execution:")[2] or execution_id


def read_handlers(
    tasks: str, mocks: Path | None, store: Path | None, *, call: Callable[..., Handlers] = functions
) -> Handlers:
    """Handlers out of a module and of a folder of buckets, or mocks."""
    if mocks is not None:
        from rimedio.asl.testing import MockedTasks, read_mocks

        rows = read_json(read_text(mocks), str(mocks))
        try:
            return MockedTasks(read_mocks(cast("Mapping[str, JSON]", rows))).handlers
        except (ValueError, AttributeError) as error:
            raise fail(f"{mocks}: {error}", 2) from error
    from rimedio.asl.integrations.http_task import http_task

    built_in = {**http_task(), **({} if store is None else objects(FolderStore(store)))}
    if not tasks:
        return built_in
    found = _module(tasks)
    named = {key: handler for key, handler in found.items() if ":" not in key and "*" not in key}
    return {**built_in, **(call(named) if named else {}), **found}


def _module(tasks: str) -> Handlers:
    module, _, name = tasks.partition(":")
    name = name or "HANDLERS"
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(importlib.import_module(module.removesuffix(".py").replace("/", ".")), name)
    except Exception as error:  # the module's own code may do anything
        reason = f"{type(error).__name__}: {error}"
        raise fail(f"--tasks {tasks} cannot be loaded: {reason}. Give module:MAPPING.", 2) from error
    finally:
        sys.path.pop(0)
    if not isinstance(found, Mapping):
        raise fail(f"--tasks {tasks}: {name} is not a mapping of names to functions.", 2)
    return cast("Handlers", found)


def add_nested(engine: Engine, handlers: Handlers) -> None:
    """Let the machines of the engine's database start each other."""
    own = dict(handlers)
    engine.handlers = {**nested(engine, engine.registry.find), **own}


def write_file(path: Path, content: bytes) -> None:
    """Write a file, or exit code 2."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise fail(f"{path} cannot be written: {error.strerror}. Name another file.", UNUSABLE) from error
