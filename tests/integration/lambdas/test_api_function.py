"""The API's function behind API Gateway: authorizer, paths, bodies, limits, streams."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.integration.lambdas.aws_events import authorizer_event, proxy_event

from rimedio.bootstrap import LaptopRimedio, Rimedio
from rimedio.domain.clock import FakeClock
from rimedio.domain.ticket import TicketRequest
from rimedio.lambdas.authorizer import UnauthorizedRequest
from rimedio.lambdas.functions._function import LambdaFunction
from rimedio.lambdas.functions._invocation import FakeContext
from rimedio.lambdas.functions.api import build_api_function, who_calls
from rimedio.lambdas.functions.authorizer import build_authorizer_function
from rimedio.lambdas.gateway_event import ANSWER_BYTES_MAX
from rimedio.lambdas.live_feeds import QUEUE
from rimedio.lambdas.long_poll import LongPoll
from rimedio.security.permissions import Role

TICKET = {
    "customer": {"id": "c1", "name": "Anna"},
    "asset": {"product_type": "INVERTER", "model": "XC-200", "serial": "SN-1"},
    "symptom_text": "The inverter shows E029 and does not start.",
}
ADMIN = {
    "tenant_id": "acme",
    "subject": "olga",
    "roles": "admin",
    "tier": "STANDARD",
    "expires_at": "4102444800",
}
Api = Callable[..., Any]


@pytest.fixture
def api(make: Callable[..., Api]) -> Api:
    function = make(build_api_function, correlate=who_calls)

    def call(method: str, target: str, body: object = None, **about: Any) -> Any:
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        return function(proxy_event(method, target, text, **{"authorizer": ADMIN, **about}))

    return call


def value(answer: Mapping[str, Any]) -> Any:
    return json.loads(answer["body"])


def events(answer: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Name and data of each event of a document."""
    found = []
    for block in answer["body"].split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and line[0] != ":")
        if "data" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def position(answer: Mapping[str, Any]) -> str:
    return [line for line in answer["body"].splitlines() if line.startswith("id: ")][-1][4:]


def test_a_token_passes_the_authorizer_and_its_answer_opens_the_api(
    system: LaptopRimedio, make: Callable[..., Api], api: Api
) -> None:
    issued = system.identity.issuer.issue("olga", "acme", [Role.OPERATOR])
    authorize = make(build_authorizer_function, passed=(UnauthorizedRequest,))
    answer = authorize(authorizer_event(issued.token))
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement["Resource"] == "arn:aws:execute-api:eu-south-1:000000000000:a1b2c3d4e5/prod/*"
    me = value(api("GET", "/v1/me", authorizer=answer["context"]))
    assert (me["tenant_id"], me["roles"]) == ("acme", ["operator"])


@pytest.mark.parametrize("token", [None, "no.jwt.here"])
def test_a_refusal_is_the_very_word_that_api_gateway_turns_into_401(
    make: Callable[..., Api], token: str | None
) -> None:
    authorize = make(build_authorizer_function, passed=(UnauthorizedRequest,))
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorize(authorizer_event(token))


def test_an_authorizers_answer_that_was_kept_longer_than_the_token_lasts_opens_nothing(api: Api) -> None:
    answer = api("GET", "/v1/me", authorizer=ADMIN | {"expires_at": "1700000000"})
    assert answer["statusCode"] == 401
    assert answer["multiValueHeaders"]["WWW-Authenticate"] == ["Bearer"]


def test_stage_and_base_path_stand_before_the_route_or_not(system: LaptopRimedio) -> None:
    based = system.settings.model_copy(update={"api_base_path": "support/api"})
    plain, system.settings = system.settings, based
    function = LambdaFunction("api", build_api_function, find_system=lambda: system)
    try:
        for about in ({"base_path": "support/api"}, {}):
            answer = function(proxy_event("GET", "/v1/me", authorizer=ADMIN, **about), FakeContext())
            assert answer["statusCode"] == 200
        staged = proxy_event("GET", "/v1/me", authorizer=ADMIN) | {"path": "/prod/v1/me"}
        assert function(staged, FakeContext())["statusCode"] == 200
        strange = proxy_event("GET", "/v1/me", authorizer=ADMIN) | {"path": "/other/v1/me"}
        assert function(strange, FakeContext())["statusCode"] == 404
    finally:
        system.settings = plain


