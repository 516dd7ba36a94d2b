"""Loads into OpenSearch: documents whole or not at all, vectors by text hash, and the sweeping up behind them.

A load goes: say so in the tenant's record (its chunks are hidden from now on), find the editions it replaces,
write in bulk, refresh, and move the record. A process that dies on the way leaves chunks that nobody sees; the
next loads take the batch for dead and sweep it up.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from rimedio.domain.clock import Clock, Ids, RandomIds
from rimedio.domain.errors import RimedioError, Throttled, Unavailable
from rimedio.domain.knowledge import Chunk, Document
from rimedio.knowledge.embedding.port import Vectors
from rimedio.knowledge.index.opensearch_bulk import Action, BulkWriter
from rimedio.knowledge.index.opensearch_client import Json, OpenSearchClient
from rimedio.knowledge.index.opensearch_documents import (
    Edition,
    Stored,
    packed,
    sources,
    unpacked,
)
from rimedio.knowledge.index.opensearch_mapping import OpenSearchOptions, vector_field
from rimedio.knowledge.index.opensearch_places import Control, Places
from rimedio.knowledge.index.opensearch_queries import PAGE, own
from rimedio.knowledge.index.opensearch_reader import PAGE_SIZE, scan
from rimedio.knowledge.index.opensearch_state import (
    NUMBERS_A_BATCH,
    TenantState,
    abandoned,
    batch_name,
    begun,
    committed,
    purged,
)

PATIENCE = 25  # tries to begin a load of a document that another writer is loading
CONFLICT, GONE = 409, 404
SWEEPS = 10
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document as it shall be from now on; without `document` it is forgotten."""

    document_id: str
    document: Document | None
    chunks: Sequence[Chunk] = ()


