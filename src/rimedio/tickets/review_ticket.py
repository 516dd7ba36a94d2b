"""A person judges a draft: approve, edit, reject. The waiting execution goes on with the verdict."""

from dataclasses import dataclass
from enum import StrEnum

from rimedio.domain.answer import Solution
from rimedio.domain.codec import Json, to_json
from rimedio.domain.errors import InvalidInput
from rimedio.tickets.task_tokens import TaskTokens, Waiting
from rimedio.tickets.waker import Waker


class Verdict(StrEnum):
    """What the reviewer says."""

    APPROVED = "APPROVED"
    EDITED = "EDITED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class ReviewTicket:
    """The use case behind `POST /v1/tickets/{id}/review`."""

    tokens: TaskTokens
    waker: Waker

    def __call__(
        self,
        tenant_id: str,
        ticket_id: str,
        verdict: Verdict,
        *,
        reviewer: str,
        solution: Solution | None = None,
        reason: str | None = None,
    ) -> None:
        """Send the verdict. Raises Conflict when the ticket waits for no review, InvalidInput."""
        if verdict is Verdict.EDITED and solution is None:
            raise InvalidInput(
                "An edited remedy is missing. Send the whole solution with the verdict EDITED."
            )
        if verdict is Verdict.REJECTED and not reason:
            raise InvalidInput("A rejection needs a reason: it is what the next answer learns from.")
        token = self.tokens.find(tenant_id, ticket_id, Waiting.REVIEW)
        output: dict[str, Json] = {"verdict": verdict.value, "reviewer": reviewer, "reason": reason}
        if solution is not None:
            output["solution"] = to_json(solution)
        self.waker.send_task_success(token, output)
