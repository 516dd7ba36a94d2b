"""Events, rules, schemas and schedules over the API."""

import pytest
from tests.unit.lambdas.client import Client

from rimedio.bootstrap import Rimedio
from rimedio.events.detail_types import DetailType
from rimedio.lambdas.api import build_api

RULE = {"pattern": {"detail-type": ["TicketOpened"]}, "target": "log:"}
SCHEDULE = {"expression": "rate(1 hour)", "target": "log:"}


@pytest.fixture
def happened(system: Rimedio) -> Rimedio:
    """Three tickets were opened and one model promoted, at acme; one ticket elsewhere."""
    eventing = system.eventing
    eventing.loops()
    for n in range(3):
        eventing.publisher.publish("acme", DetailType.TICKET_OPENED, {"ticket_id": f"tkt_{n}"})
    eventing.publisher.publish("acme", DetailType.MODEL_PROMOTED, {"version": "v2"})
    eventing.publisher.publish("other", DetailType.TICKET_OPENED, {"ticket_id": "tkt_9"})
    eventing.schemas.discover()
    return system


def test_events_are_listed_as_envelopes_newest_first(call: Client, happened: Rimedio) -> None:
    found = call("GET", "/v1/events")
    assert found.status == 200
    kinds = [event["detail-type"] for event in found.json["items"]]
    assert kinds == ["ModelPromoted", "TicketOpened", "TicketOpened", "TicketOpened"]
    assert {event["account"] for event in found.json["items"]} == {"acme"}
    page = call("GET", "/v1/events?limit=3&detail_type=TicketOpened")
    assert [e["detail"]["ticket_id"] for e in page.json["items"]] == ["tkt_2", "tkt_1", "tkt_0"]
    assert page.json["next_cursor"] is None
    first = call("GET", "/v1/events?limit=3")
    rest = call("GET", f"/v1/events?limit=3&cursor={first.json['next_cursor']}")
    assert len(rest.json["items"]) == 1


def test_the_time_range_of_events_is_respected_and_checked(call: Client, happened: Rimedio) -> None:
    assert call("GET", "/v1/events?to=2020-01-01T00:00:00Z").json["items"] == []
    assert len(call("GET", "/v1/events?from=2020-01-01T00:00:00Z").json["items"]) == 4
    for query in ("from=yesterday", "from=2020-01-01T00:00:00", "limit=0"):
        assert call("GET", f"/v1/events?{query}").status == 400
    assert call("GET", "/v1/events?cursor=x").status == 404


def test_events_can_happen_again_for_a_rule_of_today(call: Client, happened: Rimedio) -> None:
    assert call("PUT", "/v1/events/rules/audit", RULE).status == 200
    span = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
    started = call("POST", "/v1/events/replays", span | {"rule": "audit"})
    assert (started.status, started.json["status"]) == (202, "STARTING")
    while happened.eventing.archive.run_once():
        pass
    (replay,) = call("GET", "/v1/events/replays").json["items"]
    assert (replay["status"], replay["replayed"]) == ("COMPLETED", 4)
    assert happened.eventing.queue.waiting() == 3
    assert call("POST", "/v1/events/replays", span | {"rule": "nobody"}).status == 404
    assert call("POST", "/v1/events/replays", {"from": span["to"], "to": span["from"]}).status == 409


def test_rules_are_made_read_replaced_and_removed(call: Client, system: Rimedio) -> None:
    made = call("PUT", "/v1/events/rules/audit", RULE | {"description": "watch"})
    assert made.json["targets"][0]["address"] == "log:"
    transformer = {"input_template": '{"t": <t>}', "input_paths_map": {"t": "$.detail.ticket_id"}}
    call("PUT", "/v1/events/rules/audit", RULE | {"input_transformer": transformer})
    (rule,) = call("GET", "/v1/events/rules").json["items"]
    assert rule["targets"][0]["input_transformer"] == transformer
    assert Client(build_api(system), tenant="other")("GET", "/v1/events/rules").json["items"] == []
    assert call("DELETE", "/v1/events/rules/audit").status == 204
    assert call("DELETE", "/v1/events/rules/audit").status == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"pattern": {"source": []}}, 409),
        ({"pattern": {"source": [{"wildcard": "*:*:*:*:*:*:*"}]}}, 409),
        ({"pattern": {"source": ["x" * 5000]}}, 409),
        ({"pattern": []}, 400),
        ({"target": "handler:nightly-sweep"}, 400),
        ({"target": "webhook:whk_nobody"}, 404),
        ({"target": "workflow:nothing"}, 400),
        ({"target": "log"}, 400),
        ({"input_transformer": {"input_template": '{"a": <b>}'}}, 409),
        ({"more": 1}, 400),
    ],
)
def test_a_rule_that_means_nothing_or_reaches_too_far_is_refused(
    call: Client, change: dict, status: int
) -> None:
    assert call("PUT", "/v1/events/rules/audit", RULE | change).status == status
    assert call("GET", "/v1/events/rules").json["items"] == []


