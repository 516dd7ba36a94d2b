"""`rimedio ticket`: open, show and list tickets; answer what they wait for."""

import json as jsonlib
import sys
from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from rimedio.bootstrap import Rimedio
from rimedio.cli.display import dollars, lasted, minute
from rimedio.cli.output import Json, print_json, terminal
from rimedio.cli.remedy import print_solution
from rimedio.cli.session import session_of
from rimedio.domain.codec import from_json, to_json
from rimedio.domain.errors import InvalidInput, Unavailable
from rimedio.domain.review import ReviewVerdict
from rimedio.domain.ticket import Priority, Status, Ticket
from rimedio.tickets.open_ticket import known_asset, parse_request
from rimedio.tickets.review_ticket import ReviewRequest
from rimedio.tickets.run_log import Run, StepStatus

app = typer.Typer(help="Open tickets and see what became of them.", no_args_is_help=True)

STATUS_COLOURS = {
    Status.READY: "green",
    Status.RESOLVED: "green",
    Status.IN_REVIEW: "yellow",
    Status.NEEDS_INFO: "cyan",
    Status.ESCALATED: "magenta",
    Status.FAILED: "red",
}
SYMPTOM_CHARS_MIN = 18
UNSETTLED = frozenset({Status.NEW, Status.PROCESSING})
TicketId = Annotated[str, typer.Argument(help="Ticket id, such as tkt_0b7c…")]


