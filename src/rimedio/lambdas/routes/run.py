"""What happened to a ticket, step by step."""

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, JsonValue

from rimedio.lambdas.identifiers import TicketId
from rimedio.lambdas.router import Api
from rimedio.tickets.run_log import StepStatus

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

TAG = "tickets"


class StepView(BaseModel):
    """One attempt at one state. Personal data is taken out of inputs and outputs; long ones are cut."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    order: int
    state: str
    type: str
    status: StepStatus
    attempt: int
    started_at: datetime
    ended_at: datetime | None
    duration_ms: float | None
    input: JsonValue
    output: JsonValue
    error: str | None
    cause: str | None
    tokens_input: int
    tokens_output: int
    cost_usd: float


class RunView(BaseModel):
    """An execution, its steps in the order they began."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    execution_id: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    duration_ms: float
    cost_usd: float
    steps: tuple[StepView, ...]
    trace_id: str


def register(api: Api, system: "Rimedio") -> None:
    """The route of the run."""

    @api.get("/v1/tickets/{ticket_id}/run", summary="What happened, step by step", tag=TAG, errors=(404,))
    def get_run(ticket_id: TicketId) -> RunView:
        return RunView.model_validate(system.desk.run(api.caller.tenant_id, ticket_id))
