"""Waits grow, targets are found by their address, workflows start under the name of their event."""

import random
from datetime import UTC, datetime

import pytest

from rimedio.domain.errors import NotFound
from rimedio.events.backoff import ExponentialBackoff, SteppedBackoff
from rimedio.events.bus import Target
from rimedio.events.dispatch import Delivery, TargetRegistry, is_transformed, rule_arn, workflow_target
from rimedio.events.event import event_id, new_event
from rimedio.events.transformer import InputTransformer

EVENT = new_event(
    event_id("one"),
    source="rimedio.tickets",
    detail_type="TicketOpened",
    tenant_id="acme",
    time=datetime(2026, 1, 31, 8, 30, tzinfo=UTC),
    detail={"ticket_id": "tkt_1"},
)


def delivery(name: str, replay: str | None = None) -> Delivery:
    event = EVENT if replay is None else EVENT.replayed(replay)
    return Delivery(event, {"ticket_id": "tkt_1", "tenant_id": "other"}, "rule", name, "acme", 1)


def test_exponential_waits_double_up_to_a_limit_and_half_of_each_is_chance() -> None:
    waits = ExponentialBackoff(2.0, 100.0, random.Random(1))
    for failed, whole in ((1, 2), (2, 4), (3, 8), (10, 100), (185, 100)):
        found = [waits(failed) for _ in range(200)]
        assert whole / 2 <= min(found) < max(found) <= whole
        assert max(found) - min(found) > whole / 4


def test_stepped_waits_follow_their_steps_and_stay_at_the_last() -> None:
    waits = SteppedBackoff((5, 300), random.Random(1))
    for failed, step in ((1, 5), (2, 300), (9, 300)):
        assert all(step * 0.8 <= waits(failed) <= step * 1.2 for _ in range(100))


def test_a_target_is_found_by_its_address() -> None:
    seen: list[object] = []
    registry = TargetRegistry(handlers={"mine": seen.append})
    registry.deliver("handler", delivery("mine"))
    assert seen == [EVENT]
    assert registry.knows("handler", "mine")
    assert not registry.knows("handler", "other")
    for scheme, name in (("handler", "other"), ("pigeon", "post")):
        with pytest.raises(NotFound):
            registry.deliver(scheme, delivery(name))


def test_a_workflow_starts_for_the_events_own_tenant_under_the_events_name() -> None:
    started: list[tuple[object, ...]] = []
    start = workflow_target({"ticket": lambda *given: started.append(given)})
    start(delivery("ticket"))
    start(delivery("ticket", replay="again"))
    assert [(tenant, name) for tenant, _, name in started] == [
        ("acme", EVENT.id),
        ("acme", f"{EVENT.id}-again"),
    ]
    with pytest.raises(NotFound):
        start(delivery("nothing"))


def test_only_a_target_with_input_settings_changes_what_it_gets() -> None:
    assert not is_transformed(Target("t", "log:"))
    assert is_transformed(Target("t", "log:", input={}))
    assert is_transformed(Target("t", "log:", input_path="$.detail"))
    assert is_transformed(Target("t", "log:", transformer=InputTransformer("x")))


def test_a_rule_has_a_name_in_the_shape_of_an_arn() -> None:
    assert rule_arn("acme", "night") == "arn:rimedio:events:local:acme:rule/night"
