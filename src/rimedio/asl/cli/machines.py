"""`asl validate`, `asl publish`, `asl alias`, `asl graph`: definitions."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rimedio.asl.cli.history import read_history
from rimedio.asl.cli.options import (
    AsJson,
    Kept,
    MachineFile,
    Seen,
    app,
    fail,
    find_execution,
    json_line,
    open_engine,
    open_journal,
    read_machine,
    read_text,
    told_errors,
    told_finding,
    write_file,
)
from rimedio.asl.definition.findings import line_of
from rimedio.asl.definition.validation import validate
from rimedio.asl.journal.registry import Registry, Route
from rimedio.asl.jsontext import JSON
from rimedio.asl.watching import whole_trace

Files = Annotated[list[Path], typer.Argument(help="Definitions, JSON files.", metavar="MACHINE...")]


@app.command("validate")
def validate_(definitions: Files, *, as_json: AsJson = False) -> None:
    """Check definitions; prints AWS's diagnostics, each with its line."""
    failed, rows = 0, []
    for path in definitions:
        text = read_text(path)
        findings = validate(text)
        bad = any(finding.severity == "ERROR" for finding in findings)
        failed += bad
        for finding in findings:
            line, column = line_of(text, finding.location) or (None, None)
            rows.append({"file": str(path), "line": line, "column": column, **asdict(finding)})
        if not as_json:
            told = [told_finding(path, text, finding) for finding in findings]
            typer.echo("\n".join([*told, f"{path}: {'not valid' if bad else 'valid'}"]))
    if as_json:
        typer.echo(json_line(rows))
    if failed:
        raise typer.Exit(1)


@app.command()
def publish(definition: MachineFile, db: Kept, *, as_json: AsJson = False) -> None:
    """Keep a definition in --db, and make it the next version of its machine."""
    machine = read_machine(definition)
    with told_errors():
        registry = Registry(open_journal(db))
        registry.put(machine)
        version = registry.publish(machine.name)
    told = {"machine": machine.name, "version": version}
    typer.echo(json_line(told) if as_json else f"{machine.name}:{version}")


@app.command()
def alias(
    machine: Annotated[str, typer.Argument(help="The name of a machine of --db.")],
    name: Annotated[str, typer.Argument(help="The alias.")],
    versions: Annotated[list[str], typer.Argument(help="VERSION, or two VERSION=PERCENT.")],
    db: Kept,
    *,
    as_json: AsJson = False,
) -> None:
    """Point an alias at a version, or at two that share the executions."""
    try:
        weights = {int(v): int(share or 100) for v, _, share in (text.partition("=") for text in versions)}
        with told_errors():
            Registry(open_journal(db)).alias(machine, name, Route(weights))
    except ValueError as error:
        raise fail(f"{error}. Give VERSION, or two VERSION=PERCENT that make 100.", 1) from error
    if as_json:
        shares: list[JSON] = [{"version": version, "percent": share} for version, share in weights.items()]
        typer.echo(json_line({"machine": machine, "alias": name, "versions": shares}))
        return
    shown = ", ".join(f"{version} ({share} %)" for version, share in weights.items())
    typer.echo(f"{machine}:{name} → {shown}")


@app.command()
def graph(
    definition: MachineFile,
    *,
    picture: Annotated[str, typer.Option("--format", help="mermaid or svg.")] = "mermaid",
    execution: Annotated[
        str | None, typer.Option(help="Colour by this execution of --db, or by a JSON file of its history.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write to this file; .svg or .mmd tell the format.")
    ] = None,
    db: Seen = None,
    as_json: AsJson = False,
) -> None:
    """Draw a machine as Mermaid text or SVG."""
    from rimedio.asl.graph import mermaid, svg

    if out is not None and out.suffix in (".svg", ".mmd"):
        picture = "svg" if out.suffix == ".svg" else "mermaid"
    draw = {"mermaid": mermaid, "svg": svg}.get(picture)
    if draw is None:
        raise fail(f"There is no format {picture!r}; use mermaid or svg.", 2)
    machine = read_machine(definition)
    if execution is not None and db is not None:
        engine = open_engine(db)
        with told_errors():
            text = draw(machine, whole_trace(engine, find_execution(engine, execution)))
    else:
        text = draw(machine, [] if execution is None else read_history(execution, db))
    if out is not None:
        write_file(out, text.encode())
    if as_json:
        drawn: dict[str, JSON] = {"drawing": text} if out is None else {"file": str(out)}
        typer.echo(json_line({"machine": machine.name, "format": picture, **drawn}))
    elif out is None:
        typer.echo(text, nl=False)
    else:
        typer.echo(f"{out} written.")
