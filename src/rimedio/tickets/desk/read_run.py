"""The decision ledger of a ticket: every step with what went in, what came out, how long it took, what it cost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from rimedio.asl import Description
from rimedio.cost.ledger import CostEntry, CostKind
from rimedio.cost.money import usd
from rimedio.domain.answer import Draft
from rimedio.domain.clock import Clock
from rimedio.domain.codec import Json, from_json
from rimedio.domain.errors import InvalidInput, NotFound
from rimedio.domain.ticket import Ticket
from rimedio.observability.traceparent import trace_of_ticket
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.desk.redact_run import RedactRun
from rimedio.tickets.desk.run_record import GENERATORS
from rimedio.tickets.parts import RequestGuard
from rimedio.tickets.run_log import Run, RunStep, cut, steps_of

TASK_STATE = "Task"


class Executions(Protocol):
    """Where executions are described: the engine, or Step Functions."""

    def history(self, execution_id: str) -> list[dict[str, Json]]:
        """Events shaped as GetExecutionHistory's."""
        ...

    def describe(self, execution_id: str) -> Description:
        """How an execution stands. Raises NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class ReadRun:
    """The use case behind `GET /v1/tickets/{id}/run` and `rimedio ticket run`.

    `taken_out` gives the personal data that was taken out of a ticket, by placeholder; `cost_of` the USD of
    a draft; `spent_on` what the ledger says of a ticket: failed attempts and second opinions stand only there.
    """

    tickets: TicketStore
    executions: Executions
    guard: RequestGuard
    taken_out: Callable[[Ticket], Mapping[str, str]]
    cost_of: Callable[[Draft], float]
    clock: Clock
    spent_on: Callable[[str, str], Sequence[CostEntry]] = lambda _tenant, _ticket: ()

    def __call__(self, tenant_id: str, ticket_id: str) -> Run:
        """The ticket's latest execution. Raises NotFound, also before it has started."""
        ticket = self.tickets.get(tenant_id, ticket_id)
        if ticket.execution_id is None:
            raise NotFound(f"The work on ticket {ticket_id} has not begun. Ask again in a moment.")
        try:
            found = self.executions.describe(ticket.execution_id)
        except NotFound as error:
            raise NotFound(f"The run of ticket {ticket_id} is no longer kept.") from error
        redact = RedactRun(ticket, self.taken_out(ticket), self.guard)
        history = self.executions.history(ticket.execution_id)
        spent = self.spent_on(tenant_id, ticket_id)
        steps = tuple(self._shown(step, redact, spent) for step in steps_of(history))
        ended = found.stopped or self.clock.now()
        return Run(
            execution_id=found.execution_id,
            status=found.status,
            started_at=found.started,
            ended_at=found.stopped,
            duration_ms=round((ended - found.started).total_seconds() * 1000, 3),
            cost_usd=round(sum(step.cost_usd for step in steps), 6),
            steps=steps,
            trace_id=trace_of_ticket(ticket_id),
        )

    def _shown(self, step: RunStep, redact: RedactRun, spent: Sequence[CostEntry]) -> RunStep:
        draft, paid = _draft(step), _paid(step, spent)
        return replace(
            step,
            input=cut(redact(step.state, step.input)),
            output=cut(redact(step.state, step.output)),
            cause=None if step.cause is None else str(redact(step.state, step.cause)),
            tokens_input=sum(e.tokens_input for e in paid) if paid else draft.tokens_input if draft else 0,
            tokens_output=sum(e.tokens_output for e in paid) if paid else draft.tokens_output if draft else 0,
            cost_usd=usd(sum(e.cost_nano for e in paid)) if paid else self.cost_of(draft) if draft else 0.0,
        )


def _paid(step: RunStep, spent: Sequence[CostEntry]) -> list[CostEntry]:
    """The chat calls of a step: those of a paying task that began while it ran."""
    if step.type != TASK_STATE:
        return []
    began = [e for e in spent if e.kind is CostKind.CHAT and e.at >= step.started_at]
    return [e for e in began if step.ended_at is None or e.at <= step.ended_at]


def _draft(step: RunStep) -> Draft | None:
    if step.state not in GENERATORS or not isinstance(step.output, dict) or "routing" not in step.output:
        return None
    try:
        return from_json(Draft, step.output)
    except InvalidInput:
        return None
