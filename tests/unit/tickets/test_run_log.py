"""A ticket's steps out of its execution's history."""

from datetime import UTC, datetime

from rimedio.domain.codec import Json
from rimedio.domain.ticket import Ticket
from rimedio.tickets.open_ticket import parse_request
from rimedio.tickets.run_log import RunStep, run_of

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class History:
    def history(self, execution_id: str) -> list[dict[str, Json]]:
        assert execution_id == "run-1"
        at = NOW.isoformat()
        return [
            {
                "timestamp": at,
                "type": "TaskStateEntered",
                "stateEnteredEventDetails": {"name": "A", "input": "1"},
            },
            {"timestamp": at, "type": "TaskFailed", "taskFailedEventDetails": {"error": "E"}},
            {
                "timestamp": at,
                "type": "TaskStateExited",
                "stateExitedEventDetails": {"name": "A", "output": "2"},
            },
        ]


def ticket(execution_id: str | None) -> Ticket:
    request = parse_request(
        {
            "customer": {"id": "c", "name": "Riva"},
            "asset": {"product_type": "HVAC", "model": "TP-8", "serial": "S"},
            "symptom_text": "La pompa di calore non parte",
        }
    )
    return Ticket(
        **request.model_dump(exclude={"lang"}),
        lang="it",
        ticket_id="tkt_00000000-0000-4000-8000-000000000001",
        tenant_id="acme",
        created_at=NOW,
        updated_at=NOW,
        execution_id=execution_id,
    )


def test_a_step_without_a_name_belongs_to_the_state_it_happened_in() -> None:
    assert run_of(ticket("run-1"), History()) == (
        RunStep(NOW, "TaskStateEntered", "A", input="1"),
        RunStep(NOW, "TaskFailed", "A", error="E"),
        RunStep(NOW, "TaskStateExited", "A", output="2"),
    )


def test_a_ticket_that_was_never_started_has_no_steps() -> None:
    assert run_of(ticket(None), History()) == ()
