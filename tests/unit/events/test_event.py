"""The envelope is EventBridge's, and an id says which happening it is."""

from datetime import UTC, datetime

import pytest

from rimedio.domain.errors import InvalidInput
from rimedio.events.event import Event, check_event, event_from, event_id, new_event

AT = datetime(2026, 1, 31, 8, 30, 15, 123456, tzinfo=UTC)


def make(**changes):
    given = {"source": "rimedio.tickets", "detail_type": "TicketOpened", "tenant_id": "acme", "time": AT}
    return new_event(event_id("a"), **(given | {"detail": {"ticket_id": "tkt_1"}} | changes))


def test_the_envelope_has_exactly_the_fields_of_eventbridge() -> None:
    envelope = make(resources=("ticket/tkt_1",)).envelope()
    assert envelope == {
        "version": "0",
        "id": event_id("a"),
        "detail-type": "TicketOpened",
        "source": "rimedio.tickets",
        "account": "acme",
        "time": "2026-01-31T08:30:15Z",
        "region": "local",
        "resources": ["ticket/tkt_1"],
        "detail": {"ticket_id": "tkt_1", "metadata": {"event_id": event_id("a"), "tenant_id": "acme"}},
    }


def test_only_a_replayed_event_names_its_replay() -> None:
    event = make()
    assert "replay-name" not in event.envelope()
    assert event.replayed("again").envelope()["replay-name"] == "again"
    assert event.replayed("again").id == event.id


def test_an_envelope_is_read_back() -> None:
    event = make().replayed("again")
    assert event_from(event.envelope()).envelope() == event.envelope()


def test_equal_parts_make_equal_ids_and_neighbouring_parts_do_not_run_together() -> None:
    assert event_id("t", 1) == event_id("t", 1)
    assert event_id("t", "1a") != event_id("t1", "a")


@pytest.mark.parametrize("missing", ["id", "source", "detail-type", "account", "time", "detail"])
def test_an_envelope_without_a_field_is_refused_by_its_name(missing: str) -> None:
    envelope = make().envelope()
    del envelope[missing]
    with pytest.raises(InvalidInput, match=missing):
        event_from(envelope)


@pytest.mark.parametrize(
    "changes",
    [{"source": ""}, {"detail_type": "x" * 129}, {"detail": {"text": "x" * 300_000}}, {"tenant_id": ""}],
)
def test_what_putevents_would_refuse_is_refused(changes: dict) -> None:
    with pytest.raises(InvalidInput):
        check_event(make(**changes))


def test_a_detail_that_is_no_json_is_refused() -> None:
    with pytest.raises(InvalidInput, match="JSON"):
        check_event(Event("i", "s", "d", "acme", AT, {"x": object()}))
