"""Reasons of a ticket's status as words for programs."""

import pytest

from rimedio.answering.outcomes import ground
from rimedio.domain.ground import Ground
from rimedio.tickets.desk.status_code import status_code


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("BudgetReached: budget: PERSON, $11.00 of $10.00 (110%) is spent or put aside in 2026-01", "BUDGET_REACHED"),
        ("ModelUnavailable: no model answers", "MODEL_UNAVAILABLE"),
        ("States.Timeout: the task took too long", "STATES_TIMEOUT"),
        ("run-ended: ABORTED", "RUN_ENDED"),
        ("review-rejected: the wrong manual", "REVIEW_REJECTED"),
        ("LOW_CONFIDENCE: confidence 0.40, wanted 0.70; CATEGORY_UNKNOWN: no category", "LOW_CONFIDENCE"),
        ("Nota: richiamare il cliente", None),
        ("reopened by olga", None),
        ("BudgetReached", None),
        ("", None),
        (None, None),
    ],
)  # fmt: skip
def test_a_reason_of_the_service_has_a_code_and_a_persons_has_none(
    reason: str | None, code: str | None
) -> None:
    assert status_code(reason) == code


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("why", list(Ground))
def test_every_ground_of_a_decision_is_its_own_code(why: Ground, language: str) -> None:
    assert status_code(ground(why, language, "1", "2", "3")) == why.value
