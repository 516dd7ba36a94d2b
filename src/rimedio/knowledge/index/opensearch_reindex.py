"""A new index of chunks while the old one answers: other graphs, shards or analyzers without a pause.

1. Make the new index and say so in the control record: from now on writers write both, and no second run begins.
2. Copy the old index, page by page; the record keeps how far.
3. Catch up: compare both edition by edition, copy what lacks, delete what is too much, fill in vectors.
4. Move the alias, one change of the cluster's state; then the record: writers write the new index alone.
5. Delete the old index when nobody can be using it any more.

Every step can be done twice, so a process that dies is followed by one that goes on, once its lease is over. Copies
keep their ids, and an edition never changes, so it does not matter who of writer and copier comes first. But of two
runs the quicker would be undone by the slower: what was loaded after the alias moved is "too much" in its eyes. So
a run holds a lease in the record, and each of its steps begins by making sure of it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from rimedio.domain.clock import Clock, Ids, RandomIds
from rimedio.domain.errors import Conflict, RimedioError, StorageFailed, Throttled
from rimedio.knowledge.index.opensearch_bulk import Action, BulkWriter
from rimedio.knowledge.index.opensearch_client import Json, OpenSearchClient
from rimedio.knowledge.index.opensearch_mapping import OpenSearchOptions, vector_field
from rimedio.knowledge.index.opensearch_places import Control, Places
from rimedio.knowledge.index.opensearch_queries import CHUNK
from rimedio.knowledge.index.opensearch_reader import PAGE_SIZE
from rimedio.knowledge.index.opensearch_writer import KnowledgeWriter

ROUNDS = 10  # of catching up; each copies what was written during the one before
BUCKETS = 1_000
LEASE_SECONDS = 600.0  # no step takes as long, its repetitions included
CONFLICT, GONE = 409, 404
SORT: Sequence[Json] = [{"number": "asc"}, {"edition": "asc"}]


class Reindex:
    """Builds the next index of a prefix, as `options` say, and makes it the one that answers."""

    def __init__(
        self,
        client: OpenSearchClient,
        prefix: str,
        clock: Clock,
        options: OpenSearchOptions,
        ids: Ids | None = None,
    ) -> None:
        self._client = client
        self._name = (ids or RandomIds()).new("run")
        self._clock = clock
        self._options = options
        self._places = Places(client, prefix, clock, options)
        self._writer = KnowledgeWriter(client, self._places, clock, options, ids)
        self._bulk = BulkWriter(client)

    def run(self) -> str:
        """Do all of it, or the rest of what was begun; the name of the index that answers now.

        Raises Throttled (also while another run builds), Unavailable, Conflict when it was taken for dead and
        another run went on, and StorageFailed when both indexes cannot be brought to agree; readers then go on with
        the old one, and the next run goes on from here.
        """
        self.clean()
        self._places.move(self._leased)
        try:
            return self._built()
        except BaseException:
            with suppress(RimedioError):  # else the lease ends by itself
                self._places.move(lambda c: replace(c, builder=None) if self._is_mine(c) else c)
            raise

    def clean(self) -> int:
        """Delete indexes that were replaced longer ago than a writer may still have them in mind; how many.

        Also those that a run made which died before it named them.
        """
        control = self._places.ensure()
        before = self._clock.now().timestamp() - self._options.grace_seconds
        gone = [name for name, at in control.old.items() if at <= before and name not in control.targets]
        unused = self._places.unused(control)
        for name in (*gone, *unused):
            self._places.drop(name)
        if gone:
            self._places.move(lambda c: replace(c, old={n: a for n, a in c.old.items() if n not in gone}))
        return len(gone) + len(unused)

    def _built(self) -> str:
        control = self._begun()
        new = control.building or ""
        self._copy(control)
        self._catch_up(control.current, new)
        self._moved(lambda c: c)
        self._places.swap(control.current, new)
        old, now = control.current, self._clock.now().timestamp()
        ended = replace(control, current=new, building=None, cursor=None, builder=None)
        self._moved(
            lambda c: replace(ended, models=c.models, old={**c.old, old: now}),
            ended=lambda c: c.current == new and c.building is None,
        )
        return new

    def _begun(self) -> Control:
        control = self._places.ensure()
        if control.building is not None:
            self._places.add_fields(control.building, control.models)
            return self._moved(lambda c: c)
        name = self._places.make(control)

        def named(current: Control) -> Control:
            self._places.add_fields(name, current.models)  # one may have come in between
            return replace(current, building=name, cursor=None)

        try:
            return self._moved(named)
        except Conflict:
            self._places.drop(name)  # nobody but this run knows of it
            raise

    def _leased(self, control: Control) -> Control:
        """The record of which this run is the builder. Raises Throttled while another one is."""
        now = self._clock.now().timestamp()
        left = control.builder[1] - now if control.builder else 0.0
        if left > 0 and not self._is_mine(control):
            msg = (
                f"Another run builds {control.building or 'an index'} already. Wait for its end; if it has died, "
                f"go on in {left:.0f} s, when its lease is over."
            )
            raise Throttled(msg)
        return replace(control, builder=(self._name, now + LEASE_SECONDS))

    def _moved(
        self, change: Callable[[Control], Control], ended: Callable[[Control], bool] = lambda _: False
    ) -> Control:
        """Change the record, and hold on to the lease. Raises Conflict when it was lost.

        `ended` says whether the record is what this run leaves: then only the answer was lost.
        """

        def mine(control: Control) -> Control:
            if ended(control):
                return control
            if not self._is_mine(control):
                msg = f"This run was silent for over {LEASE_SECONDS:.0f} s and another one has taken over. Look at it."
                raise Conflict(msg)
            held = replace(control, builder=(self._name, self._clock.now().timestamp() + LEASE_SECONDS))
            return change(held)

        return self._places.move(mine)

    def _is_mine(self, control: Control) -> bool:
        return control.builder is not None and control.builder[0] == self._name

    def _copy(self, control: Control) -> None:
        after = control.cursor
        while True:
            body: Json = {"query": {"match_all": {}}} | ({"search_after": list(after)} if after else {})
            hits = self._page(control.current, body)
            self._put(control.building or "", hits)
            if len(hits) < PAGE_SIZE:
                return
            after = (int(hits[-1]["sort"][0]), str(hits[-1]["sort"][1]))
            self._moved(lambda c, at=after: replace(c, cursor=at))  # type: ignore[misc]

    def _catch_up(self, old: str, new: str) -> None:
        for turn in range(1, ROUNDS + 1):
            self._refresh(f"{old},{new}")
            lacking, surplus = self._compared(old, new)
            for edition in lacking:
                self._moved(lambda c: c)
                self._copy_edition(old, new, edition)
            for start in range(0, len(surplus), BUCKETS):
                # After the comparison: it was made while the old index was whole, or this raises.
                self._moved(lambda c: c)
                query: Json = {"filter": [{"terms": {"edition": surplus[start : start + BUCKETS]}}]}
                self._writer.delete(new, query)
            filled = self._fill_vectors(old, new)
            if not lacking and not surplus and not filled:
                return
            self._client.pause(turn)
        msg = f"{new} does not catch up with {old}: more is written than copied. Run the reindex at a quieter time."
        raise StorageFailed(msg)

    def _compared(self, old: str, new: str) -> tuple[list[str], list[str]]:
        """Editions that the new index lacks or has in part, and those that it has too much.

        What is loaded between two looks stands in both indexes in the end: it is not taken for too much.
        """
        there, copied = dict(self._editions(old)), dict(self._editions(new))
        lacking = [edition for edition, count in there.items() if copied.get(edition, 0) < count]
        surplus = [edition for edition in copied if edition not in there]
        if surplus:
            self._refresh(old)
            there = dict(self._editions(old))
        return lacking, [edition for edition in surplus if edition not in there]

    def _refresh(self, indexes: str) -> None:
        self._client.call("refreshing", "POST", f"/{indexes}/_refresh", seconds=60.0)

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
