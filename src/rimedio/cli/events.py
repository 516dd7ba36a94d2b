"""`rimedio events`: what happened, what could not be delivered, what is to happen again or on a schedule.

The room is imported inside the commands: every other command would pay for it with its start.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from rimedio.cli.display import moment, print_table
from rimedio.cli.output import Json, print_json, terminal
from rimedio.cli.session import session_of
from rimedio.domain.codec import to_json
from rimedio.domain.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from rimedio.events.bus import DeadLetter, DeadLetterQueue

app = typer.Typer(help="Events: look at them, replay them, send dead letters again.", no_args_is_help=True)

Limit = Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")]
Since = Annotated[str | None, typer.Option("--from", help="From this time on, such as 2026-01-31T08:30:00Z.")]
Until = Annotated[str | None, typer.Option("--to", help="Before this time.")]


@app.command("list")
def list_events(
    context: typer.Context,
    since: Since = None,
    until: Until = None,
    kind: Annotated[str | None, typer.Option("--type", help="Only this detail-type.")] = None,
    limit: Limit = 20,
    cursor: Annotated[str | None, typer.Option(help="Where the page before ended.")] = None,
    json: Json = False,
) -> None:
    """Print what happened, the newest first."""
    with session_of(context).open(read_only=True) as rimedio:
        page = rimedio.eventing.archive.events(
            rimedio.tenant,
            since=_time(since),
            until=_time(until),
            detail_type=kind,
            limit=limit,
            cursor=cursor,
        )
    if json:
        print_json({"events": [event.envelope() for event in page.items], "cursor": page.cursor})
        return
    rows = ((moment(e.time), e.detail_type, ", ".join(e.resources), e.id) for e in page.items)
    _print(("time", "event", "about", "id"), rows, "No events yet. They come with the running service.")
    if page.cursor:
        terminal().print(Text(f"more: --cursor {page.cursor}", style="dim"), soft_wrap=True)


@app.command()
def replay(
    context: typer.Context,
    since: Annotated[str, typer.Option("--from", help="From this time on, such as 2026-01-31T08:30:00Z.")],
    until: Annotated[str, typer.Option("--to", help="Before this time.")],
    rule: Annotated[list[str] | None, typer.Option(help="Only to this rule; repeatable.")] = None,
    name: Annotated[str | None, typer.Option(help="The same name again is the same replay.")] = None,
    json: Json = False,
) -> None:
    """Let archived events happen again: hand them to the rules of today."""
    from rimedio.events.event import parse_time

    with session_of(context).open() as rimedio:
        archive = rimedio.eventing.archive
        made = archive.start_replay(
            rimedio.tenant, parse_time(since), parse_time(until), rules=rule or (), name=name
        )
        while archive.run_once():
            pass
        done = archive.replay(rimedio.tenant, made.replay_id)
    if json:
        print_json(to_json(done))
        return
    terminal().print(
        f"Replay {done.name}: {done.status}, {done.replayed} events. The service delivers them when it runs."
    )


@app.command()
def replays(context: typer.Context, json: Json = False) -> None:
    """Print the latest replays."""
    with session_of(context).open(read_only=True) as rimedio:
        found = rimedio.eventing.archive.replays(rimedio.tenant)
    if json:
        print_json([to_json(replay) for replay in found])
        return
    rows = ((moment(r.started_at), r.status.value, str(r.replayed), r.name) for r in found)
    _print(("started", "status", "events", "name"), rows, "No replays yet.", whole=("name",))


@app.command()
def rules(context: typer.Context, json: Json = False) -> None:
    """Print the rules of the bus and their targets."""
    from rimedio.events.bus import EVERY_TENANT
    from rimedio.events.rule_json import rule_to_json

    with session_of(context).open(read_only=True) as rimedio:
        found = (*rimedio.eventing.bus.rules(rimedio.tenant), *rimedio.eventing.bus.rules(EVERY_TENANT))
    if json:
        print_json([rule_to_json(rule) for rule in found])
        return
    rows = ((r.name, "on" if r.enabled else "off", ", ".join(t.address for t in r.targets)) for r in found)
    _print(("rule", "state", "targets"), rows, "No rules yet. Register a webhook: rimedio webhook add --help")


@app.command("dead-letters")
def dead_letters(context: typer.Context, limit: Limit = 20, json: Json = False) -> None:
    """Print what could not be delivered, and why."""
    from rimedio.events.bus import EVERY_TENANT

    with session_of(context).open(read_only=True) as rimedio:
        owners = (rimedio.tenant, EVERY_TENANT)  # the system's own schedules may fail, too
        pages = [rimedio.eventing.queue.dead_letters(owner, limit=limit) for owner in owners]
    found = [letter for page in pages for letter in page.items]
    if json:
        print_json([{**_letter(letter), "event": letter.event.envelope()} for letter in found])
        return
    rows = (
        (moment(d.last_at), d.event.detail_type, d.target.address, d.reason.value, d.dead_letter_id)
        for d in found
    )
    _print(("gave up", "event", "target", "reason", "id"), rows, "No dead letters.")
    _say_that_there_are_more(any(page.cursor for page in pages))


@app.command()
def redrive(
    context: typer.Context,
    dead_letter: Annotated[list[str] | None, typer.Argument(help="Ids of dead letters.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them, up to a thousand.")] = False,
    json: Json = False,
) -> None:
    """Deliver dead letters again, with all their attempts before them."""
    from rimedio.events.bus import EVERY_TENANT, Reason
    from rimedio.events.dead_letters import DeadLetterProcessor

    if not dead_letter and not every:
        raise InvalidInput("Name dead letters by their ids, or send all of them with --all.")
    with session_of(context).open() as rimedio:
        queue, owners = rimedio.eventing.queue, (rimedio.tenant, EVERY_TENANT)
        if every:
            count = sum(DeadLetterProcessor(queue).run(owner, Reason).redriven for owner in owners)
        else:
            count = len([_redrive(queue, owners, one) for one in dead_letter or []])
    if json:
        print_json({"redriven": count})
        return
    terminal().print(f"{count} put into the queue. The service delivers them when it runs.")


@app.command()
def schemas(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="One schema, such as rimedio.tickets@TicketOpened.")
    ] = None,
    version: Annotated[
        int | None, typer.Option(min=1, help="Which version.", show_default="the latest")
    ] = None,
    json: Json = False,
) -> None:
    """Print which shapes events have, or one schema."""
    with session_of(context).open(read_only=True) as rimedio:
        registry, tenant = rimedio.eventing.schemas, rimedio.tenant
        if name is not None:
            print_json(registry.schema(tenant, name, version).content)
            return
        found = registry.schemas(tenant)
    if json:
        print_json([{"name": s.name, "version": s.version, "change": s.change.value} for s in found])
        return
    rows = ((s.name, str(s.version), s.change.value, moment(s.updated_at)) for s in found)
    _print(("schema", "version", "change", "since"), rows, "No schemas yet. They come with the first events.")


@app.command()
def schedules(context: typer.Context, json: Json = False) -> None:
    """Print what happens when, also what the system does by itself."""
    from rimedio.events.bus import EVERY_TENANT

    with session_of(context).open(read_only=True) as rimedio:
        scheduler = rimedio.eventing.schedules
        found = (*scheduler.list(rimedio.tenant), *scheduler.list(EVERY_TENANT))
    if json:
        print_json(
            [
                {
                    "name": s.schedule.name,
                    "expression": s.schedule.expression,
                    "target": s.schedule.target.address,
                    "next_at": s.next_at,
                    "last_at": s.last_at,
                }
                for s in found
            ]
        )
        return
    rows = (
        (
            s.schedule.name,
            s.schedule.expression,
            moment(s.next_at),
            moment(s.last_at),
            s.schedule.target.address,
        )
        for s in found
    )
    _print(
        ("schedule", "when", "next", "last", "target"), rows, "No schedules yet. The service makes its own."
    )


def _say_that_there_are_more(more: bool) -> None:
    if more:
        terminal().print(Text("There are more: raise --limit.", style="dim"))


def _redrive(queue: "DeadLetterQueue", owners: Sequence[str], dead_letter_id: str) -> "DeadLetter":
    """Send one again, whichever of the owners has it. Raises NotFound."""
    for owner in owners[:-1]:
        with suppress(NotFound):
            return queue.redrive(owner, dead_letter_id)
    return queue.redrive(owners[-1], dead_letter_id)


def _letter(letter: object) -> dict[str, object]:
    names = ("dead_letter_id", "rule", "reason", "attempts", "error", "first_at", "last_at")
    return {name: getattr(letter, name) for name in names}


def _time(text: str | None) -> datetime | None:
    from rimedio.events.event import parse_time

    return None if text is None else parse_time(text)


def _print(
    titles: Sequence[str],
    rows: Iterable[Sequence[str]],
    nothing: str,
    *,
    whole: Collection[str] = ("id", "about"),
) -> None:
    """A table, or a sentence where it would be empty."""
    if filled := list(rows):
        print_table(terminal(), titles, filled, whole=("time", *whole))
    else:
        terminal().print(nothing)
