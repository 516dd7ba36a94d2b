"""Ask the manuals without opening a ticket."""

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from rimedio.domain.answer import Solution
from rimedio.domain.errors import BudgetReached, GenerationFailed
from rimedio.lambdas.identifiers import ErrorCode, ModelName, Question
from rimedio.lambdas.router import Api

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

TAG = "ask"


class AskBody(BaseModel):
    """A question to the manuals."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"question": "La colonnina mostra E029: che cosa faccio?"}]},
    )

    question: Question
    model: ModelName | None = None
    error_code: ErrorCode | None = None


def register(api: Api, system: "Rimedio") -> None:
    """Routes of asking."""

    @api.post("/v1/ask", summary="A remedy for a question", tag=TAG)
    def ask(body: AskBody) -> Solution:
        """No steps and the outcome ESCALATE mean: it is not in the documentation."""
        tenant = api.caller.tenant_id
        try:
            return system.ask(tenant, body.question, model=body.model, code=body.error_code)
        except GenerationFailed as error:  # nothing is broken where the budget leaves it to a person
            if system.accounts.budgets.state(tenant).level.value == "PERSON":
                raise BudgetReached(str(error)) from error
            raise

    @api.stream("POST", "/v1/ask/stream", summary="A remedy while it is written", tag=TAG)
    def stream_ask(body: AskBody) -> None:
        """Server-sent events: start, progress, chunk, citation, complete (with the solution), error."""
