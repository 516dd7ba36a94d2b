"""`rimedio eval`: the whole way, scored on labelled tickets."""

import tomllib
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from rimedio.cli.knowledge import progress
from rimedio.cli.output import Json, print_json, progress_terminal, terminal
from rimedio.cli.session import session_of
from rimedio.domain.errors import InvalidInput
from rimedio.evaluation.labelled import load_labelled
from rimedio.evaluation.run import evaluate_tickets
from rimedio.evaluation.score import Scores

DROPPED = 9
DEFAULT_TICKETS = Path("examples/tickets/tickets.jsonl")


def evaluate(
    context: typer.Context,
    tickets: Annotated[
        Path, typer.Option(help="Labelled tickets, one JSON object a line.")
    ] = DEFAULT_TICKETS,
    floors: Annotated[
        Path | None, typer.Option(help="TOML file of the least score a measure may have.")
    ] = None,
    misses: Annotated[
        bool, typer.Option("--misses", help="Print what went wrong, ticket by ticket.")
    ] = False,
    json: Json = False,
) -> None:
    """Work through labelled tickets in memory and score retrieval, remedy, citations, outcome, refusals."""
    labelled = load_labelled(tickets)
    least = _read_floors(floors)
    session = session_of(context)
    with session.open(read_only=not session.pays()) as rimedio:
        shown = not json and progress_terminal().is_terminal
        with progress("Evaluating", shown=shown) as advance:
            scores = evaluate_tickets(rimedio, labelled, lambda done: advance(done, len(labelled)))
    below = {name: value for name, value in scores.figures().items() if value < least.get(name, 0.0)}
    if json:
        print_json(
            {
                "figures": scores.figures(),
                "rows": scores.rows(),
                "below": below,
                "misses": [
                    {"ticket": m.ticket, "measure": m.measure, "detail": m.detail} for m in scores.misses
                ],
            }
        )
    else:
        _print(scores, least, misses=misses)
    if below:
        raise SystemExit(DROPPED)


def _read_floors(path: Path | None) -> dict[str, float]:
    if path is None:
        return {}
    try:
        return {name: float(value) for name, value in tomllib.loads(path.read_text("utf-8")).items()}
    except (OSError, ValueError, TypeError) as error:
        raise InvalidInput(f"{path} cannot be read ({error}). Write lines such as hit1 = 0.9.") from error


def _print(scores: Scores, least: dict[str, float], *, misses: bool) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("measure", "score", "tickets", "least"):
        table.add_column(title, justify="left" if title == "measure" else "right")
    rows = scores.rows()
    for name, value in scores.figures().items():
        floor = least.get(name)
        style = "red" if floor is not None and value < floor else "green" if floor is not None else ""
        table.add_row(
            name, Text(f"{value:.3f}", style=style), str(rows[name]), f"{floor:.2f}" if floor else ""
        )
    terminal().print(table)
    if misses:
        for miss in scores.misses:
            terminal().print(Text.assemble((f"{miss.ticket} ", "bold"), f"{miss.measure}: {miss.detail}"))
