"""Searches that fetch: page by page through what a query finds, and hits out of replies."""

from collections.abc import Callable, Iterator, Sequence

from rimedio.knowledge.index.opensearch_client import Json, OpenSearchClient
from rimedio.knowledge.index.port import Hit

PAGE_SIZE = 500
HITS_MAX = 10_000  # the server's own limit of one reply


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
