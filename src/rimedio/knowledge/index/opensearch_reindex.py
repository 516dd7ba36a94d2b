"""A new index of chunks while the old one answers: other graphs, shards or analyzers without a pause.

1. Make the new index and say so in the control record: from now on writers write both.
2. Copy the old index, page by page; the record keeps how far.
3. Catch up: compare both edition by edition, copy what lacks, delete what is too much, fill in vectors.
4. Move the alias, one change of the cluster's state; then the record: writers write the new index alone.
5. Delete the old index when nobody can be using it any more.

Every step can be done twice, so a process that dies is followed by one that goes on. Copies keep their ids, and an
edition never changes, so it does not matter who of writer and copier comes first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rimedio.domain.clock import Clock
from rimedio.domain.errors import StorageFailed
from rimedio.knowledge.index.opensearch_bulk import Action, BulkWriter
from rimedio.knowledge.index.opensearch_client import Json, OpenSearchClient
from rimedio.knowledge.index.opensearch_mapping import OpenSearchOptions, vector_field
from rimedio.knowledge.index.opensearch_places import Control, Places
from rimedio.knowledge.index.opensearch_queries import CHUNK
from rimedio.knowledge.index.opensearch_reader import PAGE_SIZE
from rimedio.knowledge.index.opensearch_writer import KnowledgeWriter

ROUNDS = 10  # of catching up; each copies what was written during the one before
BUCKETS = 1_000
CONFLICT, GONE = 409, 404
SORT: Sequence[Json] = [{"number": "asc"}, {"edition": "asc"}]


class Reindex:
    """Builds the next index of a prefix, as `options` say, and makes it the one that answers."""

    def __init__(
        self, client: OpenSearchClient, prefix: str, clock: Clock, options: OpenSearchOptions
    ) -> None:
        self._client = client
        self._clock = clock
        self._options = options
        self._places = Places(client, prefix, clock, options)
        self._writer = KnowledgeWriter(client, self._places, clock, options)
        self._bulk = BulkWriter(client)

    def run(self) -> str:
        """Do all of it, or the rest of what was begun; the name of the index that answers now.

        Raises Throttled, Unavailable, and StorageFailed when both indexes cannot be brought to agree; readers
        then go on with the old one, and the next run goes on from here.
        """
        self.clean()
        control = self._begun()
        new = control.building or ""
        self._copy(control)
        self._catch_up(control.current, new)
        self._places.swap(control.current, new)
        old, now = control.current, self._clock.now().timestamp()
        self._places.move(
            lambda c: replace(c, current=new, building=None, cursor=None, old={**c.old, old: now})
        )
        return new

    def clean(self) -> int:
        """Delete indexes that were replaced longer ago than a writer may still have them in mind; how many."""
        control = self._places.ensure()
        before = self._clock.now().timestamp() - self._options.grace_seconds
        gone = [name for name, at in control.old.items() if at <= before and name not in control.targets]
        for name in gone:
            self._places.drop(name)
        if gone:
            self._places.move(lambda c: replace(c, old={n: a for n, a in c.old.items() if n not in gone}))
        return len(gone)

    def _begun(self) -> Control:
        control = self._places.ensure()
        if control.building is None:
            name = self._places.following(control.current)
            self._places.drop(name)  # what a run left that died before it said anything
            self._places.make(name, control.models)
            control = self._places.move(lambda c: replace(c, building=c.building or name, cursor=None))
        self._places.add_fields(control.building or "", control.models)  # one may have come in between
        return control

    def _copy(self, control: Control) -> None:
        after = control.cursor
        while True:
            body: Json = {"query": {"match_all": {}}} | ({"search_after": list(after)} if after else {})
            hits = self._page(control.current, body)
            self._put(control.building or "", hits)
            if len(hits) < PAGE_SIZE:
                return
            after = (int(hits[-1]["sort"][0]), str(hits[-1]["sort"][1]))
            self._places.move(lambda c, at=after: replace(c, cursor=at))  # type: ignore[misc]

    def _catch_up(self, old: str, new: str) -> None:
        for _ in range(ROUNDS):
            path = f"/{old},{new}/_refresh"
            self._client.call("refreshing", "POST", path, seconds=60.0)
            there, copied = dict(self._editions(old)), dict(self._editions(new))
            lacking = [edition for edition, count in there.items() if copied.get(edition, 0) < count]
            surplus = [edition for edition in copied if edition not in there]
            for edition in lacking:
                self._copy_edition(old, new, edition)
            for start in range(0, len(surplus), BUCKETS):
                query: Json = {"filter": [{"terms": {"edition": surplus[start : start + BUCKETS]}}]}
                self._writer.delete(new, query)
            filled = self._fill_vectors(old, new)
            if not lacking and not surplus and not filled:
                return
        msg = f"{new} does not catch up with {old}: more is written than copied. Run the reindex at a quieter time."
        raise StorageFailed(msg)

    def _editions(self, index: str) -> Iterator[tuple[str, int]]:
        """(edition, documents) of everything in an index, hidden or not."""
        after: Json | None = None
        while True:
            composite: Json = {"size": BUCKETS, "sources": [{"edition": {"terms": {"field": "edition"}}}]}
            if after:
                composite["after"] = after
            body: Json = {"size": 0, "aggs": {"editions": {"composite": composite}}}
            found = self._client.search("comparing indexes", index, body)["aggregations"]["editions"]
            for bucket in found["buckets"]:
                yield bucket["key"]["edition"], int(bucket["doc_count"])
            after = found.get("after_key")
            if len(found["buckets"]) < BUCKETS:
                return

    def _copy_edition(self, old: str, new: str, edition: str) -> None:
        after: Sequence[object] | None = None
        while True:
            body: Json = {"query": {"term": {"edition": edition}}}
            if after:
                body["search_after"] = after
            hits = self._page(old, body)
            self._put(new, hits)
            if len(hits) < PAGE_SIZE:
                return
            after = hits[-1]["sort"]

    def _fill_vectors(self, old: str, new: str) -> int:
        """Give chunks of the new index the vectors that arrived while it was copied; how many."""
        control = self._places.ensure()
        filled = 0
        for model in control.models:
            field = vector_field(model)
            missing: Json = {
                "filter": [{"term": {"kind": CHUNK}}],
                "must_not": [{"exists": {"field": field}}],
            }
            body: Json = {"query": {"bool": missing}, "_source": ["text_hash"]}
            hits = self._page(new, body)
            while hits:
                truth = self._writer.stored(model, [hit["_source"]["text_hash"] for hit in hits])
                actions = [
                    Action("update", new, hit["_id"], {field: truth[key]}, hit.get("_routing"))
                    for hit in hits
                    if (key := hit["_source"]["text_hash"]) in truth
                ]
                self._bulk.write("filling in vectors", actions, ignore=[GONE], refresh=True)
                filled += len(actions)
                hits = self._page(new, body | {"search_after": hits[-1]["sort"]})
        return filled

    def _page(self, index: str, body: Json) -> list[Json]:
        whole: Json = {"size": PAGE_SIZE, "sort": SORT, "track_total_hits": False, **body}
        hits: list[Json] = self._client.search("copying chunks", index, whole)["hits"]["hits"]
        return hits

    def _put(self, index: str, hits: Sequence[Json]) -> None:
        actions = [Action("create", index, h["_id"], h["_source"], h.get("_routing")) for h in hits]
        self._bulk.write("copying chunks", actions, ignore=[CONFLICT])
