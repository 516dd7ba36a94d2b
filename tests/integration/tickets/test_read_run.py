"""The decision ledger of a ticket, on the real engine."""

import json

import pytest
from tests.integration.tickets.workshop import TENANT, FailingWriter, Workshop, request

from rimedio.domain.answer import Outcome
from rimedio.domain.codec import to_json
from rimedio.domain.errors import NotFound, Throttled
from rimedio.tickets.run_log import StepStatus

pytestmark = pytest.mark.usefixtures("home")


def test_every_step_tells_what_went_in_what_came_out_and_how_long_it_took() -> None:
    shop = Workshop()
    ticket = shop.work()
    run = shop.run(TENANT, ticket.ticket_id)
    assert (run.status, run.execution_id) == ("SUCCEEDED", ticket.execution_id)
    by_name = {step.state: step for step in run.steps}
    classify = by_name["Classify"]
    assert classify.output is not None
    assert "THERMAL" in json.dumps(classify.output)
    assert isinstance(classify.input, dict)
    assert classify.input["ticket_id"] == ticket.ticket_id
    assert [step.order for step in run.steps] == list(range(1, len(run.steps) + 1))
    assert all(step.duration_ms is not None for step in run.steps)
    assert {"HybridSearch", "Retrieve", "WhatNow?", "Publish", "Notify"} <= set(by_name)


def test_an_attempt_that_failed_is_a_step_of_its_own() -> None:
    shop = Workshop(primary=FailingWriter([Throttled("slow down")]))
    run = shop.run(TENANT, shop.work().ticket_id)
    tried = [(s.attempt, s.status) for s in run.steps if s.state == "Generate"]
    assert tried == [(1, StepStatus.FAILED), (2, StepStatus.SUCCEEDED)]


def test_no_personal_data_and_no_token_stands_in_the_ledger() -> None:
    shop = Workshop([Outcome.REVIEW])
    waiting = shop.work(
        customer={"id": "c1", "name": "Mario Riva", "contact_email": "mario@riva.example"},
        symptom_text="The station stops with E029, call 333 1234567. MARIO RIVA",
    )
    token = shop.tokens.find(TENANT, waiting.ticket_id, "review")  # type: ignore[arg-type]
    said = json.dumps(to_json(shop.run(TENANT, waiting.ticket_id)))
    for secret in ("Mario", "MARIO", "mario@riva.example", "333 1234567", token):
        assert secret not in said
    assert "[hidden]" in said
    assert shop.run(TENANT, waiting.ticket_id).steps[-1].status is StepStatus.WAITING


def test_another_tenant_sees_no_run_and_a_new_ticket_has_none() -> None:
    shop = Workshop()
    ticket = shop.work()
    with pytest.raises(NotFound):
        shop.run("other", ticket.ticket_id)
    new = shop.open(TENANT, request())
    with pytest.raises(NotFound, match="has not begun"):
        shop.run(TENANT, new.ticket_id)