class KnowledgeWriter:
    """Writes chunks and vectors of all tenants."""

    def __init__(
        self,
        client: OpenSearchClient,
        places: Places,
        clock: Clock,
        options: OpenSearchOptions,
        ids: Ids | None = None,
    ) -> None:
        self._client = client
        self._ids = ids or RandomIds()
        self._places = places
        self._states = places.states
        self._clock = clock
        self._options = options
        self.bulk = BulkWriter(client)

    def load(self, tenant_id: str, documents: Sequence[Loaded]) -> int:
        """Replace or forget documents, all of them at one moment for readers; how many of them were there.

        Raises Throttled, Unavailable, Conflict (it took too long and was given up), StorageFailed; then
        readers still see everything as it was.
        """
        control = self._places.ensure()
        began, named = self._now(), [d.document_id for d in documents]
        state, sequence = self._begin(tenant_id, named)
        batch = batch_name(tenant_id, sequence)
        try:
            replaced = self._editions(state, named)
            self._write(control, _editions(sequence, batch, documents))
        except BaseException:
            with suppress(RimedioError):  # else it is taken for dead after a while
                self._states.change(tenant_id, lambda old: abandoned(old, batch))
            raise
        now = self._now()
        state = self._states.change(tenant_id, lambda old: committed(old, now, batch, replaced, began))
        if any(at <= now - self._options.grace_seconds for at in state.leaving.values()):
            try:
                self._purge(state)
            except RimedioError as error:  # the load is done; what could not be swept up stays hidden
                LOG.warning("Sweeping up after a load of %s failed: %s", tenant_id, error)
        return len(replaced)

    def store_vectors(self, model_id: str, vectors: Mapping[str, Vectors]) -> None:
        """Keep vectors by text hash; the first one of a text stays, texts gone meanwhile are skipped."""
        if not vectors:
            return
        dimensions = len(next(iter(vectors.values())))
        control = self._places.add_model(model_id, dimensions)
        holders = self._holders(list(vectors))
        wanted = {key: vector for key, vector in vectors.items() if key in holders}
        truth = self._keep(model_id, wanted)
        if self._spread({vector_field(model_id): truth}, holders, control):
            self._forget_vectors(
                control, list(wanted)
            )  # a text may have been swept up before its vector came

    def _spread(
        self,
        truth: Mapping[str, Mapping[str, Vectors]],
        holders: Mapping[str, Sequence[tuple[str, str | None]]],
        control: Control,
    ) -> bool:
        """Give chunks their vectors (by field and text) wherever they are; whether one of them was gone.

        Also in an index that began to answer, or whose building began, after this writer had looked.
        """
        done: set[str] = set()
        missed = False
        while left := [index for index in control.targets if index not in done]:
            actions = [
                Action("update", index, found, {field: vectors[key]}, routing)
                for field, vectors in truth.items()
                for key, places in holders.items()
                for found, routing in places
                for index in left
            ]
            report = self.bulk.write("storing vectors", actions, ignore=[GONE], refresh=True)
            missed = missed or bool(report.ignored)
            done.update(left)
            control = self._places.fresh()[0] or control
        return missed

    def purge(self, tenant_id: str) -> int:
        """Sweep up chunks that were replaced longer ago than readers remember, and dead loads; how many editions.

        Nothing is swept while a new index is being built: what is gone there could be copied back.
        """
        return self._purge(self._states.fresh(tenant_id))

    def stored(self, model_id: str, hashes: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of these texts that are kept."""
        found: dict[str, Vectors] = {}
        names = {_vector_id(model_id, key): key for key in hashes}
        ids = list(names)
        for start in range(0, len(ids), PAGE_SIZE):
            body: Json = {"ids": ids[start : start + PAGE_SIZE]}
            path = f"/{self._places.vectors}/_mget?_source_includes=vector"
            for item in self._client.documents("reading vectors", path, body):
                if item.get("found"):
                    found[names[item["_id"]]] = unpacked(item["_source"]["vector"])
        return found

    def _purge(self, state: TenantState) -> int:
        before = self._now() - self._options.grace_seconds
        editions = [edition for edition, at in state.leaving.items() if at <= before]
        dead = [batch for batch, load in state.arriving.items() if load.dead]
        control, _ = self._places.fresh()
        if (not editions and not dead) or control is None or control.building is not None:
            return 0
        gone: Json = {"should": [{"terms": {"edition": editions}}, {"terms": {"batch": dead}}]}
        query = {"filter": [{"term": {"tenant": state.tenant_id}}], "minimum_should_match": 1, **gone}
        hashes = self._hashes(query)
        swept: set[str] = set()
        while left := [index for index in control.targets if index not in swept]:
            for index in left:
                self.delete(index, query)
            swept.update(left)
            control = self._places.fresh()[0] or control  # a new index may have copied what was just deleted
        now = self._now()
        self._states.change(state.tenant_id, lambda old: purged(old, now, editions, dead))
        self._forget_vectors(control, hashes)
        return len(editions)

    def delete(self, index: str, query: Json) -> None:
        """Delete all that a query finds in one index; raises Unavailable while some of it is left."""
        # An index that another process deleted meanwhile holds nothing any more.
        path = f"/{index}/_delete_by_query?conflicts=proceed&refresh=true&ignore_unavailable=true"
        body: Json = {"query": {"bool": query}}
        for sweep in range(1, SWEEPS + 1):  # a vector stored meanwhile makes a conflict, and the chunk stays
            reply = self._client.call("sweeping up replaced chunks", "POST", path, body, seconds=120.0)
            if not reply.get("version_conflicts") and not reply.get("failures"):
                return
            self._client.pause(sweep)
        raise Unavailable(
            f"Not all replaced chunks could be deleted from {index}. They stay hidden; sweep later."
        )

    def _begin(self, tenant_id: str, documents: Sequence[str]) -> tuple[TenantState, int]:
        """The record with a load of these documents in it, and the load's number."""
        attempt, writer = 1, self._ids.new("load")
        while True:
            now = self._now()
            try:
                state = self._states.change(tenant_id, lambda old: begun(old, now, documents, writer))  # noqa: B023
                return state, state.sequence_of(writer)
            except Throttled:
                if attempt >= PATIENCE:
                    raise
            self._client.pause(attempt)
            attempt += 1

    def _editions(self, state: TenantState, documents: Sequence[str]) -> list[str]:
        """The editions that readers see of these documents now."""
        found: list[str] = []
        for start in range(0, len(documents), PAGE_SIZE):
            part = list(documents[start : start + PAGE_SIZE])
            query = own(state, PAGE, [{"terms": {"document_id": part}}])
            hits = scan(
                self._client, self._places.chunks, query,
                doing="finding documents to replace", sort=["number"], fields=["edition"],
            )  # fmt: skip
            found += [hit["_source"]["edition"] for hit in hits]
        return found

    def _write(self, control: Control, editions: Sequence[Edition]) -> None:
        """Write to every index that is being filled, also to one whose building began meanwhile."""
        if not editions:
            return
        vectors = self._known(control, editions)
        routing = self._options.routing
        written: set[str] = set()
        while left := [index for index in control.targets if index not in written]:
            actions = [
                Action("index", index, name, source, edition.document.tenant_id if routing else None)
                for edition in editions
                for name, source in sources(edition, vectors)
                for index in left
            ]
            self.bulk.write("loading documents", actions, refresh=True)
            written.update(left)
            control = self._places.fresh()[0] or control

    def _known(self, control: Control, editions: Sequence[Edition]) -> Stored:
        """Vectors that equal texts have already: they are never computed twice."""
        hashes = list(dict.fromkeys(chunk.text_hash for e in editions for chunk in e.chunks))
        return {model: self.stored(model, hashes) for model in control.models}

    def _holders(self, hashes: Sequence[str]) -> dict[str, list[tuple[str, str | None]]]:
        """(id, routing) of every chunk that has one of these texts, by text hash."""
        found: dict[str, list[tuple[str, str | None]]] = {}
        for start in range(0, len(hashes), PAGE_SIZE):
            query: Json = {"filter": [{"terms": {"text_hash": list(hashes[start : start + PAGE_SIZE])}}]}
            for hit in scan(
                self._client, self._places.chunks, query,
                doing="finding chunks by text", sort=["number", "edition"], fields=["text_hash"],
            ):  # fmt: skip
                found.setdefault(hit["_source"]["text_hash"], []).append((hit["_id"], hit.get("_routing")))
        return found

    def _keep(self, model_id: str, vectors: Mapping[str, Vectors]) -> Mapping[str, Vectors]:
        """Store vectors that are new; what stands for each text from now on."""
        actions = [
            Action("create", self._places.vectors, _vector_id(model_id, key), _vector(model_id, key, vector))
            for key, vector in vectors.items()
        ]
        report = self.bulk.write("keeping vectors", actions, ignore=[CONFLICT], refresh=True)
        present = {action.id for action in report.ignored}
        there = [key for key in vectors if _vector_id(model_id, key) in present]
        return {**vectors, **self.stored(model_id, there)}

    def _hashes(self, query: Json) -> list[str]:
        hits = scan(
            self._client, self._places.chunks, query,
            doing="finding chunks to sweep up", sort=["number", "edition"], fields=["text_hash"],
        )  # fmt: skip
        return list(dict.fromkeys(h["_source"]["text_hash"] for h in hits if "text_hash" in h["_source"]))

    def _forget_vectors(self, control: Control, hashes: Sequence[str]) -> None:
        """Delete the vectors of texts that no chunk has any more."""
        held = self._holders(hashes)
        unused = [key for key in hashes if key not in held]
        actions = [
            Action("delete", self._places.vectors, _vector_id(model, key))
            for key in unused
            for model in control.models
        ]
        self.bulk.write("forgetting vectors", actions, ignore=[GONE], refresh=True)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _editions(sequence: int, batch: str, documents: Sequence[Loaded]) -> list[Edition]:
    found = []
    first = sequence * NUMBERS_A_BATCH
    for place, loaded in enumerate(documents):
        if loaded.document is None:
            continue
        found.append(Edition(f"{batch}.{place}", batch, loaded.document, loaded.chunks, first))
        first += len(loaded.chunks) + 1
    return found


def _vector_id(model_id: str, text_hash: str) -> str:
    return f"{vector_field(model_id)}.{text_hash}"


def _vector(model_id: str, text_hash: str, vector: Vectors) -> Json:
    return {
        "model": model_id,
        "text_hash": text_hash,
        "dimensions": len(vector),
        "vector": packed(np.asarray(vector, np.float32)),
    }
