"""The single-table design: every entity can be stored, every question is answered, no tenant sees another."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import InvalidInput
from rimedio.storage.database import Database
from rimedio.storage.keys import (
    ACCESS_PATTERNS,
    ENTITIES,
    EXAMPLE,
    TENANT,
    TENANTS,
    TICKET,
    AccessPattern,
    Entity,
    Template,
    shard_of,
    stamp,
)  # fmt: skip
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.table import Query, Table, key_of

STEADY = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture
def table() -> Table:
    """One example of every entity, for two tenants."""
    table = SqliteTable(Database(None), FakeClock())
    for tenant in ("acme", "other"):
        for entity in ENTITIES:
            table.put(entity.attributes(**(EXAMPLE | {"tenant": tenant})))
    return table


OF_ONE_TENANT = [pattern for pattern in ACCESS_PATTERNS if pattern is not TENANTS]


@pytest.mark.parametrize("pattern", OF_ONE_TENANT, ids=lambda pattern: pattern.name)
def test_every_access_pattern_finds_its_example_and_nothing_of_another_tenant(
    table: Table, pattern: AccessPattern
) -> None:
    parts = {name: EXAMPLE[name] for name in pattern.given}
    wanted = pattern.entity.attributes(**EXAMPLE)
    if pattern.reads_one:
        assert table.get(pattern.entity.key(**parts)) == wanted
    assert table.query(pattern.query(**parts)).items == (wanted,)


def test_the_list_of_tenants_is_the_one_question_across_them(table: Table) -> None:
    assert [item["sk"] for item in table.query(TENANTS.query()).items] == ["acme", "other"]


@pytest.mark.parametrize("entity", [e for e in ENTITIES if e is not TENANT], ids=lambda entity: entity.name)
def test_every_partition_key_starts_with_the_tenant(entity: Entity) -> None:
    for templates in (entity.table, entity.gsi1, entity.gsi2):
        assert templates is None or templates[0].startswith("T#{tenant}#")


def test_every_entity_has_its_own_keys() -> None:
    keys = [key_of(entity.attributes(**EXAMPLE)) for entity in ENTITIES]
    assert len(set(keys)) == len(keys)
    assert len({entity.name for entity in ENTITIES}) == len(ENTITIES)


def test_every_entity_is_asked_for_by_some_pattern_or_rides_along() -> None:
    asked = {pattern.entity for pattern in ACCESS_PATTERNS}
    assert set(ENTITIES) == asked


def test_every_pattern_is_named_once_and_documents_its_key_condition() -> None:
    assert len({pattern.name for pattern in ACCESS_PATTERNS}) == len(ACCESS_PATTERNS)
    by_name = {pattern.name: pattern for pattern in ACCESS_PATTERNS}
    found = by_name["Tickets of a customer, by time"]
    assert found.key_condition == "gsi2pk = T#{tenant}#CUSTOMER#{customer} and begins_with(gsi2sk, TICKET#)"
    assert found.example == "T#acme#CUSTOMER#cus_42"
    assert by_name["A ticket by its id"].key_condition == "pk = T#{tenant}#TICKET#{ticket} and sk = META"


def test_a_part_cannot_reach_into_the_next_one() -> None:
    honest = TICKET.key(tenant="acme", ticket="1")
    forged = TICKET.key(tenant="acme#TICKET#1", ticket="x")
    assert not forged.pk.startswith(honest.pk)
    assert TICKET.key(tenant="a#TICKET#b", ticket="c") != TICKET.key(tenant="a", ticket="b#TICKET#c")


@STEADY
@given(st.lists(st.text(min_size=1, max_size=400), min_size=4, max_size=4))
def test_different_parts_make_different_keys_that_fit(parts: list[str]) -> None:
    template = Template("T#{a}#X#{b}")
    one = template.fill({"a": parts[0], "b": parts[1]})
    two = template.fill({"a": parts[2], "b": parts[3]})
    assert (one == two) == (parts[:2] == parts[2:])
    assert len(one.encode()) <= 1024


def test_a_missing_part_is_refused_by_name() -> None:
    for ticket in (None, ""):
        with pytest.raises(InvalidInput, match="`ticket`"):
            TICKET.key(tenant="acme", ticket=ticket)


def test_an_index_whose_part_is_none_is_left_out() -> None:
    found = TICKET.attributes(**(EXAMPLE | {"customer": None}))
    assert "gsi1pk" in found
    assert "gsi2pk" not in found


@STEADY
@given(st.datetimes(timezones=st.timezones()), st.datetimes(timezones=st.timezones()))
def test_stamps_are_in_the_order_of_time(one, two) -> None:  # type: ignore[no-untyped-def]
    try:
        stamps = (stamp(one), stamp(two))
    except OverflowError:
        return  # the year 0 or 10000 in UTC
    assert (stamps[0] < stamps[1]) == (one < two)
    assert len(stamps[0]) == 27


def test_shards_are_stable_and_even() -> None:
    assert shard_of("tkt_1", 1) == 0
    assert shard_of("tkt_1", 10) == shard_of("tkt_1", 10)
    counts = [0] * 10
    for number in range(10_000):
        counts[shard_of(f"tkt_{number}", 10)] += 1
    assert min(counts) > 800
    assert max(counts) < 1200


def test_a_pattern_is_a_query_of_one_partition() -> None:
    pattern = next(p for p in ACCESS_PATTERNS if p.name == "Every solution of a ticket")
    query = pattern.query(tenant="acme", ticket="t", limit=7, reverse=True)
    assert isinstance(query, Query)
    assert (query.partition, query.limit, query.reverse) == ("T#acme#TICKET#t", 7, True)
