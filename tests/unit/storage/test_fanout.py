"""One list over several shards, however unevenly the items lie in them."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import InvalidInput
from rimedio.storage.database import Database
from rimedio.storage.fanout import query_shards
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.table import Query, SortBeginsWith, SortBetween

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