def test_a_webhooks_own_rule_cannot_be_changed_here(call: Client) -> None:
    order = {"url": "https://93.184.216.34/in", "events": ["TicketOpened"]}
    call("POST", "/v1/webhooks", order)
    (rule,) = call("GET", "/v1/events/rules").json["items"]
    assert rule["managed_by"] == "webhooks"
    assert call("DELETE", f"/v1/events/rules/{rule['name']}").status == 403
    assert call("PUT", f"/v1/events/rules/{rule['name']}", RULE).status == 403


def test_a_dead_letter_is_shown_and_sent_again(call: Client, happened: Rimedio) -> None:
    rule = RULE | {"target": "workflow:ticket"}
    call("PUT", "/v1/events/rules/again", rule)
    happened.eventing.publisher.publish("acme", DetailType.TICKET_OPENED, {"ticket_id": "tkt_x"})
    happened.eventing.dispatcher.run_once()
    (letter,) = call("GET", "/v1/events/dead-letters").json["items"]
    assert (letter["reason"], letter["attempts"], letter["rule"]) == ("NOT_RETRYABLE", 1, "again")
    assert letter["event"]["detail"]["ticket_id"] == "tkt_x"
    path = f"/v1/events/dead-letters/{letter['dead_letter_id']}/redrive"
    assert Client(call.handler, tenant="other")("POST", path).status == 404
    assert call("POST", path).status == 202
    assert happened.eventing.queue.waiting() == 1
    assert call("POST", path).status == 404


def test_schemas_are_listed_and_read_in_versions(call: Client, happened: Rimedio) -> None:
    names = [schema["name"] for schema in call("GET", "/v1/events/schemas").json["items"]]
    assert names == ["rimedio.learning@ModelPromoted", "rimedio.tickets@TicketOpened"]
    one = call("GET", f"/v1/events/schemas/{names[1]}?version=1").json
    assert one["content"]["properties"]["detail"]["properties"]["ticket_id"] == {"type": "string"}
    assert (one["version"], one["versions"]) == (1, [1])
    assert call("GET", f"/v1/events/schemas/{names[1]}?version=2").status == 404
    assert call("GET", "/v1/events/schemas/no@thing").status == 404


def test_schedules_are_made_read_and_removed(call: Client, happened: Rimedio) -> None:
    made = call("PUT", "/v1/schedules/hourly", SCHEDULE | {"timezone": "Europe/Rome", "input": {"a": 1}})
    assert made.status == 200
    assert made.json["next_at"] is not None
    assert call("GET", "/v1/schedules/hourly").json == made.json
    listed = {s["name"]: s["system"] for s in call("GET", "/v1/schedules").json["items"]}
    assert listed == {"hourly": False, "nightly-sweep": True, "retention-trim": True}
    assert call("GET", "/v1/schedules/nightly-sweep").status == 404
    assert call("DELETE", "/v1/schedules/nightly-sweep").status == 404
    assert call("DELETE", "/v1/schedules/hourly").status == 204
    assert call("DELETE", "/v1/schedules/hourly").status == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"expression": "every day"}, 409),
        ({"expression": "at(2020-01-01T00:00:00)"}, 409),
        ({"timezone": "Europe/Atlantis"}, 409),
        ({"target": "handler:nightly-sweep"}, 400),
        ({"start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"}, 409),
        ({"window_minutes": -1}, 400),
    ],
)
def test_a_schedule_that_means_nothing_is_refused(call: Client, change: dict, status: int) -> None:
    assert call("PUT", "/v1/schedules/hourly", SCHEDULE | change).status == status


@pytest.mark.parametrize(
    "path", ["/v1/events", "/v1/events/rules", "/v1/events/dead-letters", "/v1/schedules"]
)
def test_only_admins_see_events(call: Client, path: str) -> None:
    for role in ("technician", "operator", "integration"):
        assert call("GET", path, roles=role).status == 403


def test_a_replay_that_goes_on_can_be_stopped(call: Client, happened: Rimedio) -> None:
    span = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
    path = f"/v1/events/replays/{call('POST', '/v1/events/replays', span).json['replay_id']}/cancel"
    assert Client(call.handler, tenant="other")("POST", path).status == 404
    assert call("POST", path).json["status"] == "CANCELLED"
    assert call("POST", path).status == 409
