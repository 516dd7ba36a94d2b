"""`rimedio classify`: train, judge and choose the classifier of tickets."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from rimedio.classification.registry import ModelVersion
from rimedio.cli.display import minute, print_table
from rimedio.cli.output import Json, print_json, terminal
from rimedio.cli.session import session_of
from rimedio.domain.codec import to_json
from rimedio.tickets.train_classifier import train_classifier

app = typer.Typer(help="Train and choose the classifier of tickets.", no_args_is_help=True)


@app.command()
def train(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="Labelled rows: .csv (text,label), .jsonl or fastText's .txt.")
    ],
    promote: Annotated[
        bool, typer.Option("--promote", help="Let the new classifier answer at once.")
    ] = False,
    json: Json = False,
) -> None:
    """Train a classifier and register it; the first one answers at once, a later one is a challenger."""
    with session_of(context).open() as rimedio:
        trained = train_classifier(file, rimedio.registry)
        if promote and not trained.is_champion:
            trained = trained.promoted(rimedio.registry)
    if json:
        print_json({"version": to_json(trained.version), "report": to_json(trained.report)})
        return
    scores = trained.report.scores
    terminal().print(
        Text(
            f"{trained.version.version}: {trained.report.rows} rows, {len(trained.report.labels)} categories, "
            f"accuracy {scores.accuracy:.3f}, macro-F1 {scores.macro_f1:.3f} on rows held out "
            f"({trained.version.status.lower()})"
        )
    )


@app.command("list")
def list_versions(context: typer.Context, json: Json = False) -> None:
    """Print the classifiers and which one answers."""
    with session_of(context).open(read_only=True) as rimedio:
        versions = rimedio.registry.versions()
    if json:
        print_json([to_json(v) for v in versions])
        return
    if not versions:
        terminal().print("No classifier yet. Train one: rimedio classify train FILE")
        return
    rows = ((v.version, v.status.lower(), minute(v.registered_at)) for v in versions)
    print_table(terminal(), ("version", "status", "registered"), rows, whole=("version", "registered"))


@app.command()
def promote(
    context: typer.Context,
    version: Annotated[str, typer.Argument(help="Version, as `classify list` prints it.")],
    json: Json = False,
) -> None:
    """Let another classifier answer from now on."""
    with session_of(context).open() as rimedio:
        _print_champion(rimedio.registry.promote(version), "answers now", as_json=json)


@app.command("rollback")
@app.command("roll-back", hidden=True)  # what it was called at first
def roll_back(context: typer.Context, json: Json = False) -> None:
    """Return to the classifier that answered before."""
    with session_of(context).open() as rimedio:
        _print_champion(rimedio.registry.roll_back(), "answers again", as_json=json)


def _print_champion(champion: ModelVersion, says: str, *, as_json: bool) -> None:
    if as_json:
        print_json(to_json(champion))
    else:
        terminal().print(Text(f"{champion.version} {says}."))


@app.command("test")
def try_text(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="What a customer writes.")],
    json: Json = False,
) -> None:
    """Print the category of a text, with its probability."""
    with session_of(context).open(read_only=True) as rimedio:
        found = rimedio.registry.classifier().classify(text)
    if json:
        print_json(to_json(found))
        return
    terminal().print(Text(f"{found.label} {found.confidence:.0%}", style="bold"))
    for guess in found.top[1:]:
        terminal().print(Text(f"  {guess.label} {guess.probability:.0%}", style="dim"))
