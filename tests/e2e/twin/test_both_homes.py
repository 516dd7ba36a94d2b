"""The same tickets end the same way at home and on AWS: outcome, words, citations, and the history's shape."""

import json

import pytest
from tests.e2e.twin.conftest import Homes
from tools.twin import Twin, differences, seen_at_home

pytestmark = pytest.mark.model

ENDS = {
    "demo-047": "READY",
    "demo-050": "READY",
    "demo-082": "NEEDS_INFO",
    "demo-071": "IN_REVIEW",
    "demo-098": "ESCALATED",
}


@pytest.mark.parametrize("name", ENDS)
def test_a_ticket_ends_on_aws_as_it_ends_at_home(homes: Homes, tickets, name: str) -> None:
    here = seen_at_home(homes.laptop, tickets[name].request)
    there = homes.aws.work_through(tickets[name].request)
    unlike = set(differences(here, there)) - {"category"}  # the laptop has no model for a second opinion
    only = here.history - there.history, there.history - here.history
    assert not unlike, only
    assert here.outcome == ENDS[name]


def test_the_frugal_profile_ends_the_same_way_without_a_search_server(
    homes: Homes, frugal: Twin, tickets
) -> None:
    request = tickets["demo-047"].request
    assert frugal.work_through(request) == homes.aws.work_through(request)


def test_what_became_of_a_ticket_is_told_on_the_bus(homes: Homes, tickets) -> None:
    homes.aws.work_through(tickets["demo-047"].request)
    told = homes.aws.events()
    published = [event["detail"] for event in told if event["detail-type"] == "SolutionPublished"]
    opened = {event["detail"]["ticket_id"] for event in told if event["detail-type"] == "TicketOpened"}
    assert published
    assert {detail["ticket_id"] for detail in published} <= opened
    ids = [(event["detail-type"], json.dumps(event["detail"], sort_keys=True)) for event in told]
    assert len(set(ids)) == len(ids), "an event was told twice"


def test_an_approval_over_the_api_resumes_the_waiting_execution(homes: Homes, tickets) -> None:
    aws = homes.aws
    ticket = aws.opened(tickets["demo-071"].request)
    assert ticket.status.value == "IN_REVIEW", ticket.status
    assert ticket.execution_id is not None
    answer = aws.call("POST", f"/v1/tickets/{ticket.ticket_id}/review", {"verdict": "APPROVED"})
    assert answer["statusCode"] < 300, answer
    ended = aws.settled(ticket.ticket_id)
    assert ended.status.value == "READY"
    assert aws.ended(ticket.execution_id) == "SUCCEEDED"


def test_a_reply_over_the_api_goes_on_with_the_same_execution(homes: Homes, tickets) -> None:
    aws = homes.aws
    ticket = aws.opened(tickets["demo-082"].request)
    assert ticket.status.value == "NEEDS_INFO"
    said = {"text": "It shows E029 and trips after eight minutes at full power.", "author": "CUSTOMER"}
    answer = aws.call("POST", f"/v1/tickets/{ticket.ticket_id}/messages", said)
    assert answer["statusCode"] < 300, answer
    ended = aws.settled(ticket.ticket_id, leaving="NEEDS_INFO")
    assert ended.execution_id == ticket.execution_id
    assert ended.status.value in ("READY", "IN_REVIEW")
    solution = aws.system.solution_of(ended)
    assert solution is not None
    assert any(
        "E029" in citation.snippet or "E029" in "".join(citation.section) for citation in solution.citations
    )
