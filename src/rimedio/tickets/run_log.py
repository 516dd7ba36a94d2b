"""What happened to a ticket, step by step, out of its execution's history."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rimedio.domain.codec import Json
from rimedio.domain.ticket import Ticket


@dataclass(frozen=True, slots=True)
class RunStep:
    """One event of an execution."""

    at: datetime
    type: str  # as GetExecutionHistory names it
    state: str
    input: str | None = None
    output: str | None = None
    error: str | None = None


class Histories(Protocol):
    """Where histories come from: the engine, or Step Functions."""

    def history(self, execution_id: str) -> list[dict[str, Json]]:
        """Events shaped as GetExecutionHistory's."""
        ...


def run_of(ticket: Ticket, histories: Histories) -> tuple[RunStep, ...]:
    """The steps of a ticket's execution; none before it has started."""
    if ticket.execution_id is None:
        return ()
    steps: list[RunStep] = []
    state = ""
    for event in histories.history(ticket.execution_id):
        details = next((v for k, v in event.items() if k.endswith("EventDetails")), None)
        known = details if isinstance(details, dict) else {}
        state = str(known.get("name", state))
        steps.append(
            RunStep(
                at=_instant(event["timestamp"]),
                type=str(event["type"]),
                state=state,
                input=_text(known.get("input")),
                output=_text(known.get("output")),
                error=_text(known.get("error")),
            )
        )
    return tuple(steps)


def _instant(stamp: Json) -> datetime:
    return datetime.fromisoformat(str(stamp))


def _text(value: Json) -> str | None:
    return None if value is None else str(value)
