"""Whether documents, chunks and vectors on OpenSearch agree."""

from collections.abc import Iterator, Sequence

from rimedio.knowledge.index.opensearch_client import Json, OpenSearchClient
from rimedio.knowledge.index.opensearch_places import Places
from rimedio.knowledge.index.opensearch_queries import CHUNK
from rimedio.knowledge.index.opensearch_reader import PAGE_SIZE, scan

AGAIN = "Ingest the documents again."
BUCKETS = 1_000


def verify(client: OpenSearchClient, places: Places, hidden: Sequence[Json]) -> Sequence[str]:
    """One sentence for each inconsistency; empty when there is none. `hidden`: what readers do not see."""
    client.call("refreshing", "POST", f"/{places.chunks},{places.vectors}/_refresh", seconds=60.0)
    return [*_editions(client, places, hidden), *_vectors(client, places)]


def _editions(client: OpenSearchClient, places: Places, hidden: Sequence[Json]) -> Iterator[str]:
    """A document is whole when it has one edition, with as many chunks as its page says."""
    seen: dict[tuple[str, str], int] = {}
    for bucket in _buckets(client, places.chunks, hidden):
        key, counted = bucket["key"], bucket["chunks"]["doc_count"]
        named = f"{key['document_id']} of {key['tenant']}"
        pages = bucket["doc_count"] - counted
        if pages != 1:
            yield f"{counted} chunks stand without a document, once {named}. {AGAIN}"
        elif counted != int(bucket["expected"]["value"]):
            yield f"The document {named} has {counted} of {bucket['expected']['value']:.0f} chunks. {AGAIN}"
        place = key["tenant"], key["document_id"]
        seen[place] = seen.get(place, 0) + 1
        if seen[place] == 2:
            yield f"The document {named} is there in two editions. {AGAIN}"


def _buckets(client: OpenSearchClient, index: str, hidden: Sequence[Json]) -> Iterator[Json]:
    after: Json | None = None
    fields = ("tenant", "document_id", "edition")
    while True:
        composite: Json = {"size": BUCKETS, "sources": [{f: {"terms": {"field": f}}} for f in fields]}
        if after:
            composite["after"] = after
        inside: Json = {
            "chunks": {"filter": {"term": {"kind": CHUNK}}},
            "expected": {"sum": {"field": "chunk_count"}},
        }
        body: Json = {
            "size": 0,
            "query": {"bool": {"must_not": list(hidden)}},
            "aggs": {"editions": {"composite": composite, "aggs": inside}},
        }
        found = client.search("verifying documents", index, body)["aggregations"]["editions"]
        yield from found["buckets"]
        after = found.get("after_key")
        if len(found["buckets"]) < BUCKETS:
            return


def _vectors(client: OpenSearchClient, places: Places) -> Iterator[str]:
    orphans = 0
    lengths: dict[str, set[int]] = {}
    page: list[str] = []
    hits = scan(
        client, places.vectors, {"must": [{"match_all": {}}]},
        doing="verifying vectors", sort=["text_hash", "model"], fields=["text_hash", "model", "dimensions"],
    )  # fmt: skip
    for hit in hits:
        source = hit["_source"]
        lengths.setdefault(source["model"], set()).add(int(source["dimensions"]))
        page.append(source["text_hash"])
        if len(page) == PAGE_SIZE:
            orphans += _without_chunk(client, places.chunks, page)
            page = []
    orphans += _without_chunk(client, places.chunks, page)
    if orphans:
        yield f"The index holds {orphans} vectors of texts that are gone. {AGAIN}"
    for model, found in lengths.items():
        if len(found) > 1:
            yield f"Vectors of {model} differ in length ({min(found)} to {max(found)} numbers). {AGAIN}"


def _without_chunk(client: OpenSearchClient, index: str, hashes: Sequence[str]) -> int:
    wanted = list(dict.fromkeys(hashes))
    if not wanted:
        return 0
    counted: Json = {"terms": {"field": "text_hash", "size": len(wanted)}}
    body: Json = {
        "size": 0,
        "query": {"terms": {"text_hash": wanted}},
        "aggs": {"hashes": counted},
    }
    found = client.search("verifying vectors", index, body)["aggregations"]["hashes"]["buckets"]
    return len(wanted) - len(found)
