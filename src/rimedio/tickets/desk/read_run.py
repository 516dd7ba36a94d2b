"""The decision ledger of a ticket: every step with what went in, what came out, how long it took, what it cost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from rimedio.asl import Description, ExecutionDoesNotExist
from rimedio.domain.answer import Draft
from rimedio.domain.clock import Clock
from rimedio.domain.codec import Json, from_json
from rimedio.domain.errors import InvalidInput, NotFound
from rimedio.domain.ticket import Ticket
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.desk.redact_run import RedactRun
from rimedio.tickets.desk.run_record import GENERATORS
from rimedio.tickets.parts import RequestGuard
from rimedio.tickets.run_log import Run, RunStep, cut, steps_of


class Executions(Protocol):
    """Where executions are described: the engine, or Step Functions."""

    def history(self, execution_id: str) -> list[dict[str, Json]]:
        """Events shaped as GetExecutionHistory's."""
        ...

    def describe(self, execution_id: str) -> Description:
        """How an execution stands. Raises ExecutionDoesNotExist."""
        ...


@dataclass(frozen=True, slots=True)
class ReadRun:
    """The use case behind `GET /v1/tickets/{id}/run` and `rimedio ticket run`.

    `taken_out` gives the personal data that was taken out of a ticket, by placeholder; `cost_of` the USD of
    a draft.
    """

    tickets: TicketStore
    executions: Executions
    guard: RequestGuard
    taken_out: Callable[[Ticket], Mapping[str, str]]
    cost_of: Callable[[Draft], float]
    clock: Clock

    def __call__(self, tenant_id: str, ticket_id: str) -> Run:
        """The ticket's latest execution. Raises NotFound, also before it has started."""
        ticket = self.tickets.get(tenant_id, ticket_id)
        if ticket.execution_id is None:
            raise NotFound(f"The work on ticket {ticket_id} has not begun. Ask again in a moment.")
        try:
            found = self.executions.describe(ticket.execution_id)
        except ExecutionDoesNotExist as error:
            raise NotFound(f"The run of ticket {ticket_id} is no longer kept.") from error
        redact = RedactRun(ticket, self.taken_out(ticket), self.guard)
        history = self.executions.history(ticket.execution_id)
        steps = tuple(self._shown(step, redact) for step in steps_of(history))
        ended = found.stopped or self.clock.now()
        return Run(
            execution_id=found.execution_id,
            status=found.status,
            started_at=found.started,
            ended_at=found.stopped,
            duration_ms=round((ended - found.started).total_seconds() * 1000, 3),
            cost_usd=round(sum(step.cost_usd for step in steps), 6),
            steps=steps,
        )

    def _shown(self, step: RunStep, redact: RedactRun) -> RunStep:
        draft = _draft(step)
        return replace(
            step,
            input=cut(redact(step.state, step.input)),
            output=cut(redact(step.state, step.output)),
            cause=None if step.cause is None else str(redact(step.state, step.cause)),
            tokens_input=draft.tokens_input if draft else 0,
            tokens_output=draft.tokens_output if draft else 0,
            cost_usd=self.cost_of(draft) if draft else 0.0,
        )


def _draft(step: RunStep) -> Draft | None:
    if step.state not in GENERATORS or not isinstance(step.output, dict) or "routing" not in step.output:
        return None
    try:
        return from_json(Draft, step.output)
    except InvalidInput:
        return None
