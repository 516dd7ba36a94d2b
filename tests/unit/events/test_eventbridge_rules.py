"""Rules as EventBridge must have them, and back."""

import orjson
import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import InvalidInput
from rimedio.events.bus import EVERY_TENANT, RetryPolicy, Rule, Target
from rimedio.events.deployed_rules import DEPLOYED
from rimedio.events.event import event_id, new_event
from rimedio.events.eventbridge_events import bytes_of, entry_of, received_event
from rimedio.events.eventbridge_rules import (
    check_deployable,
    home_pattern,
    home_target,
    native_pattern,
    native_target,
)
from rimedio.events.notices import notice_of
from rimedio.events.operators import InvalidPattern
from rimedio.events.pattern import Pattern
from rimedio.events.transformer import InputTransformer

ARN = "arn:aws:sqs:eu-south-1:111122223333:q"


def event(tenant: str = "acme", **detail: object):
    return new_event(
        event_id("one", tenant),
        source="rimedio.tickets",
        detail_type="TicketOpened",
        tenant_id=tenant,
        time=FakeClock().now(),
        detail=detail,  # type: ignore[arg-type]
    )


def delivered(one) -> dict:
    """The envelope as EventBridge would deliver the entry: with an id and account of its own."""
    entry = entry_of(one, "bus")
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "account": "111122223333",
        "region": "eu-south-1",
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "time": "2026-01-01T00:00:00Z",
        "resources": entry["Resources"],
        "detail": orjson.loads(entry["Detail"]),
    }


def test_an_event_comes_back_under_its_own_id_and_tenant() -> None:
    one = event(ticket_id="tkt_1")
    found = received_event(delivered(one))
    assert (found.id, found.account, found.detail) == (one.id, "acme", one.detail)
    assert found.region == "eu-south-1"


def test_an_entry_is_as_large_as_putevents_counts_it() -> None:
    entry = entry_of(event(text="è" * 100), "bus")
    texts = entry["Source"] + entry["DetailType"] + entry["Detail"]
    assert bytes_of(entry) == 14 + len(texts.encode())


@pytest.mark.parametrize(
    ("pattern", "tenant", "mine", "theirs"),
    [
        ({"source": ["rimedio.tickets"]}, "acme", True, False),
        ({"source": ["rimedio.tickets"]}, EVERY_TENANT, True, True),
        ({"account": ["acme"]}, EVERY_TENANT, True, False),
        ({"account": ["acme"], "source": [{"prefix": "rimedio."}]}, "acme", True, False),
        ({"account": [{"anything-but": "other"}]}, "acme", True, False),
        ({"detail": {"metadata": {"event_id": [{"exists": True}]}}}, "acme", True, False),
        ({"$or": [{"account": ["acme"]}, {"source": ["nothing"]}]}, EVERY_TENANT, True, False),
    ],
)
def test_a_pattern_sees_the_same_events_in_both_homes(pattern, tenant, mine, theirs) -> None:
    native = Pattern.compile(native_pattern(pattern, tenant))
    at_home = Pattern.compile(pattern)
    for one, wanted in ((event("acme"), mine), (event("other"), theirs)):
        assert native.matches(delivered(one)) is wanted
        sees = tenant in (EVERY_TENANT, one.account)
        assert (sees and at_home.matches(orjson.loads(one.as_json()))) is wanted
    assert "account" not in native_pattern(pattern, tenant)


def test_a_tenants_rule_cannot_ask_for_anothers_events() -> None:
    with pytest.raises(InvalidInput, match="another tenant"):
        native_pattern({"account": ["other"]}, "acme")


def test_a_pattern_comes_back_as_it_was_written() -> None:
    written = {"source": ["rimedio.tickets"], "detail": {"status": ["READY"]}}
    assert home_pattern(native_pattern(written, "acme")) == written | {"account": ["acme"]}
    assert home_pattern(native_pattern(written, EVERY_TENANT)) == written


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"input": {"fixed": [1, "two"]}},
        {"input_path": "$.detail"},
        {"transformer": InputTransformer('{"n": <n>}', {"n": "$.detail.name"})},
        {"retry": RetryPolicy(3, 600)},
    ],
    ids=str,
)
def test_a_target_goes_to_aws_and_back(shape) -> None:
    target = Target("t", "queue:deliveries", **shape)
    native = native_target(target, ARN, dead_letter_arn=ARN + "-dead")
    assert native["DeadLetterConfig"] == {"Arn": ARN + "-dead"}
    assert native["RetryPolicy"]["MaximumEventAgeInSeconds"] >= 60
    assert home_target(native, {ARN: "queue:deliveries"}) == target


def test_every_deployed_rule_is_one_that_eventbridge_takes() -> None:
    for rule in DEPLOYED:
        check_deployable(rule)
        Pattern.compile(native_pattern(rule.pattern, rule.tenant_id))


def test_the_deployed_rules_bring_every_event_and_tell_people_of_what_is_bad() -> None:
    deliveries, people = (Pattern.compile(native_pattern(r.pattern, r.tenant_id)) for r in DEPLOYED)
    opened = delivered(event())
    escalated = delivered(event(status="ESCALATED")) | {"detail-type": "TicketStatusChanged"}
    ready = delivered(event(status="READY")) | {"detail-type": "TicketStatusChanged"}
    drift = delivered(event()) | {"detail-type": "DriftDetected"}
    assert all(map(deliveries.matches, (opened, escalated, ready, drift)))
    for one in (opened, escalated, ready, drift):
        assert people.matches(one) is (notice_of(received_event(one)) is not None)
    assert [people.matches(e) for e in (opened, escalated, ready, drift)] == [False, True, False, True]


@pytest.mark.parametrize(
    ("pattern", "target", "error"),
    [
        ({"a": []}, Target("t", "queue:q"), InvalidPattern),
        ({"source": ["x" * 3000]}, Target("t", "queue:q"), InvalidInput),
        (
            {"source": ["a"]},
            Target("t", "queue:q", transformer=InputTransformer('{"n": "is <n>"}', {"n": "$.detail.name"})),
            InvalidInput,
        ),
    ],
)
def test_what_eventbridge_would_refuse_or_read_differently_is_not_deployed(pattern, target, error) -> None:
    with pytest.raises(error):
        check_deployable(Rule(EVERY_TENANT, "rule", pattern, (target,)))
