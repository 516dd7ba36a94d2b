"""What became of a ticket, in a form that both homes can be compared by."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from rimedio.bootstrap import Rimedio
from rimedio.domain.codec import Json
from rimedio.domain.ticket import Ticket, TicketRequest

JOINS = {
    **dict.fromkeys(("ParallelStateSucceeded", "ParallelStateExited"), "ParallelStateStarted"),
    **dict.fromkeys(("MapStateSucceeded", "MapStateExited"), "MapStateStarted"),
}
FAILED_TRIES = frozenset({"TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed"})
Link = tuple[str, str]  # an event's type and the state it belongs to


@dataclass(frozen=True, slots=True)
class Seen:
    """One ticket's end. `history` counts every chain of events from the execution's start."""

    outcome: str
    category: str | None
    steps: tuple[tuple[str, str], ...]  # section and text
    citations: tuple[tuple[str, str, int | None], ...]  # document, quoted words, page
    history: Counter[tuple[Link, ...]]


def seen_of(system: Rimedio, ticket: Ticket) -> Seen:
    """A ticket as it stands, with its solution and the history of its execution."""
    solution = system.solution_of(ticket)
    assert ticket.execution_id is not None
    return Seen(
        outcome=ticket.status.value,
        category=ticket.category,
        steps=tuple((step.section.value, step.text) for step in solution.steps) if solution else (),
        citations=tuple((c.source_uri, c.snippet, c.page) for c in solution.citations) if solution else (),
        history=chains(system.runner.history(ticket.execution_id)),
    )


def seen_at_home(system: Rimedio, request: TicketRequest) -> Seen:
    """Work through a ticket in this process."""
    return seen_of(system, system.runner.settle(system.open_ticket(system.tenant, request)))


def differences(home: Seen, away: Seen) -> tuple[str, ...]:
    """Names of what is not the same."""
    return tuple(f.name for f in fields(Seen) if getattr(home, f.name) != getattr(away, f.name))


def chains(events: Sequence[Mapping[str, Json]]) -> Counter[tuple[Link, ...]]:
    """Every event as the last links of the chain that leads to it by `previousEventId`.

    Branches of a Parallel state and items of a Map run side by side: their events stand in the history in any
    order, and what joins them hangs on whichever ended last. So a join is told as a child of its own beginning.
    A try that was made again is left out: what a busy machine refused is not the workflow's shape.
    """
    by_id = {_number(event["id"]): event for event in events}
    again = _made_again(by_id)
    known: dict[int, tuple[Link, ...]] = {}
    for number in sorted(by_id):
        event = by_id[number]
        before = known.get(again.get(number, _before(event, by_id)), ())
        known[number] = (*before[-5:], (str(event["type"]), _state(event)))
    lost = {tried for number in again for tried in _tried(number, again[number], by_id)}
    return Counter(chain for number, chain in known.items() if number not in lost)


def _made_again(by_id: Mapping[int, Mapping[str, Json]]) -> dict[int, int]:
    """Each repeated TaskScheduled event, and the event that the first try came after."""
    found: dict[int, int] = {}
    for number, event in by_id.items():
        previous = _number(event.get("previousEventId"))
        if event["type"] != "TaskScheduled" or by_id[previous]["type"] not in FAILED_TRIES:
            continue
        while previous in by_id and by_id[previous]["type"] != "TaskStateEntered":
            previous = _number(by_id[previous].get("previousEventId"))
        found[number] = previous
    return found


def _tried(number: int, entered: int, by_id: Mapping[int, Mapping[str, Json]]) -> list[int]:
    """Events between a state's entry and its repeated TaskScheduled event."""
    found = []
    previous = _number(by_id[number].get("previousEventId"))
    while previous != entered:
        found.append(previous)
        previous = _number(by_id[previous].get("previousEventId"))
    return found


def _before(event: Mapping[str, Json], by_id: Mapping[int, Mapping[str, Json]]) -> int:
    previous = _number(event.get("previousEventId"))
    begun = JOINS.get(str(event["type"]))
    while begun and previous in by_id and by_id[previous]["type"] != begun:
        previous = _number(by_id[previous].get("previousEventId"))
    return previous


def _number(value: Json) -> int:
    return int(str(value or 0))


def _state(event: Mapping[str, Json]) -> str:
    for name, details in event.items():
        if name.endswith("EventDetails") and isinstance(details, dict) and "name" in details:
            return str(details["name"])
    return ""