def test_a_path_is_decoded_once_and_strictly(system: LaptopRimedio, api: Api) -> None:
    ticket = system.open_ticket("acme", TicketRequest.model_validate(TICKET))
    encoded = ticket.ticket_id.replace("_", "%5F")
    assert value(api("GET", f"/v1/tickets/{encoded}"))["ticket_id"] == ticket.ticket_id
    for hostile in ("a%2Fb", "..%2f..", "%2e%2e", "a%00b", "%ff", "%255F"):
        answer = api("GET", f"/v1/tickets/{hostile}")
        assert answer["statusCode"] in (400, 404), hostile
        assert value(answer)["error"]["request_id"] == "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"


def test_bodies_come_as_text_or_in_base64(api: Api) -> None:
    packed = base64.b64encode(json.dumps(TICKET).encode()).decode()
    opened = api("POST", "/v1/tickets", packed, base64=True)
    assert opened["statusCode"] == 202
    upload = value(api("POST", "/v1/uploads", {"name": "a.log", "type": "LOG", "size": 5}))
    part = base64.b64encode(b"12345").decode()
    target = f"/v1/uploads/{upload['upload_id']}/parts/1"
    sent = api("PUT", target, part, base64=True, Content_Type="application/octet-stream")
    assert (sent["statusCode"], value(sent)["size"]) == (200, 5)


def test_a_request_sent_twice_is_done_once(api: Api, system: LaptopRimedio) -> None:
    first = api("POST", "/v1/tickets", TICKET, Idempotency_Key="key-1")
    again = api("POST", "/v1/tickets", TICKET, Idempotency_Key="key-1")
    assert first["body"] == again["body"]
    assert again["multiValueHeaders"]["Idempotency-Replayed"] == ["true"]
    assert len(system.tickets.list_all("acme").tickets) == 1


