"""The API's frame: who may call, what an error looks like, what every answer carries."""

from tests.unit.lambdas.client import Client

from rimedio.bootstrap import Rimedio
from rimedio.domain.codec import from_json
from rimedio.domain.ticket import Ticket, TicketRequest

REQUEST = {
    "customer": {"id": "c1", "name": "Officine Riva"},
    "asset": {"product_type": "EV_CHARGER", "model": "XC-200", "serial": "SN1"},
    "symptom_text": "La colonnina si spegne dopo cinque minuti di ricarica",
}
NOBODY = "tkt_00000000-0000-4000-8000-000000000000"


def ticket_of(system: Rimedio, tenant: str = "acme") -> Ticket:
    return system.open_ticket(tenant, TicketRequest.model_validate(REQUEST))


def test_health_needs_no_token(call: Client) -> None:
    answered = call("GET", "/v1/health", roles="")
    assert (answered.status, answered.json["status"]) == (200, "ok")


def test_every_answer_carries_its_request_id_and_is_not_cached(call: Client) -> None:
    answered = call("GET", "/v1/health", X_Request_Id="client-chosen-1")
    assert answered.headers["X-Request-Id"] == "client-chosen-1"
    assert answered.headers["Cache-Control"] == "no-store"
    assert answered.headers["X-Content-Type-Options"] == "nosniff"
    assert call("GET", "/v1/health", X_Request_Id="<b>").headers["X-Request-Id"] == "req-0001"


def test_a_ticket_is_read_as_it_is_stored(call: Client, system: Rimedio) -> None:
    ticket = ticket_of(system)
    answered = call("GET", f"/v1/tickets/{ticket.ticket_id}")
    assert answered.status == 200
    known = {name: answered.json[name] for name in Ticket.model_fields}
    assert from_json(Ticket, known).symptom_text == ticket.symptom_text


def test_why_a_ticket_stands_where_it_stands_is_told_in_a_word_for_programs_too(
    call: Client, system: Rimedio
) -> None:
    ticket = ticket_of(system)
    path, why = f"/v1/tickets/{ticket.ticket_id}", "BudgetReached: budget: PERSON, $10.00 of $10.00 is spent"
    assert call("GET", path).json["status_code"] is None
    update = {"status_reason": why, "version": ticket.version + 1}
    system.tickets.save(ticket.model_copy(update=update), expected=ticket.version)
    shown = [call("GET", path).json, *call("GET", "/v1/tickets").json["items"]]
    assert [(t["status_code"], t["status_reason"]) for t in shown] == [("BUDGET_REACHED", why)] * 2


def test_another_tenants_ticket_does_not_exist(call: Client, system: Rimedio) -> None:
    ticket = ticket_of(system, "globex")
    assert call("GET", f"/v1/tickets/{ticket.ticket_id}").code == "NOT_FOUND"


def test_without_a_token_nothing_but_public_routes_answers(call: Client) -> None:
    answered = call("GET", f"/v1/tickets/{NOBODY}", roles="")
    assert (answered.status, answered.code) == (401, "UNAUTHORIZED")
    assert answered.headers["WWW-Authenticate"] == "Bearer"


def test_a_role_that_the_matrix_does_not_name_is_refused(call: Client) -> None:
    answered = call("GET", f"/v1/tickets/{NOBODY}", roles="janitor")
    assert (answered.status, answered.code) == (403, "FORBIDDEN")


def test_a_field_at_fault_is_named(call: Client) -> None:
    answered = call("GET", "/v1/tickets/nonsense")
    assert (answered.status, answered.code) == (400, "VALIDATION_ERROR")
    assert answered.json["error"]["details"][0]["field"] == "path.ticket_id"
    assert answered.json["error"]["request_id"] == "req-0001"


def test_an_unknown_route_is_not_found_and_a_wrong_method_says_which_is_right(call: Client) -> None:
    assert call("GET", "/v1/nothing").status == 404
    answered = call("PATCH", "/v1/health")
    assert (answered.status, answered.code, answered.headers["Allow"]) == (405, "VALIDATION_ERROR", "GET")


def test_a_query_that_a_route_does_not_take_is_refused(call: Client) -> None:
    assert call("GET", "/v1/health?verbose=1").status == 400


def test_an_unexpected_error_says_nothing_of_the_inside(call: Client, system: Rimedio) -> None:
    system.__dict__["tickets"] = None
    answered = call("GET", f"/v1/tickets/{NOBODY}")
    assert (answered.status, answered.code) == (500, "INTERNAL_ERROR")
    assert "NoneType" not in answered.body


def test_an_event_that_is_none_gets_an_answer_too(call: Client) -> None:
    answered = call.handler({})
    assert answered["statusCode"] == 500
    assert "INTERNAL_ERROR" in answered["body"]


def test_a_cursor_that_leads_nowhere_is_not_found_in_any_list(call: Client) -> None:
    lists = [
        operation
        for operation in call.handler.api.operations
        if operation.method == "GET"
        and "{" not in operation.path
        and "cursor" in getattr(operation.contract.parameters.get("query"), "model_fields", {})
    ]
    assert len(lists) >= 4
    for operation in lists:
        assert call("GET", f"{operation.path}?cursor=nonsense").code == "NOT_FOUND", operation.path
