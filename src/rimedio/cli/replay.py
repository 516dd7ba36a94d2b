"""`rimedio replay`: run stored tickets again with something else, and see what would be different."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from rimedio.cli.display import dollars, lasted
from rimedio.cli.output import Json, print_json, terminal
from rimedio.cli.session import Session, session_of
from rimedio.domain.codec import to_json
from rimedio.domain.errors import InvalidInput
from rimedio.domain.review import Change

if TYPE_CHECKING:  # the models' libraries are imported by the command that needs them
    from rimedio.learning.difference import Difference, Line, Summary

FAILED_SOME = 1
MARKS = {Change.SAME: "  ", Change.ADDED: "+ ", Change.REMOVED: "- ", Change.CHANGED: "~ "}
STYLES = {Change.SAME: "dim", Change.ADDED: "green", Change.REMOVED: "red", Change.CHANGED: "yellow"}
COLOURS = {"SAME": "green", "REWORDED": "yellow", "DIFFERENT": "magenta"}


def replay(
    context: typer.Context,
    tickets: Annotated[list[str], typer.Argument(help="Ticket ids, as `ticket list` prints them.")],
    model: Annotated[
        str | None, typer.Option(help="Chat model of the configured endpoint, or `extractive`.")
    ] = None,
    prompt: Annotated[
        str | None, typer.Option(help="Version of the writing prompt, or a folder of templates.")
    ] = None,
    index: Annotated[Path | None, typer.Option(help="Data folder whose manuals are asked instead.")] = None,
    tenant: Annotated[
        str | None, typer.Option(help="Whose tickets.", hidden=True)
    ] = None,  # as `rimedio --tenant`
    json: Json = False,
) -> None:
    """Run stored tickets again with another model, prompt or index; print what is different. Writes nothing."""
    from rimedio.bootstrap.replay import Trial, replaying

    session = session_of(context)
    if tenant is not None:
        session = Session({**session.overrides, "tenant": tenant})
    if not tickets:
        raise InvalidInput("No ticket was named. See `rimedio ticket list`.")
    with (
        session.open(read_only=True) as rimedio,
        replaying(rimedio, Trial(model, prompt, index)) as replay_tickets,
    ):
        found = replay_tickets(rimedio.tenant, tickets)
    if json:
        print_json(to_json(found))
    else:
        console = terminal()
        for difference in found.differences:
            print_difference(console, difference)
        if len(tickets) > 1:
            print_summary(console, found.summary)
    if found.summary.failed:
        raise SystemExit(FAILED_SOME)


def print_difference(console: Console, found: "Difference") -> None:
    """One ticket: a line of verdict, the sentences, citations and figures side by side."""
    console.print()
    console.print(Rule(Text(found.ticket_id, style="bold"), align="left", style="dim"))
    headline = Text(f"● {found.verdict.lower()}", style=COLOURS[found.verdict.value])
    if found.edited_by_person:
        headline.append(
            "  (a person edited the remedy since; compared is what the machine wrote)", style="dim"
        )
    console.print(headline)
    for line in found.lines:
        _print_line(console, line)
    if not found.lines:
        console.print(Text("  no remedy, before or after", style="dim"))
    for sign, style, places in (
        ("= ", "dim", found.citations_kept),
        ("- ", "red", found.citations_removed),
        ("+ ", "green", found.citations_added),
    ):
        for place in places:
            console.print(Text(f"  [{sign.strip()}] {place}", style=style))
    console.print(_figures(found))


def _print_line(console: Console, line: "Line") -> None:
    mark, style = MARKS[line.change], STYLES[line.change]
    if line.change is Change.CHANGED:
        console.print(_hung("- ", line.before, "red"))
        console.print(_hung("+ ", line.after, "green"))
        return
    console.print(_hung(mark, line.after or line.before, style))


def _hung(mark: str, sentence: str | None, style: str) -> Table:
    """A sentence behind its mark; further lines begin where its first does."""
    table = Table.grid()
    table.add_row(Text(f"  {mark}", style=style), Text(sentence or "", style=style))
    return table


def _figures(found: "Difference") -> Table:
    before, after = found.before, found.after
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("", "before", "after"):
        table.add_column(title, justify="left", overflow="fold")
    rows = (
        ("outcome", before.outcome if before else "-", after.outcome),
        ("confidence", f"{before.confidence:.2f}" if before else "-", f"{after.confidence:.2f}"),
        ("groundedness", f"{before.groundedness:.2f}" if before else "-", f"{after.groundedness:.2f}"),
        ("cost", dollars(before.cost_usd if before else None), dollars(after.cost_usd)),
        ("latency", lasted(before.latency_ms) if before else "-", lasted(after.latency_ms)),
        ("writer", before.model if before else "-", after.model),
        ("prompt", before.prompt_version if before else "-", after.prompt_version),
    )
    for name, old, new in rows:
        table.add_row(Text(name, style="dim"), old, Text(new, style="" if old == new else "bold"))
    return table


def print_summary(console: Console, found: "Summary") -> None:
    """The figures of all tickets."""
    console.print()
    console.print(Rule(Text(f"{found.tickets} tickets", style="bold"), align="left", style="dim"))
    console.print(
        Text(
            f"{found.same} the same, {found.reworded} reworded, {found.different} different; "
            f"{found.sentences_same:.0%} of the sentences came again, {found.citations_kept:.0%} of the citations"
        )
    )
    for way, count in found.outcomes.items():
        console.print(Text(f"  {way}: {count}"))
    console.print(
        Text(
            f"confidence {found.confidence_before:.2f} → {found.confidence_after:.2f}   "
            f"cost {dollars(found.cost_before_usd)} → {dollars(found.cost_after_usd)} a ticket   "
            f"latency {lasted(found.latency_before_ms)} → {lasted(found.latency_after_ms)}"
        )
    )
    for problem in found.failed:
        console.print(Text(f"✗ {problem}", style="red"))
