"""`asl history`: the events of an execution, or of a history that AWS has answered."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, cast

import typer

from rimedio.asl.cli.options import (
    AsJson,
    Seen,
    app,
    fail,
    find_execution,
    json_line,
    open_engine,
    read_json,
    read_text,
    told_errors,
)
from rimedio.asl.cli.wording import cut, label_of
from rimedio.asl.jsontext import JSON, dumps
from rimedio.asl.trace import History, Trace, event_of

QUIET = (
    "inputDetails",
    "outputDetails",
    "resourceType",
    "region",
    "roleArn",
    "assignedVariablesDetails",
    "name",
    "index",
)
LINE_MAX = 150


@app.command()
def history(
    execution: Annotated[
        str,
        typer.Argument(
            help="An execution of --db, or a JSON file of GetExecutionHistory.", metavar="EXECUTION"
        ),
    ],
    *,
    db: Seen = None,
    state: Annotated[
        list[str] | None,
        typer.Option(help="Only events of this state and of what is inside; may be repeated."),
    ] = None,
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only events whose type holds this word, such as Failed."),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Payloads whole and laid out.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what happened, event by event: when since the start, in which state, with what."""
    events = read_history(execution, db)
    trace = Trace.of(events)
    chosen = [row for row in events if _is_wanted(trace, row, state or [], type_ or [])]
    if as_json:
        typer.echo(json_line(chosen, indent=2 if full else None))
        return
    for row in chosen:
        for line in _lines(trace, row, full=full):
            typer.echo(line)
    if not chosen:
        typer.echo("No event is like that." if events else "Nothing has happened yet.")


def read_history(execution: str, db: Path | None) -> History:
    """The events of an execution of a database, or out of a file."""
    path = Path(execution)
    if db is None and path.exists():
        body = read_json(read_text(path), execution)
        rows = body.get("events") if isinstance(body, dict) else body
        if not isinstance(rows, list) or not all(map(_is_event, rows)):
            raise fail(
                f"{path} holds no events. Save what `aws stepfunctions get-execution-history` answers.", 2
            )
        return cast("History", rows)
    if db is None:
        raise fail("Name the database with --db, or give a JSON file of GetExecutionHistory.", 2)
    engine = open_engine(db)
    with told_errors():
        return engine.history(find_execution(engine, execution))


def _is_event(row: JSON) -> bool:
    if not isinstance(row, dict):
        return False
    try:
        event_of(row)
    except (KeyError, ValueError):  # no id or type, or numbers and times that are none
        return False
    return True


def _is_wanted(trace: Trace, row: Mapping[str, JSON], states: Sequence[str], types: Sequence[str]) -> bool:
    event = event_of(row)
    visit = trace.place(event)[1]
    names = [] if visit is None else [v.name for v in (visit, *visit.around)]
    return (not states or any(name in names for name in states)) and (
        not types or any(word.lower() in event.type.lower() for word in types)
    )


def _lines(trace: Trace, row: Mapping[str, JSON], *, full: bool) -> Iterator[str]:
    """An event; with `full`, its payloads below it."""
    event = event_of(row)
    thread, visit = trace.place(event)
    depth, told = 2 * thread.depth, event.type
    if event.type.startswith("MapIteration"):
        depth, told = depth - 1, f"{told} item {event.details.get('index')}"
    elif event.type.endswith(("StateEntered", "StateExited")):
        told += f" {event.details.get('name')}"
        if thread.owner is not None and event.type.endswith("StateEntered"):
            told += f" [{label_of(thread)}]"
    elif visit is not None and not event.type.startswith("Execution"):
        depth += 1
    head = f"{event.id:>5} {event.at - trace.started:>10.3f}  {'  ' * depth}{told}"
    details = {key: value for key, value in event.details.items() if key not in QUIET}
    if not full:
        rest = max(40, LINE_MAX - len(head))
        texts = [
            f"{key}: {value if isinstance(value, str) else dumps(value)}" for key, value in details.items()
        ]
        yield f"{head}  {cut(' · '.join(texts), rest)}".rstrip()
        return
    yield head
    for key, value in details.items():
        lines = _laid_out(value).splitlines() or [""]
        yield from (f"{'':>18}{'  ' * depth}  {line}" for line in [f"{key}: {lines[0]}", *lines[1:]])


def _laid_out(value: JSON) -> str:
    """JSON text over several lines; any other text as it is."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return str(value)
    return json.dumps(value, ensure_ascii=False, indent=2)
