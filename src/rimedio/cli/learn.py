"""`rimedio learn`: what people's corrections taught, and who answers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from rimedio.cli.display import minute, print_table
from rimedio.cli.output import Json, print_json, terminal
from rimedio.cli.session import session_of
from rimedio.domain.codec import to_json
from rimedio.domain.errors import Conflict, InvalidInput

if TYPE_CHECKING:  # the models' libraries are imported by the command that needs them
    from rimedio.classification.registry import ModelVersion
    from rimedio.learning.overview import ChallengerView, LearningView
    from rimedio.learning.promotion import PromotionVerdict
    from rimedio.learning.rows import TrainingRow
    from rimedio.learning.vetting import Vetted

app = typer.Typer(help="Learn from corrections, and choose who answers.", no_args_is_help=True)
PERSON = "command line"
TEXT_CHARS = 70


@app.command()
def status(context: typer.Context, json: Json = False) -> None:
    """Print what was used, what there is to learn from, who answers and who challenges, and drift."""
    with session_of(context).open(read_only=True) as rimedio:
        found = rimedio.learning.overview(rimedio.tenant)
    if json:
        print_json(to_json(found))
    else:
        _print_status(terminal(), found)


def _print_status(console: Console, found: "LearningView") -> None:
    use, rows = found.use, found.rows
    lines = [
        f"remedies   {use.used} used, {use.edited} edited, {use.ignored} ignored, {use.unknown} not judged yet",
        f"rows       {rows.total} to learn from, {rows.new} of them new, {rows.set_aside} wait for a person",
    ]
    if found.champion is None:
        lines.append("champion   none. Train one: rimedio classify train FILE")
    else:
        own = found.champion
        lines.append(f"champion   {own.version}, accuracy {own.metrics.accuracy:.3f} on rows held out")
    for line in lines:
        console.print(Text(line))
    if found.challenger is not None:
        _print_challenger(console, found.challenger)
    for name, drift in found.drift.items():
        since = f" since {minute(drift.since)}" if drift.since else ""
        console.print(Text(f"drift      {name}: {drift.status.lower()}{since} (PSI {drift.psi:.2f})"))
    if found.job is not None:
        said = f": {found.job.problem}" if found.job.problem else ""
        console.print(Text(f"retraining {found.job.status.lower()}, asked by {found.job.asked_by}{said}"))


def _print_challenger(console: Console, found: "ChallengerView") -> None:
    shadow = found.shadow
    console.print(
        Text(
            f"challenger {found.version}, accuracy {found.metrics.accuracy:.3f}; in the shadow of {shadow.seen} "
            f"tickets it agrees on {shadow.agree}, of {shadow.judged} with a known truth it has "
            f"{shadow.challenger_right} right, the champion {shadow.champion_right}"
        )
    )
    for reason in found.reasons:
        console.print(Text(f"           {reason.en}", style="green" if found.better else "yellow"))


@app.command()
def retrain(context: typer.Context, json: Json = False) -> None:
    """Train a challenger on what people corrected, and compare it with the champion."""
    with session_of(context).open() as rimedio:
        rimedio.learning.catch_up()
        version = rimedio.learning.retraining.retrain(rimedio.tenant)
        verdict = rimedio.learning.retraining.verdict(rimedio.tenant, version)
    if json:
        print_json({"version": _plain(version), "verdict": to_json(verdict)})
        return
    terminal().print(Text(f"{version.version} is the challenger.", style="bold"))
    _print_verdict(terminal(), verdict)
    if verdict.better:
        terminal().print(Text("Let it answer: rimedio learn promote"))


def _print_verdict(console: Console, verdict: "PromotionVerdict") -> None:
    for reason in verdict.reasons:
        console.print(Text(f"  {reason.en}", style="green" if verdict.better else "yellow"))


@app.command()
def promote(
    context: typer.Context,
    version: Annotated[str | None, typer.Argument(help="Version; the challenger when none is named.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Promote although it is not shown to be better.")
    ] = False,
    json: Json = False,
) -> None:
    """Let the challenger answer, if it is better by the test; say why not otherwise."""
    with session_of(context).open() as rimedio:
        champion = rimedio.learning.retraining.promote(rimedio.tenant, version, force=force)
    _say(champion.version, "answers now", _plain(champion), as_json=json)


@app.command("rollback")
@app.command("roll-back", hidden=True)  # as another spelling would have it
def roll_back(context: typer.Context, json: Json = False) -> None:
    """Return to the classifier that answered before."""
    with session_of(context).open() as rimedio:
        champion = rimedio.learning.retraining.roll_back(rimedio.tenant)
    _say(champion.version, "answers again", _plain(champion), as_json=json)


def _plain(version: "ModelVersion") -> object:
    from rimedio.learning.overview import model_view

    return to_json(model_view(version))


def _say(version: str, what: str, plain: object, *, as_json: bool) -> None:
    if as_json:
        print_json(plain)
    else:
        terminal().print(Text(f"{version} {what}."))


@app.command()
def rows(
    context: typer.Context,
    accept: Annotated[
        list[str] | None, typer.Option(help="Train on this row although it was set aside.")
    ] = None,
    reject: Annotated[list[str] | None, typer.Option(help="Never train on this row.")] = None,
    export: Annotated[
        Path | None, typer.Option(help="Write the rows in the format of fastText and BlazingText.")
    ] = None,
    json: Json = False,
) -> None:
    """Print training rows out of corrections, and those that wait for a person; decide about them."""
    from rimedio.learning.rows import Ruling

    decisions = [(row, Ruling.ACCEPTED) for row in accept or ()] + [
        (r, Ruling.REJECTED) for r in reject or ()
    ]
    with session_of(context).open(read_only=not decisions) as rimedio:
        for identifier, ruling in decisions:
            rimedio.learning.rows.rule(rimedio.tenant, identifier, ruling, PERSON)
        vetted = rimedio.learning.retraining.vetted(rimedio.tenant)
    if export is not None:
        _export(vetted, export)
    if json:
        print_json(to_json(vetted))
    elif export is None:
        _print_rows(terminal(), vetted)


def _export(vetted: "Vetted", path: Path) -> None:
    from rimedio.learning.vetting import to_blazingtext

    if not vetted.accepted:
        raise Conflict("There is no training row to write yet: nobody has reviewed a ticket.")
    try:
        path.write_text(to_blazingtext(vetted.accepted), "utf-8")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}. Name another file.") from error
    terminal().print(Text(f"{len(vetted.accepted)} rows written to {path}."))


def _print_rows(console: Console, vetted: "Vetted") -> None:
    if not vetted.accepted and not vetted.set_aside:
        console.print("No training rows yet: they come from reviews that name a category.")
        return
    table = [
        (*_cells(one.row), Text(one.doubt.value.lower().replace("_", " "), style="yellow"))
        for one in vetted.set_aside
    ]
    titles = ("row", "from", "to", "by", "text", "waits because")
    print_table(console, titles, [*table, *((*_cells(r), Text()) for r in vetted.accepted)], whole=("row",))
    console.print(
        Text(
            f"{len(vetted.accepted)} to learn from, {len(vetted.set_aside)} wait for a person, "
            f"{vetted.copies} copies, {vetted.rejected} rejected",
            style="bold",
        )
    )


def _cells(row: "TrainingRow") -> tuple[str, str, str, str, str]:
    text = row.text if len(row.text) <= TEXT_CHARS else row.text[: TEXT_CHARS - 1] + "…"
    return row.row_id, row.predicted, row.label, row.by, text
