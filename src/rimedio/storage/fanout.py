"""One list over several shards: the shards' pages merged in sort order, with one cursor."""

import heapq
from collections.abc import Sequence
from dataclasses import replace

from rimedio.domain.errors import InvalidInput
from rimedio.storage import cursor as cursors
from rimedio.storage.table import Page, Query, SortAbove, SortBelow, SortBetween, Table
from rimedio.storage.values import Item


def query_shards(table: Table, queries: Sequence[Query]) -> Page:
    """The merged page of queries that differ in their partition only; limit and cursor are the first one's.

    Every shard is read for up to `limit` items, so the cost is that of the number of shards. Sort keys must
    be unique across shards (they end in an id). The sort condition may be absent or `SortBetween`.
    """
    first = queries[0]
    if len(queries) == 1:
        return table.query(first)
    attribute = "sk" if first.index is None else first.index.attributes[1]
    partitions = [query.partition for query in queries]
    binding = repr((partitions, first.index and first.index.value, first.sort, first.reverse))
    start = None if first.cursor is None else cursors.unseal(first.cursor, binding, 1)[0]
    pages = table.query_many([_from(query, start) for query in queries])

    def sort_key(item: Item) -> str:
        return str(item[attribute])

    merged = heapq.merge(*(page.items for page in pages), key=sort_key, reverse=first.reverse)
    items = [item for item in merged if start is None or sort_key(item) != start]
    more = len(items) > first.limit or any(page.cursor is not None for page in pages)
    shown = tuple(items[: first.limit])
    return Page(shown, cursors.seal((sort_key(shown[-1]),), binding) if more and shown else None)


def _from(query: Query, start: str | None) -> Query:
    """The shard's query from `start` on; one more than the limit, since `start` itself may come again."""
    wider = replace(query, cursor=None, limit=query.limit + 1)
    if start is None:
        return wider
    match query.sort:
        case None:
            return replace(wider, sort=SortBelow(start) if query.reverse else SortAbove(start))
        case SortBetween(low, high):
            sort = SortBetween(low, start) if query.reverse else SortBetween(start, high)
            return replace(wider, sort=sort)
        case _:
            msg = f"A list over several shards takes no {type(query.sort).__name__}. Use SortBetween."
            raise InvalidInput(msg)
