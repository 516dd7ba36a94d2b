"""One list over several shards, however unevenly the items lie in them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import InvalidInput
from rimedio.domain.ticket import Asset, Customer, Status, Ticket
from rimedio.storage.database import Database
from rimedio.storage.fanout import query_shards
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.table import Query, SortBeginsWith, SortBetween
from rimedio.storage.tickets import TicketPage, TicketStore

STEADY = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

sorts = st.none() | st.builds(
    lambda low, high: SortBetween(f"{low:02d}", f"{high:02d}"), st.integers(0, 4), st.integers(4, 30)
)


@STEADY
@given(st.lists(st.integers(0, 2), max_size=25), sorts, st.booleans(), st.integers(1, 6))
def test_pages_together_are_the_merged_list(shards: list[int], sort, reverse: bool, limit: int) -> None:
    table = SqliteTable(Database(None), FakeClock())
    for number, shard in enumerate(shards):
        table.put({"pk": f"s{shard}", "sk": f"{number:02d}"})
    wanted = [
        f"{number:02d}"
        for number in range(len(shards))
        if sort is None or sort.low <= f"{number:02d}" <= sort.high
    ]
    queries = [Query(f"s{shard}", sort, reverse=reverse, limit=limit) for shard in range(3)]
    seen: list[str] = []
    while True:
        page = query_shards(table, queries)
        seen += [str(item["sk"]) for item in page.items]
        if page.cursor is None:
            break
        assert len(page.items) == limit
        queries = [replace(query, cursor=page.cursor) for query in queries]
    assert seen == (wanted[::-1] if reverse else wanted)


def test_a_cursor_of_other_shards_is_refused() -> None:
    table = SqliteTable(Database(None), FakeClock())
    for number in range(4):
        table.put({"pk": f"s{number % 2}", "sk": str(number)})
    two = [Query("s0", limit=1), Query("s1", limit=1)]
    cursor = query_shards(table, two).cursor
    three = [replace(query, cursor=cursor) for query in (*two, Query("s2", limit=1))]
    with pytest.raises(InvalidInput, match="cursor"):
        query_shards(table, three)


def test_a_sort_that_cannot_go_on_is_refused_in_words() -> None:
    table = SqliteTable(Database(None), FakeClock())
    for number in range(4):
        table.put({"pk": f"s{number % 2}", "sk": f"a{number}"})
    queries = [Query(f"s{shard}", SortBeginsWith("a"), limit=1) for shard in range(2)]
    cursor = query_shards(table, queries).cursor
    with pytest.raises(InvalidInput, match="SortBetween"):
        query_shards(table, [replace(query, cursor=cursor) for query in queries])


STATUSES = (Status.NEW, Status.PROCESSING)


@settings(STEADY, max_examples=30)
@given(
    st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(0, 20)), max_size=15, unique_by=lambda pair: pair[0]
    ),
    st.integers(2, 7),
    st.integers(1, 4),
    st.booleans(),
)
def test_a_spread_list_reads_like_one_partition(
    tickets: list[tuple[int, int]], shards: int, limit: int, newest_first: bool
) -> None:
    """Writes spread by hash, reads gathered: by status and by time, page by page, as without shards."""
    spread, whole = (_lists(tickets, count, limit, newest_first) for count in (shards, 1))
    assert spread == whole
    assert sum(len(found) for found in whole[:2]) == len(tickets) == len(whole[2])


def _lists(tickets: list[tuple[int, int]], shards: int, limit: int, newest_first: bool) -> list[list[str]]:
    """The ids in every list of tickets, read page by page."""
    store = TicketStore(SqliteTable(Database(None), FakeClock()), FakeClock(), SeededIds(), shards=shards)
    for number, minute in tickets:
        store.create(ticket := _ticket(number, minute))
        if number % 2:
            store.save(ticket.moved_to(Status.PROCESSING, ticket.updated_at))
    order = {"limit": limit, "newest_first": newest_first}
    by_status = [
        _walk(lambda cursor, status=status: store.list_by_status("acme", status, cursor=cursor, **order))
        for status in STATUSES
    ]
    return [*by_status, _walk(lambda cursor: store.list_all("acme", cursor=cursor, **order))]


def _ticket(number: int, minute: int) -> Ticket:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    return Ticket(
        ticket_id=f"tkt_00000000-0000-4000-8000-{number:012d}",
        tenant_id="acme",
        customer=Customer(id="c", name="C"),
        asset=Asset(product_type="EV_CHARGER", model="XC-200", serial="1"),
        symptom_text="It stops after five minutes.",
        created_at=at,
        updated_at=at,
    )


def _walk(read: Callable[[str | None], TicketPage]) -> list[str]:
    found, cursor = [], None
    while True:
        page = read(cursor)
        found += [ticket.ticket_id for ticket in page.tickets]
        cursor = page.cursor
        if cursor is None:
            return found