@app.command("open")
def open_ticket(
    context: typer.Context,
    symptom: Annotated[str | None, typer.Argument(help="What is wrong, 10 to 5000 characters.")] = None,
    product: Annotated[str | None, typer.Option(help="Product type: INVERTER, EV_CHARGER, HVAC …")] = None,
    model: Annotated[str | None, typer.Option(help="Product model, such as XC-200.")] = None,
    serial: Annotated[str, typer.Option(help="Serial number.")] = "unknown",
    code: Annotated[str | None, typer.Option(help="Error code on the display.")] = None,
    customer: Annotated[str, typer.Option(help="Name of the customer.")] = "unknown",
    priority: Annotated[
        Priority, typer.Option(help="P1 is a danger or a standstill, P4 a question.")
    ] = Priority.P3,
    attach: Annotated[
        list[Path] | None, typer.Option(help="File to add: PDF, picture or log; repeatable.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="Read the whole ticket from a JSON file; - for standard input.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Idempotency key: the same key opens one ticket only.")
    ] = None,
    json: Json = False,
) -> None:
    """Open a ticket, work through it, print where it ended."""
    if file is not None:
        raw = _read_json(file)
    else:
        if symptom and not (product and model):
            raise InvalidInput(
                "The ticket does not say what it is about. Add --product and --model, such as "
                "--product EV_CHARGER --model XC-200, or give all of it with --file."
            )
        raw = {
            "customer": {"id": customer.lower().replace(" ", "-"), "name": customer},
            "asset": {"product_type": product or "", "model": model or "", "serial": serial},
            "symptom_text": symptom or "",
            "error_code": code,
            "priority": priority,
        }
    with session_of(context).open() as rimedio:
        request = parse_request(raw)
        known_asset(request.asset, rimedio.taxonomy)  # before its files are kept
        request = rimedio.attach(rimedio.tenant, request, attach or [])
        _require_parts(rimedio)
        ticket = rimedio.open_ticket(rimedio.tenant, request, idempotency_key=key)
        _go_on(rimedio, ticket.ticket_id, as_json=json)


def _read_json(file: Path) -> object:
    name = "Standard input" if str(file) == "-" else str(file)
    try:
        return jsonlib.loads(sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes())
    except (OSError, UnicodeDecodeError, jsonlib.JSONDecodeError, RecursionError) as error:
        raise InvalidInput(f"{name} is not JSON ({error}). Give one ticket as a JSON object.") from error


@app.command()
def show(
    context: typer.Context,
    ticket_id: TicketId,
    run: Annotated[bool, typer.Option("--run", help="Also what happened, step by step.")] = False,
    personal_data: Annotated[
        bool, typer.Option("--personal-data", help="Show personal data that was taken out of the text.")
    ] = False,
    json: Json = False,
) -> None:
    """Print a ticket, its remedy and its conversation."""
    with session_of(context).open(read_only=True) as rimedio:
        ticket = rimedio.tickets.get(rimedio.tenant, ticket_id)
        _print_ticket(rimedio, ticket, as_json=json, run=run)
        if personal_data and not json:
            for placeholder, value in rimedio.desk.taken_out(ticket).items():
                terminal().print(Text(f"{placeholder} = {value}"))


@app.command("list")
def list_tickets(
    context: typer.Context,
    status: Annotated[Status | None, typer.Option(help="Only tickets that stand here.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 20,
    cursor: Annotated[str | None, typer.Option(help="Where the page before ended.")] = None,
    json: Json = False,
) -> None:
    """Print tickets, the newest first."""
    with session_of(context).open(read_only=True) as rimedio:
        if status is None:
            page = rimedio.tickets.list_all(rimedio.tenant, limit=limit, cursor=cursor)
        else:
            page = rimedio.tickets.list_by_status(rimedio.tenant, status, limit=limit, cursor=cursor)
    if json:
        print_json({"tickets": [to_json(t) for t in page.tickets], "cursor": page.cursor})
        return
    if not page.tickets:
        nothing = "No tickets yet. Open one: rimedio ticket open --help"
        terminal().print(nothing if status is None else f"No ticket is {status}.")
        return
    console = terminal()
    shown = columns_for(console.width)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title, width in shown.items():
        table.add_column(title, no_wrap=True, min_width=width, max_width=width, overflow="ellipsis")
    for t in page.tickets:
        cells = {
            "opened": Text(minute(t.created_at)),
            "status": Text(t.status, style=STATUS_COLOURS.get(t.status, "")),
            "model": Text(t.asset.model),
            "code": Text(t.error_code or ""),
            "symptom": Text(" ".join(t.symptom_text.split())),
            "ticket": Text(t.ticket_id, style="dim"),
        }
        table.add_row(*(cells[title] for title in shown))
    console.print(table, width=sum(shown.values()) + 2 * len(shown), crop=False)
    if page.cursor:
        console.print(Text(f"more: --cursor {page.cursor}", style="dim"), soft_wrap=True)


def columns_for(width: int) -> dict[str, int]:
    """What fits: an id that is cut short is of no use to the next command, a symptom cut short still tells."""
    wide = {"opened": 17, "status": 10, "model": 9, "code": 6, "symptom": 0, "ticket": 40}
    narrow = {"status": 10, "symptom": 0, "ticket": 40}
    for columns in (wide, narrow):
        room = width - sum(columns.values()) - 2 * (len(columns) - 1)
        if room >= SYMPTOM_CHARS_MIN or columns is narrow:
            break
    return columns | {"symptom": max(room, SYMPTOM_CHARS_MIN)}


@app.command()
def review(
    context: typer.Context,
    ticket_id: TicketId,
    verdict: Annotated[ReviewVerdict, typer.Argument(help="APPROVED, REJECTED, or EDITED with --steps.")],
    reviewer: Annotated[str, typer.Option("--by", "--reviewer", help="Who decides.")],
    reason: Annotated[str | None, typer.Option(help="Why; needed for a rejection.")] = None,
    steps: Annotated[Path | None, typer.Option(help="JSON file with the edited steps; - for input.")] = None,
    json: Json = False,
) -> None:
    """Judge a remedy that waits for review; its execution goes on at once."""
    request = from_json(
        ReviewRequest,
        {"verdict": verdict, "reason": reason, "steps": _read_json(steps) if steps else None},
    )
    with session_of(context).open() as rimedio:
        _require_parts(rimedio)
        rimedio.review(rimedio.tenant, ticket_id, request, reviewer=reviewer)
        _go_on(rimedio, ticket_id, as_json=json)


@app.command()
def reply(
    context: typer.Context,
    ticket_id: TicketId,
    text: Annotated[str, typer.Argument(help="What the customer answers.")],
    json: Json = False,
) -> None:
    """Give the customer's answer to Rimedio's question; its execution goes on at once."""
    with session_of(context).open() as rimedio:
        _require_parts(rimedio)
        rimedio.reply(rimedio.tenant, ticket_id, text)
        _go_on(rimedio, ticket_id, as_json=json)


By = Annotated[str, typer.Option("--by", help="Who decides.")]
Reason = Annotated[str | None, typer.Option(help="Why.")]


@app.command()
def resolve(
    context: typer.Context, ticket_id: TicketId, by: By, reason: Reason = None, json: Json = False
) -> None:
    """The trouble is over."""
    with session_of(context).open() as rimedio:
        ticket = rimedio.desk.resolve(rimedio.tenant, ticket_id, by=by, reason=reason)
        _print_ticket(rimedio, ticket, as_json=json)


@app.command()
def escalate(
    context: typer.Context, ticket_id: TicketId, by: By, reason: Reason = None, json: Json = False
) -> None:
    """A person takes the ticket over, with notes of what was tried."""
    with session_of(context).open() as rimedio:
        ticket = rimedio.desk.escalate(rimedio.tenant, ticket_id, by=by, reason=reason)
        _print_ticket(rimedio, ticket, as_json=json)


@app.command()
def reopen(
    context: typer.Context, ticket_id: TicketId, by: By, reason: Reason = None, json: Json = False
) -> None:
    """The trouble is back: work through the ticket again, knowing what was tried."""
    with session_of(context).open() as rimedio:
        _require_parts(rimedio)
        rimedio.desk.reopen(rimedio.tenant, ticket_id, by=by, reason=reason)
        _go_on(rimedio, ticket_id, as_json=json)


def _go_on(rimedio: Rimedio, ticket_id: str, *, as_json: bool) -> None:
    ticket = rimedio.runner.settle(rimedio.tickets.get(rimedio.tenant, ticket_id))
    _print_ticket(rimedio, ticket, as_json=as_json)
    if ticket.status in UNSETTLED:
        msg = f"Ticket {ticket_id} is stored, but its execution broke off. See it: rimedio ticket show --run."
        raise Unavailable(msg)


def _require_parts(rimedio: Rimedio) -> None:
    """Build what the workflow needs before anything is stored. Raises ModelUnavailable, InvalidSetting."""
    _ = rimedio.parts


def _print_ticket(rimedio: Rimedio, ticket: Ticket, *, as_json: bool, run: bool = False) -> None:
    solution = rimedio.solution_of(ticket)
    if as_json:
        document = {"ticket": to_json(ticket), "solution": to_json(solution) if solution else None}
        if run and ticket.execution_id:
            document["run"] = to_json(rimedio.desk.run(ticket.tenant_id, ticket.ticket_id))
        print_json(document)
        return
    console = terminal()
    console.print(
        Text.assemble(
            (ticket.ticket_id, "bold"),
            "  ",
            (ticket.status, STATUS_COLOURS.get(ticket.status, "")),
            f"  {ticket.asset.model} {ticket.error_code or ''}",
        )
    )
    for message in rimedio.conversations.messages(ticket.tenant_id, ticket.ticket_id).messages:
        console.print(Text(f"  {message.author.lower()}: {message.text}", style="cyan"))
    if solution is None:
        console.print(Text(ticket.status_reason or "No remedy was written."))
    else:
        print_solution(console, solution, heading=" ".join(ticket.symptom_text.split())[:100])
    if run and ticket.execution_id:
        _print_run(rimedio.desk.run(ticket.tenant_id, ticket.ticket_id))


STEP_COLOURS = {StepStatus.FAILED: "red", StepStatus.WAITING: "yellow", StepStatus.RUNNING: "cyan"}
PAYLOAD_CHARS = 300


@app.command("run")
def show_run(
    context: typer.Context,
    ticket_id: TicketId,
    payloads: Annotated[bool, typer.Option("--payloads", help="Also what went in and came out.")] = False,
    json: Json = False,
) -> None:
    """Print what happened to a ticket, step by step: time, attempts, errors, tokens, cost."""
    with session_of(context).open(read_only=True) as rimedio:
        run = rimedio.desk.run(rimedio.tenant, ticket_id)
    if json:
        print_json(to_json(run))
    else:
        _print_run(run, payloads=payloads)


def _print_run(run: Run, *, payloads: bool = False) -> None:
    console = terminal()
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("#", "began (UTC)", "state", "status", "ms", "tokens", "what"):
        table.add_column(title, no_wrap=title != "what", justify="right" if title in "# ms" else "left")
    for step in run.steps:
        tokens = f"{step.tokens_input}+{step.tokens_output}" if step.tokens_input else ""
        told = [f"attempt {step.attempt}"] if step.attempt > 1 else []
        told += [f"{step.error}: {step.cause or ''}"[:PAYLOAD_CHARS]] if step.error else []
        if payloads:
            told += [f"in  {_brief(step.input)}", f"out {_brief(step.output)}"]
        table.add_row(
            str(step.order),
            f"{step.started_at.astimezone(UTC):%H:%M:%S.%f}"[:-3],
            step.state,
            Text(step.status, style=STEP_COLOURS.get(step.status, "green")),
            "" if step.duration_ms is None else f"{step.duration_ms:.0f}",
            tokens,
            Text("\n".join(told)),
        )
    console.print(table)
    took = f"{'for' if run.status == 'RUNNING' else 'in'} {lasted(run.duration_ms)}"
    console.print(Text(f"{run.status} {took}, {dollars(run.cost_usd)}", style="bold"))


def _brief(value: object) -> str:
    return jsonlib.dumps(value, ensure_ascii=False)[:PAYLOAD_CHARS]
