"""`asl send-success`, `send-failure`, `send-heartbeat`: answers to tasks that wait for a token."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from rimedio.asl.cli.options import (
    AsJson,
    Kept,
    app,
    fail,
    json_line,
    open_engine,
    read_given,
    told_errors,
)
from rimedio.asl.errors import InvalidToken
from rimedio.asl.execution.engine import Engine
from rimedio.asl.watching import TOKEN, waiting_tasks

Given = Annotated[str, typer.Argument(help="The token, or its first characters.")]


def _whole(engine: Engine, given: str) -> str:
    """A token out of its first characters. Raises InvalidToken."""
    if TOKEN.fullmatch(given):
        return given
    running = engine.list_executions(status="RUNNING", limit=100_000)
    tasks = [task for e in running for task in waiting_tasks(engine, e.execution_id)]
    found = [task.token for task in tasks if task.token.startswith(given)]
    if len(found) == 1:
        return found[0]
    if found:
        raise fail(f"{len(found)} tasks have a token that begins with {given}. Give more of it.", 1)
    raise InvalidToken(
        f"No task waits with the token {given}. `rimedio asl list --status RUNNING` shows what waits."
    )


@app.command("send-success")
def send_success(
    token: Given,
    db: Kept,
    *,
    output: Annotated[str, typer.Option(help="JSON text, or @file.")] = "{}",
    as_json: AsJson = False,
) -> None:
    """Answer a waiting task: it has succeeded with this output."""
    given = read_given(output, "--output")
    _send(db, token, lambda engine, whole: engine.send_task_success(whole, given), as_json=as_json)


@app.command("send-failure")
def send_failure(
    token: Given,
    db: Kept,
    *,
    error: Annotated[str | None, typer.Option(help="The error's name, which Retry and Catch match.")] = None,
    cause: Annotated[str | None, typer.Option(help="What happened.")] = None,
    as_json: AsJson = False,
) -> None:
    """Answer a waiting task: it has failed."""
    _send(db, token, lambda engine, whole: engine.send_task_failure(whole, error, cause), as_json=as_json)


@app.command("send-heartbeat")
def send_heartbeat(token: Given, db: Kept, *, as_json: AsJson = False) -> None:
    """Tell that a waiting task is alive."""
    _send(db, token, lambda engine, whole: engine.send_task_heartbeat(whole), as_json=as_json)


def _send(db: Path, given: str, answer: Callable[[Engine, str], None], *, as_json: bool) -> None:
    engine = open_engine(db)
    with told_errors():
        whole = _whole(engine, given)
        answer(engine, whole)
    if as_json:
        typer.echo(json_line({"token": whole}))
        return
    typer.echo(f"The answer is kept. The process that runs the execution goes on by itself; if none does:\n"
               f"  rimedio asl resume --db {db}")  # fmt: skip
