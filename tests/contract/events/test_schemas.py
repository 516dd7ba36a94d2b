"""What every schema registry must do."""

from dataclasses import replace

import pytest

from rimedio.domain.errors import InvalidInput, NotFound
from rimedio.events.schemas import SchemaChange, SchemaRegistry

AT_HOME = pytest.mark.parametrize("home", ["sqlite-memory", "sqlite-file"], indirect=True)
NAME = "rimedio.tickets@TicketOpened"


@pytest.fixture
def registry(home) -> SchemaRegistry:
    return home.make_schemas()


def see(home, registry: SchemaRegistry, name: str, tenant: str = "acme", **detail: object):
    event = home.event(name, tenant, **detail)
    home.bus.put_events((event,))
    home.discover(registry, event)
    return event


def test_a_schema_is_found_out_from_the_first_event_of_its_kind(home, registry) -> None:
    event = see(home, registry, "1", priority="P1")
    (summary,) = registry.schemas("acme")
    assert (summary.name, summary.version, summary.change) == (NAME, 1, SchemaChange.FIRST)
    content = registry.schema("acme", NAME).content
    assert content["$schema"].endswith("draft-04/schema#")
    assert content["x-amazon-events-source"] == "rimedio.tickets"
    assert content["properties"]["detail"]["properties"]["priority"] == {"type": "string"}
    registry.validate(event)


def test_events_of_a_known_shape_make_no_new_version(home, registry) -> None:
    for n in range(3):
        see(home, registry, str(n), priority="P1")
    assert not home.discover(registry, home.event("4", priority="P2"))
    assert len(registry.versions("acme", NAME)) == 1


def test_a_new_shape_is_a_new_version_that_says_what_it_changes(home, registry) -> None:
    old = see(home, registry, "1", priority="P1")
    see(home, registry, "2", priority="P1", code="E029")
    see(home, registry, "3", code="E029")
    third, second, _ = registry.versions("acme", NAME)
    assert (second.version, second.change) == (2, SchemaChange.COMPATIBLE)
    assert second.notes == ("$.detail.code is new",)
    assert (third.version, third.change) == (3, SchemaChange.BREAKING)
    assert third.notes == ("$.detail.priority may now be missing",)
    registry.validate(old)
    assert registry.schema("acme", NAME, 1).version == 1


def test_an_event_that_does_not_fit_is_told_where(home, registry) -> None:
    event = see(home, registry, "1", priority="P1")
    with pytest.raises(InvalidInput, match=r"priority"):
        registry.validate(replace(event, detail={**event.detail, "priority": 1}))
    with pytest.raises(NotFound):
        registry.validate(replace(event, detail_type="Nothing"))
    with pytest.raises(NotFound):
        registry.schema("acme", NAME, 9)


def test_schemas_belong_to_a_tenant(home, registry) -> None:
    see(home, registry, "1", tenant="acme")
    assert registry.schemas("other") == ()
    with pytest.raises(NotFound):
        registry.versions("other", NAME)


@AT_HOME
def test_versions_are_bounded(home, registry) -> None:
    for n in range(60):
        see(home, registry, str(n), **{f"k{n}": n})
    kept = registry.versions("acme", NAME)
    assert len(kept) == 50
    assert kept[0].version > 50
