"""`asl list`, `asl describe`, `asl stop`: executions that a database keeps."""

from typing import Annotated

import typer

from rimedio.asl.cli.display import threads_shown
from rimedio.asl.cli.options import (
    AsJson,
    Kept,
    Which,
    app,
    fail,
    find_execution,
    json_line,
    open_engine,
    short,
    told_errors,
)
from rimedio.asl.cli.wording import ago, cause_lines, cut, label_of, state_line, took
from rimedio.asl.clock import iso
from rimedio.asl.execution.engine import Engine
from rimedio.asl.execution.executions import Description
from rimedio.asl.jsontext import JSON, dumps
from rimedio.asl.trace import Thread, Trace
from rimedio.asl.watching import waiting_tasks, whole_trace

STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


@app.command("list")
def list_(
    db: Kept,
    *,
    machine: Annotated[str | None, typer.Option(help="Only executions of this machine.")] = None,
    status: Annotated[str | None, typer.Option(help=f"Only these: {', '.join(STATUSES)}.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List executions, the newest first."""
    if status is not None and status.upper() not in STATUSES:
        raise fail(f"There is no status {status}; use one of {', '.join(STATUSES)}.", 2)
    engine = open_engine(db)
    with told_errors():
        found = engine.list_executions(machine, status and status.upper(), limit=limit)
    if as_json:
        typer.echo(json_line([told(each) for each in found]))
        return
    if not found:
        typer.echo("No executions.")
        return
    rows = [(short(e.execution_id), e.status, ago(e.started), _stands(engine, e)) for e in found]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        typer.echo(
            "  ".join(
                [*(f"{text:<{width}}" for text, width in zip(row, widths, strict=False)), row[3]]
            ).rstrip()
        )


def _stands(engine: Engine, found: Description) -> str:
    """How long it took and why it failed, or where it is."""
    if found.stopped is not None:
        error = f"  {found.error}" if found.error else ""
        return f"took {took((found.stopped - found.started).total_seconds())}{error}"
    leaves = Trace(engine.journal.events(found.execution_id)).leaves()
    told = [f"{leaf.name} ({leaf.mark})" for leaf in leaves[:3]] + (["…"] if len(leaves) > 3 else [])
    return "in " + ", ".join(told) if told else ""


def told(found: Description) -> dict[str, JSON]:
    """A description as JSON."""
    return {
        "execution": found.execution_id,
        "machine": found.state_machine,
        "status": found.status,
        "started": iso(found.started),
        "stopped": None if found.stopped is None else iso(found.stopped),
        "input": found.input,
        "output": found.output,
        "error": found.error,
        "cause": found.cause,
        "redrives": found.redrive_count,
    }


@app.command()
def describe(execution: Which, db: Kept, *, as_json: AsJson = False) -> None:
    """Show one execution: how it stands, its input and output, and the tree of its states."""
    engine = open_engine(db)
    with told_errors():
        found = engine.describe(find_execution(engine, execution))
        tasks = waiting_tasks(engine, found.execution_id)
        trace = whole_trace(engine, found.execution_id)
    if as_json:
        waiting: list[JSON] = [{"state": task.state, "token": task.token} for task in tasks]
        typer.echo(json_line({**told(found), "waiting": waiting}))
        return
    typer.echo(f"{short(found.execution_id)}  {found.status}")
    ended = "" if found.stopped is None else f", took {took((found.stopped - found.started).total_seconds())}"
    rows = [("ARN", found.execution_id), ("Started", f"{iso(found.started)} ({ago(found.started)}{ended})")]
    rows += [("Redriven", f"{found.redrive_count} times")] if found.redrive_count else []
    rows += [("Input", cut(dumps(found.input)))]
    rows += [("Output", cut(dumps(found.output)))] if found.status == "SUCCEEDED" else []
    rows += [("Error", found.error)] if found.error else []
    rows += [("Cause", line) for line in cause_lines(found.cause)]
    rows += [("Waits", f"{task.state}, with the token {task.token}") for task in tasks]
    for head, text in rows:
        typer.echo(f"  {head:<9}{text}")
    _states(trace.root, found.started.timestamp(), "  ")


def _states(thread: Thread, now: float, indent: str) -> None:
    """The states of a thread, and below each what is inside it."""
    for visit in thread.visits:
        typer.echo(indent + state_line(visit, now))
        for text, threads in threads_shown(visit):
            for inner in threads:
                typer.echo(f"{indent}  {label_of(inner)}")
                _states(inner, now, f"{indent}    ")
            if text:
                typer.echo(f"{indent}  {text}")


@app.command()
def stop(
    execution: Which,
    db: Kept,
    *,
    error: Annotated[str | None, typer.Option(help="An error name to end with.")] = None,
    cause: Annotated[str | None, typer.Option(help="Why it is stopped.")] = None,
    as_json: AsJson = False,
) -> None:
    """Abort an execution."""
    engine = open_engine(db)
    with told_errors():
        found = find_execution(engine, execution)
        if engine.describe(found).is_over:
            raise fail(f"{short(found)} is over already: {engine.describe(found).status}.", 1)
        engine.stop(found, error, cause)
        engine.run(found, until=lambda: True)
        status = engine.describe(found).status
    if as_json:
        typer.echo(json_line({"execution": found, "status": status}))
        return
    ends = "ABORTED" if status == "ABORTED" else "to be stopped by the process that runs it"
    typer.echo(f"{short(found)} is {ends}.")
