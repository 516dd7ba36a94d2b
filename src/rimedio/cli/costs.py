"""`rimedio costs`: what a month cost, by model, step and day; what the budget says; whether the sums agree."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rimedio.bootstrap import Rimedio
from rimedio.cli.output import Json, print_json, terminal
from rimedio.cli.session import session_of
from rimedio.cost.money import nano, said
from rimedio.domain.codec import to_json
from rimedio.domain.errors import InvalidInput, StorageFailed

if TYPE_CHECKING:
    from rimedio.cost.budgets import BudgetState
    from rimedio.cost.costs import CostLine, CostReport

MONTH_FORM = "2026-01"


def costs(
    context: typer.Context,
    month: Annotated[
        str | None, typer.Option(help=f"Month, such as {MONTH_FORM}.", show_default="this one")
    ] = None,
    ticket: Annotated[str | None, typer.Option(help="Show what one ticket's steps cost instead.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Add every entry up and compare with the sums.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Count the daily figures anew from what is stored, first.")
    ] = False,
    json: Json = False,
) -> None:
    """What a month cost: by model, step and day, per ticket and per resolved ticket."""
    from rimedio.cost.costs import report_costs  # no other command needs it

    with session_of(context).open(read_only=not rebuild) as rimedio:
        wanted = _checked(month or rimedio.accounts.this_month)
        if rebuild:
            rimedio.accounts.counting.rebuild((rimedio.tenant,))
        if check:
            _compare(rimedio, wanted)
        if ticket is not None:
            _ticket(rimedio, ticket, json)
            return
        accounts = rimedio.accounts
        report = report_costs(accounts.ledger, accounts.insights, rimedio.tenant, wanted)
        state = accounts.budgets.state(rimedio.tenant, wanted)
    if json:
        print_json({"costs": to_json(report), "budget": to_json(state), "level": state.settled_level})
    else:
        _print(terminal(), report, state)


def _checked(month: str) -> str:
    year, _, number = month.partition("-")
    if len(month) != len(MONTH_FORM) or not (year + number).isdigit() or not 1 <= int(number) <= 12:
        raise InvalidInput(f"{month!r} is no month. Write it as {MONTH_FORM}.")
    return month


def _compare(rimedio: Rimedio, month: str) -> None:
    told, added = rimedio.accounts.ledger.reconcile(rimedio.tenant, month)
    if told != added:
        msg = (
            f"The sums of {month} say {said(told.total.cost_nano)} of {told.total.entries} entries, the entries "
            f"add up to {said(added.total.cost_nano)} of {added.total.entries}. Restore a backup of the data folder."
        )
        raise StorageFailed(msg)


def _ticket(rimedio: Rimedio, ticket_id: str, json: bool) -> None:
    """A ticket's entries, one a line. Raises NotFound."""
    rimedio.tickets.get(rimedio.tenant, ticket_id)
    entries = rimedio.accounts.ledger.of_ticket(rimedio.tenant, ticket_id)
    if json:
        print_json([to_json(entry) for entry in entries])
        return
    table = Table("At", "Step", "Model", "Tokens in", "Tokens out", "Cost", "Outcome", box=None)
    for entry in entries:
        table.add_row(
            entry.at.isoformat(timespec="seconds"),
            entry.step,
            entry.model,
            f"{entry.tokens_input:,}",
            f"{entry.tokens_output:,}",
            said(entry.cost_nano),
            entry.outcome.value,
        )
    terminal().print(table if entries else "Nothing was paid for: no chat model was asked.")


def _print(console: Console, report: "CostReport", state: "BudgetState") -> None:
    console.print(Text(f"Costs of {report.month}", style="bold"))
    console.print(
        f"{_usd(report.total.cost_usd)} for {report.tickets} tickets, {report.resolved} of them resolved: "
        f"{_usd(report.per_ticket_usd)} a ticket, {_usd(report.per_resolved_usd)} a resolved one."
    )
    console.print(Text(state.reason, style="dim"))
    for title, lines in (("Model", report.by_model), ("Step", report.by_step), ("Day", report.by_day)):
        if lines:
            console.print()
            console.print(_table(title, lines, report.total))


def _table(title: str, lines: "tuple[CostLine, ...]", total: "CostLine") -> Table:
    table = Table(title, box=None, show_footer=True)
    table.columns[0].footer = "total"
    shown = (
        ("Calls", f"{total.calls:,}"),
        ("Tokens in", f"{total.tokens_input:,}"),
        ("Tokens out", f"{total.tokens_output:,}"),
        ("Cost", _usd(total.cost_usd)),
    )
    for name, footer in shown:
        table.add_column(name, footer=footer, justify="right")
    for line in lines:
        table.add_row(
            line.name,
            f"{line.calls:,}",
            f"{line.tokens_input:,}",
            f"{line.tokens_output:,}",
            _usd(line.cost_usd),
        )
    return table


def _usd(amount: float | None) -> str:
    return "-" if amount is None else said(nano(amount))