def test_an_answer_that_lambda_would_drop_becomes_an_error_that_says_so(
    system: LaptopRimedio, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.tickets.get("acme", system.open_ticket("acme", TicketRequest.model_validate(TICKET)).ticket_id)
    monkeypatch.setattr("rimedio.lambdas.gateway_event.ANSWER_BYTES_MAX", 100)
    answer = api("GET", "/v1/tickets")
    assert answer["statusCode"] == 413
    assert "Ask for less at once" in value(answer)["error"]["message"]
    assert ANSWER_BYTES_MAX < 6 * 1024 * 1024


def test_every_answer_carries_the_headers_of_the_gateway_at_home(api: Api) -> None:
    for answer in (
        api("GET", "/v1/health", authorizer=None),
        api("GET", "/v1/nothing"),
        api("GET", "/v1/%00"),
    ):
        headers = answer["multiValueHeaders"]
        assert headers["x-frame-options"] == ["DENY"]
        assert headers["content-security-policy"] == ["default-src 'none'; frame-ancestors 'none'"]


def test_only_pages_of_the_settings_may_read_an_answer(system: LaptopRimedio) -> None:
    plain = system.settings
    system.settings = plain.model_copy(update={"cors_origins": "https://console.example.com"})
    function = LambdaFunction("api", build_api_function, find_system=lambda: system)
    try:
        for origin, allowed in (("https://console.example.com", True), ("https://evil.example.com", False)):
            event = proxy_event("GET", "/v1/me", authorizer=ADMIN, Origin=origin)
            headers = function(event, FakeContext())["multiValueHeaders"]
            assert (headers.get("access-control-allow-origin") == [origin]) is allowed
            assert headers["vary"] == ["origin"]
    finally:
        system.settings = plain


# -- event streams


def test_a_tickets_stream_is_told_in_documents_that_follow_each_other(
    system: LaptopRimedio, api: Api
) -> None:
    ticket = system.open_ticket("acme", TicketRequest.model_validate(TICKET))
    target = f"/v1/tickets/{ticket.ticket_id}/solution/stream"
    first = api("GET", target)
    assert first["multiValueHeaders"]["Content-Type"] == ["text/event-stream; charset=utf-8"]
    assert first["body"].startswith("retry: ")
    assert events(first)[0][0] == "start"
    ended = system.runner.settle(ticket)
    whole = api("GET", target, Last_Event_ID=position(first))
    assert events(whole)[-1][0] == "complete"
    assert events(whole)[-1][1]["status"] == ended.status.value
    ids = [line[4:] for line in whole["body"].splitlines() if line.startswith("id: ")]
    for seen in (1, 5, len(events(whole)) - 1):
        rest = api("GET", target, Last_Event_ID=ids[seen - 1])
        assert events(rest) == events(whole)[seen:]


def test_the_queues_stream_misses_no_move_between_two_documents(system: LaptopRimedio, api: Api) -> None:
    nothing = api("GET", "/v1/events/stream")
    assert events(nothing) == []
    ticket = system.open_ticket("acme", TicketRequest.model_validate(TICKET))
    system.clock.sleep(0.25)  # the queue is read a few times a second
    news = api("GET", "/v1/events/stream", Last_Event_ID=position(nothing))
    assert {data["ticket_id"] for _, data in events(news)} == {ticket.ticket_id}
    assert "retry: 3000" in news["body"]


def test_a_question_is_answered_in_one_document(system: LaptopRimedio, api: Api) -> None:
    answer = api("POST", "/v1/ask/stream", {"question": "What does error E029 of the XC-200 mean?"})
    names = [name for name, _ in events(answer)]
    assert names[0] == "start"
    assert names[-1] in ("complete", "error")


def test_streams_ask_for_the_same_rights_and_hide_the_same_tickets(system: LaptopRimedio, api: Api) -> None:
    ticket = system.open_ticket("acme", TicketRequest.model_validate(TICKET))
    target = f"/v1/tickets/{ticket.ticket_id}/events/stream"
    assert api("GET", target, authorizer=None)["statusCode"] == 401
    assert api("GET", target, authorizer=ADMIN | {"tenant_id": "other"})["statusCode"] == 404
    assert api("GET", target, authorizer=ADMIN | {"roles": "nobody"})["statusCode"] == 403
    assert api("GET", "/v1/events/stream", authorizer=ADMIN | {"roles": "integration"})["statusCode"] == 403


class Silent:
    """A feed with nothing to say."""

    topics: frozenset[str] = frozenset()
    ended = False
    position = "17"
    every_seconds = 0.3
    settle_seconds = 0.0

    def __init__(self) -> None:
        self.polled = 0

    def poll(self) -> tuple[()]:
        self.polled += 1
        return ()


@pytest.mark.parametrize(("left", "waited"), [(60.0, 20.0), (5.0, 5.0), (0.0, 0.0)])
def test_a_document_waits_for_news_within_its_time_and_tells_where_it_stands(
    left: float, waited: float
) -> None:
    clock, feed = FakeClock(), Silent()
    began = clock.monotonic()
    document = LongPoll({"GET /x": lambda _: feed}, clock).document("GET /x", None, left)  # type: ignore[arg-type,dict-item]
    assert waited - 1.5 <= clock.monotonic() - began <= waited
    assert document == b"retry: 250\n\nid: 17\n\n: heartbeat\n\n"


def test_an_endless_stream_holds_no_process() -> None:
    clock, feed = FakeClock(), Silent()
    LongPoll({QUEUE: lambda _: feed}, clock, frozenset({QUEUE})).document(QUEUE, None, 60)  # type: ignore[arg-type,dict-item]
    assert feed.polled == 1
    assert clock.now() == FakeClock().now()


def test_what_fails_in_the_middle_of_a_producer_is_the_streams_last_event(
    system: Rimedio, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> Any:
        yield from ()
        raise RuntimeError("a secret of the inside")

    monkeypatch.setitem(system.desk.__dict__, "ask_live", broken)
    answer = api("POST", "/v1/ask/stream", {"question": "What does error E029 mean?"})
    ((name, data),) = events(answer)
    assert (name, data["code"]) == ("error", "INTERNAL_ERROR")
    assert "secret" not in answer["body"]
