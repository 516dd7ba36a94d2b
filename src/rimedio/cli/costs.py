"""`rimedio costs`: what a month cost, by model, step and day; what the budget says; whether the sums agree."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from rimedio.bootstrap import Rimedio
from rimedio.cli.display import dollars, moment, print_table
from rimedio.cli.output import Json, print_json, terminal
from rimedio.cli.session import session_of
from rimedio.cost.money import said
from rimedio.domain.codec import to_json
from rimedio.domain.errors import InvalidInput, StorageFailed

if TYPE_CHECKING:
    from rimedio.cost.budgets import BudgetState
    from rimedio.cost.costs import CostLine, CostReport

MONTH_FORM = "2026-01"
LEVELS: Mapping[str, tuple[str, str]] = MappingProxyType(  # name and meaning, as the console says them
    {
        "FULL": ("All models", "there is room, every model is in use."),
        "SMALL_MODEL": ("Smaller model", "most of the month is spent, a smaller model writes now."),
        "EXTRACTIVE": (
            "Quotes only",
            "nearly all is spent, answers are put together from quotes, without a paid model.",
        ),
        "PERSON": ("People only", "the month is spent, tickets go to a person."),
    }
)


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
    if not entries:
        terminal().print("Nothing was paid for: no chat model was asked.")
        return
    rows = (
        (
            moment(e.at),
            e.step,
            e.model,
            f"{e.tokens_input:,}",
            f"{e.tokens_output:,}",
            said(e.cost_nano),
            e.outcome.value,
        )
        for e in entries
    )
    titles = ("at", "step", "model", "tokens in", "tokens out", "cost", "outcome")
    print_table(terminal(), titles, rows, whole=("at",), right=("tokens in", "tokens out", "cost"))


def _print(console: Console, report: "CostReport", state: "BudgetState") -> None:
    console.print(Text(f"Costs of {report.month}", style="bold"))
    console.print(
        f"{dollars(report.total.cost_usd)} for {report.tickets} tickets, {report.resolved} of them resolved: "
        f"{dollars(report.per_ticket_usd)} a ticket, {dollars(report.per_resolved_usd)} a resolved one."
    )
    console.print(Text(budget_words(state), style="dim"))
    for title, lines in (("model", report.by_model), ("step", report.by_step), ("day", report.by_day)):
        if lines:
            console.print()
            _print_lines(console, title, lines, report.total)


def budget_words(state: "BudgetState") -> str:
    """How the month stands, in the words of the console."""
    level, about = LEVELS[state.settled_level.value]
    monthly = state.limits.monthly_nano
    if monthly is None:
        return f"Budget of the month: {said(state.spent_nano)} spent; no limit is set."
    share = f" ({state.spent_nano / monthly:.0%})" if monthly else ""
    aside = state.committed_nano - state.spent_nano
    under_way = f", {said(aside)} put aside for calls under way" if aside > 0 else ""
    spent = f"{said(state.spent_nano)} of {said(monthly)}{share} spent{under_way}"
    return f"Budget of the month: {spent}. {level}: {about}"


def _print_lines(console: Console, title: str, lines: "tuple[CostLine, ...]", total: "CostLine") -> None:
    figures = ("calls", "tokens in", "tokens out", "cost")
    rows = ((line.name, *_figures(line)) for line in lines)
    print_table(console, (title, *figures), rows, right=figures, total=("total", *_figures(total)))


def _figures(line: "CostLine") -> tuple[str, str, str, str]:
    tokens = (f"{line.tokens_input:,}", f"{line.tokens_output:,}")
    return f"{line.calls:,}", *tokens, dollars(line.cost_usd)
