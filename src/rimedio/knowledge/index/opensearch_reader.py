"""Searches that fetch: page by page through what a query finds, and hits out of replies."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from rimedio.knowledge.index.opensearch_client import Json, OpenSearchClient
from rimedio.knowledge.index.port import Hit

T = TypeVar("T")
PAGE_SIZE = 500
RECENT_MAX = 2_000  # of each kind: about 30 MB of terms, 3 MB of vectors
HITS_MAX = 10_000  # the server's own limit of one reply


class Recent(Generic[T]):
    """The last things read of chunks, for the questions of one search that ask for them again.

    A key names the tenant's commits, so what was replaced is not found any more. Safe to use from many threads.
    """

    def __init__(self, most: int = RECENT_MAX) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, keys: Mapping[str, Hashable]) -> dict[str, T]:
        """What is kept, by name; `keys` gives the key of each name."""
        with self._lock:
            return {name: self._kept[key] for name, key in keys.items() if key in self._kept}

    def keep(self, keys: Mapping[str, Hashable], found: Mapping[str, T]) -> None:
        """Keep what was found, and let the oldest go."""
        with self._lock:
            for name, value in found.items():
                self._kept[keys[name]] = value
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


def scan(
    client: OpenSearchClient,
    index: str,
    query: Json,
    *,
    doing: str,
    sort: Sequence[str],
    fields: Sequence[str],
) -> Iterator[Json]:
    """Every hit of a query, in the order of `sort`, whose fields together are unique; `fields` of its source.

    Each page is asked for behind the last one's end, so a long list costs no more than its pages.
    """
    after: list[object] | None = None
    while True:
        body: Json = {
            "size": PAGE_SIZE,
            "query": {"bool": query},
            "_source": list(fields) or False,
            "sort": [{name: "asc"} for name in sort],
            "track_total_hits": False,
        }
        if after is not None:
            body["search_after"] = after
        hits: list[Json] = client.search(doing, index, body)["hits"]["hits"]
        yield from hits
        if len(hits) < PAGE_SIZE:
            return
        after = hits[-1]["sort"]


def hits_of(reply: Json, limit: int, score: Callable[[float], float] = float) -> list[Hit]:
    """The hits of a search, best first, equal scores in the order of storing, as the laptop has them."""
    found = []
    for hit in reply["hits"]["hits"]:
        fields = hit["fields"]
        [chunk_id], [document_id], [number] = (
            fields.get("chunk_id", [""]),
            fields["document_id"],
            fields["number"],
        )
        found.append((-score(float(hit["_score"])), int(number), str(chunk_id), str(document_id)))
    return [
        Hit(chunk_id, -negative, document_id) for negative, _, chunk_id, document_id in sorted(found)[:limit]
    ]
