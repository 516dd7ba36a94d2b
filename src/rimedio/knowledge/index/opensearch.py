"""The knowledge index on OpenSearch: the same promises as the laptop's, kept by another engine.

Ranking is Rimedio's own at both homes: OpenSearch proposes candidates by words, pages and meaning in one
`_msearch`, with the laptop's scores; fusion and rerank run here. Readers see a tenant's knowledge as of at most
`state_seconds` ago, a load as a whole; what this process wrote, it sees at once.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from rimedio.domain.clock import Clock
from rimedio.domain.errors import InvalidInput
from rimedio.domain.knowledge import Chunk, Document
from rimedio.knowledge.embedding.port import Vectors
from rimedio.knowledge.index.facets import spelled
from rimedio.knowledge.index.opensearch_client import Json, OpenSearchClient
from rimedio.knowledge.index.opensearch_documents import chunk_of, document_of, terms_of
from rimedio.knowledge.index.opensearch_figures import FigureStore
from rimedio.knowledge.index.opensearch_mapping import OpenSearchOptions, similarity, vector_field
from rimedio.knowledge.index.opensearch_places import Places
from rimedio.knowledge.index.opensearch_queries import (
    CHUNK,
    PAGE,
    codes_query,
    own,
    vector_query,
    words_query,
)
from rimedio.knowledge.index.opensearch_reader import HITS_MAX, PAGE_SIZE, Recent, hits_of, scan
from rimedio.knowledge.index.opensearch_state import TenantState
from rimedio.knowledge.index.opensearch_verify import verify
from rimedio.knowledge.index.opensearch_writer import KnowledgeWriter, Loaded
from rimedio.knowledge.index.port import ChunkTerms, Coverage, Filters, Found, Hit, Probe
from rimedio.knowledge.index.words import TERMS_MAX
from rimedio.knowledge.terms import QueryTerm

if TYPE_CHECKING:
    from rimedio.knowledge.index.opensearch_server import ServerSearch

T = TypeVar("T")
CODES_MAX = 500
_Pending = dict[str, dict[str, Loaded]]  # by tenant and document


class OpenSearchIndex:
    """Chunks, words, codes and vectors of all tenants; every question is restricted to one tenant.

    All methods raise Throttled and Unavailable when the cluster has too much to do or does not answer; each
    request was then tried several times. Indexes are made at the first write.
    """

    def __init__(
        self,
        client: OpenSearchClient,
        prefix: str,
        clock: Clock,
        options: OpenSearchOptions | None = None,
    ) -> None:
        self.options = options or OpenSearchOptions()
        self.places = Places(client, prefix, clock, self.options)
        self._client = client
        self._states = self.places.states
        self._figures = FigureStore(client, self.places, clock)
        self.writer = KnowledgeWriter(client, self.places, clock, self.options)
        self._batches = threading.local()
        self._terms: Recent[ChunkTerms] = Recent()
        self._vectors: Recent[Vectors] = Recent()

    # -- writing

    def create(self) -> None:
        """Make the indexes that are not there; nothing happens when all are."""
        self.places.ensure()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Collect this thread's loads and removals; they become one, for each tenant, at the end.

        Joins a batch that is open. What is collected is not seen before; an error inside drops it.
        """
        if getattr(self._batches, "pending", None) is not None:
            yield
            return
        pending: _Pending = {}
        self._batches.pending = pending
        try:
            yield
        finally:
            self._batches.pending = None
        for tenant_id, documents in pending.items():
            self.writer.load(tenant_id, list(documents.values()))

    def replace_document(self, document: Document, chunks: Sequence[Chunk]) -> None:
        """Make `chunks` the whole of `document`, atomically. Raises InvalidInput for a stranger's chunk."""
        for chunk in chunks:
            if (chunk.tenant_id, chunk.document_id) != (document.tenant_id, document.document_id):
                msg = (
                    f"Chunk {chunk.chunk_id} belongs to {chunk.tenant_id}/{chunk.document_id}, not to the "
                    f"document {document.tenant_id}/{document.document_id} it was stored with."
                )
                raise InvalidInput(msg)
        self._load(document.tenant_id, Loaded(document.document_id, document, tuple(chunks)))

    def remove_document(self, tenant_id: str, document_id: str) -> bool:
        """Forget a document and its chunks; False when it was not there."""
        pending = self._pending().get(tenant_id, {}).get(document_id)
        there = pending.document is not None if pending else self._is_there(tenant_id, document_id)
        if not there and not pending:
            return False
        replaced = self._load(tenant_id, Loaded(document_id, None))
        return there if replaced is None else replaced > 0  # of two at once, one finds it gone

    def store_vectors(self, model_id: str, vectors: Mapping[str, Vectors]) -> None:
        """Keep vectors by text hash; the first one of a text stays, texts gone meanwhile are skipped."""
        if vectors and self.places.control() is not None:
            self.writer.store_vectors(model_id, vectors)

    def purge(self) -> int:
        """Sweep up what was replaced, of all tenants; how many editions. For a loop."""
        return sum(self.writer.purge(state.tenant_id) for state in self._every_state())

    def _load(self, tenant_id: str, loaded: Loaded) -> int | None:
        """How many documents it replaced; None where that is not known before the batch ends."""
        pending: _Pending | None = getattr(self._batches, "pending", None)
        if pending is None:
            return self.writer.load(tenant_id, [loaded])
        pending.setdefault(tenant_id, {})[loaded.document_id] = loaded
        return None

    def _pending(self) -> _Pending:
        return getattr(self._batches, "pending", None) or {}

    def _is_there(self, tenant_id: str, document_id: str) -> bool:
        state = self._states.fresh(tenant_id)
        return state.place is not None and self._document(state, document_id) is not None

    # -- reading

    def document(self, tenant_id: str, document_id: str) -> Document | None:
        """The document, or None."""
        state = self._state(tenant_id)
        return self._document(state, document_id) if state else None

    def documents(self, tenant_id: str) -> Sequence[Document]:
        """All documents, by source URI."""
        state = self._state(tenant_id)
        if state is None:
            return []
        hits = self._scan(own(state, PAGE), "listing documents", ["source_uri", "document_id"], ["record"])
        return [document_of(hit["_source"]) for hit in hits]

    def chunks(self, tenant_id: str, chunk_ids: Sequence[str]) -> Mapping[str, Chunk]:
        """The chunks that exist among those asked for."""
        found = self._by_chunk_id(tenant_id, chunk_ids, ["chunk_id", "record"])
        return {source["chunk_id"]: chunk_of(source) for source in found}

    def terms(self, tenant_id: str, chunk_ids: Sequence[str]) -> Mapping[str, ChunkTerms]:
        """The search terms of the chunks that exist among those asked for."""

        def read(missing: Sequence[str]) -> dict[str, ChunkTerms]:
            found = self._by_chunk_id(tenant_id, missing, ["chunk_id", "heading", "body"])
            return {source["chunk_id"]: terms_of(source) for source in found}

        return self._recent(self._terms, tenant_id, "", chunk_ids, read)

    def section(
        self, tenant_id: str, document_id: str, *, first: int = 0, last: int | None = None
    ) -> Sequence[Chunk]:
        """Chunks of one document in reading order: all, or those with ordinals `first` to `last` (inclusive)."""
        state = self._state(tenant_id)
        if state is None:
            return []
        bounds = {"gte": first} | ({} if last is None else {"lte": last})
        clauses: list[Json] = [{"term": {"document_id": document_id}}, {"range": {"ordinal": bounds}}]
        hits = self._scan(own(state, CHUNK, clauses), "reading a section", ["ordinal", "number"], ["record"])
        return [chunk_of(hit["_source"]) for hit in hits]

    def vectors(self, tenant_id: str, model_id: str, chunk_ids: Sequence[str]) -> Mapping[str, Vectors]:
        """The stored vectors of those chunks that have one."""
        if model_id not in self._models():
            return {}
        field = vector_field(model_id)

        def read(missing: Sequence[str]) -> dict[str, Vectors]:
            found = self._by_chunk_id(tenant_id, missing, ["chunk_id", field])
            return {s["chunk_id"]: np.array(s[field], np.float32) for s in found if field in s}

        return self._recent(self._vectors, tenant_id, model_id, chunk_ids, read)

    def unembedded(self, model_id: str, limit: int) -> Sequence[tuple[str, str]]:
        """Up to `limit` (text hash, embedding text) pairs without a vector, in the order they were stored."""
        if self.places.control() is None:
            return []
        query: Json = {
            "filter": [{"term": {"kind": CHUNK}}],
            "must_not": [{"exists": {"field": vector_field(model_id)}}, *self._hidden()],
        }
        body: Json = {
            "size": min(limit, HITS_MAX),
            "query": {"bool": query},
            "_source": ["record", "text_hash"],
            "sort": [{"number": "asc"}],
        }
        hits = self._client.search("finding texts without a vector", self.places.chunks, body)["hits"]["hits"]
        return list({h["_source"]["text_hash"]: chunk_of(h["_source"]).embedding_text for h in hits}.items())

    def coverage(self, tenant_id: str, model_id: str) -> Coverage:
        """How much is loaded and how much of it is embedded."""
        state = self._state(tenant_id)
        if state is None:
            return Coverage(0, 0, 0)
        embedded: Json = {"exists": {"field": vector_field(model_id)}}
        asked = [own(state, PAGE), own(state, CHUNK), own(state, CHUNK, [embedded])]
        bodies: list[Json] = [{"size": 0, "track_total_hits": True, "query": {"bool": q}} for q in asked]
        replies = self._client.searches("counting chunks", self.places.chunks, bodies)
        documents, chunks, with_vector = (int(reply["hits"]["total"]["value"]) for reply in replies)
        return Coverage(documents, chunks, with_vector)

    def embedded_shares(
        self, tenant_id: str, model_id: str, document_ids: Sequence[str]
    ) -> Mapping[str, float]:
        """Share of each document's chunks whose vector is stored, 0..1; documents without chunks are absent."""
        state = self._state(tenant_id)
        if state is None or not document_ids:
            return {}
        embedded: Json = {"filter": {"exists": {"field": vector_field(model_id)}}}
        by_document: Json = {
            "terms": {"field": "document_id", "size": len(document_ids)},
            "aggs": {"embedded": embedded},
        }
        wanted: Json = {"terms": {"document_id": list(document_ids)}}
        query = own(state, CHUNK, [wanted])
        body: Json = {"size": 0, "query": {"bool": query}, "aggs": {"documents": by_document}}
        reply = self._client.search("counting vectors", self.places.chunks, body)
        buckets = reply["aggregations"]["documents"]["buckets"]
        return {b["key"]: b["embedded"]["doc_count"] / b["doc_count"] for b in buckets}

    def verify(self) -> Sequence[str]:
        """What is inconsistent between documents, chunks and vectors; empty when all agrees."""
        if self.places.control() is None:
            return []
        found = verify(self._client, self.places, self._hidden())
        if not found:
            return []
        again = verify(self._client, self.places, self._hidden())  # a load under way looks like damage, once
        return [sentence for sentence in again if sentence in found]

    # -- searching

    def search_words(
        self, tenant_id: str, terms: Sequence[QueryTerm], filters: Filters, limit: int
    ) -> Sequence[Hit]:
        """BM25 over stemmed words, any of `terms`; the scores are the laptop's."""
        probe = Probe([terms], filters, words_limit=limit, pages_limit=0, vectors_limit=0)
        return self.search_hybrid(tenant_id, probe).words[0]

    def search_pages(self, tenant_id: str, terms: Sequence[QueryTerm], limit: int) -> Mapping[str, float]:
        """BM25 of the best documents as wholes, by document id."""
        probe = Probe([terms], Filters(), words_limit=0, pages_limit=limit, vectors_limit=0)
        return self.search_hybrid(tenant_id, probe).pages[0]

    def search_vectors(
        self, tenant_id: str, model_id: str, vector: Vectors, filters: Filters, limit: int
    ) -> Sequence[Hit]:
        """Nearest chunks by cosine, through the graph: the recall is measured, not promised to be 1."""
        probe = Probe([], filters, 0, 0, limit, model_id, vector)
        return self.search_hybrid(tenant_id, probe).vectors

    def search_hybrid(self, tenant_id: str, probe: Probe) -> Found:
        """Words of every language, pages and meaning in one `_msearch`."""
        empty = Found([[] for _ in probe.words], [{} for _ in probe.words], [])
        state = self._state(tenant_id)
        if state is None:
            return empty
        asked = self._asked(state, probe)
        replies = self._client.searches("searching", self.places.chunks, [body for _, _, body in asked])
        words, pages, vectors = list(empty.words), list(empty.pages), list(empty.vectors)
        took = {CHUNK: 0.0, PAGE: 0.0, "": 0.0}
        for (kind, place, _), reply in zip(asked, replies, strict=True):
            took[kind] += reply.get("took", 0)
            if kind == CHUNK:
                words[place] = hits_of(reply, probe.words_limit)
            elif kind == PAGE:
                pages[place] = {hit.document_id: hit.score for hit in hits_of(reply, probe.pages_limit)}
            else:
                vectors = hits_of(reply, probe.vectors_limit, lambda s: similarity(self.options, s))
        return Found(words, pages, vectors, took[CHUNK] + took[PAGE], took[""])

    def _asked(self, state: TenantState, probe: Probe) -> list[tuple[str, int, Json]]:
        """(kind, place among the probe's words, body) of every search of a probe."""
        forms = [
            list(dict.fromkeys(form for term in terms[:TERMS_MAX] for form in term.forms))
            for terms in probe.words
        ]
        limits = {CHUNK: probe.words_limit, PAGE: probe.pages_limit}
        every = [form for own_forms in forms for form in own_forms]
        figures = self._figures.of(state, {kind: every for kind, limit in limits.items() if limit and every})
        asked = []
        for kind, known in figures.items():
            for place, own_forms in enumerate(forms):
                there = [form for form in own_forms if form in known.frequencies]
                filters = probe.filters if kind == CHUNK else None
                if there:
                    body = words_query(state, kind, there, known, limits[kind], filters=filters)
                    asked.append((kind, place, body))
        if probe.vector is not None and probe.vectors_limit and probe.model_id in self._models():
            field = vector_field(probe.model_id)
            body = vector_query(
                state, field, probe.vector, probe.filters, probe.vectors_limit, options=self.options
            )
            asked.append(("", 0, body))
        return asked

    def search_codes(
        self, tenant_id: str, codes: Sequence[str], filters: Filters, limit: int
    ) -> Sequence[Hit]:
        """Chunks that define one of these codes or part numbers; score 1, or 0.5 for a sub-code of it."""
        wanted = list(dict.fromkeys(spelled(code) for code in codes))[:CODES_MAX]
        state = self._state(tenant_id)
        if state is None or not wanted:
            return []
        body = codes_query(state, wanted, filters, limit)
        return hits_of(self._client.search("looking up codes", self.places.chunks, body), limit)

    def term_frequencies(self, tenant_id: str, terms: Sequence[str]) -> Mapping[str, int]:
        """In how many of the tenant's chunks each term stands; unknown ones are left out."""
        state = self._state(tenant_id)
        if state is None or not terms:
            return {}
        # Pages are counted along: the search that follows asks for them.
        figures = self._figures.of(state, {CHUNK: terms, PAGE: terms})
        return figures[CHUNK].frequencies

    def known_codes(self, tenant_id: str) -> frozenset[str]:
        """Every error code that some chunk defines, in the spelling of `facets.spelled`; cached."""
        state = self._state(tenant_id)
        return self._figures.codes(state) if state else frozenset()

    def chunk_count(self, tenant_id: str) -> int:
        """How many chunks the tenant has; cached."""
        state = self._state(tenant_id)
        return self._figures.of(state, {CHUNK: []})[CHUNK].rows if state else 0

    @property
    def on_server(self) -> "ServerSearch":
        """The server's own hybrid search and highlighting; Rimedio's answers do not come from there."""
        from rimedio.knowledge.index.opensearch_server import ServerSearch

        return ServerSearch(self._client, self.places)

    # -- what both use

    def _state(self, tenant_id: str) -> TenantState | None:
        """What readers may see of a tenant; None for one that has never stored anything."""
        state = self._states.read(tenant_id)
        return state if state.place is not None else None

    def _models(self) -> Mapping[str, int]:
        control = self.places.control()
        return control.models if control else {}

    def _every_state(self) -> Sequence[TenantState]:
        return self._states.every() if self.places.control() else []

    def _hidden(self) -> list[Json]:
        """What readers of any tenant do not see, as two clauses however many tenants there are."""
        states = self._every_state()
        batches = [batch for state in states for batch in state.arriving]
        editions = [edition for state in states for edition in state.leaving]
        return [{"terms": {"batch": batches}}, {"terms": {"edition": editions}}]

    def _document(self, state: TenantState, document_id: str) -> Document | None:
        query = own(state, PAGE, [{"term": {"document_id": document_id}}])
        body: Json = {"size": 1, "query": {"bool": query}, "_source": ["record"]}
        hits = self._client.search("reading a document", self.places.chunks, body)["hits"]["hits"]
        return document_of(hits[0]["_source"]) if hits else None

    def _by_chunk_id(self, tenant_id: str, chunk_ids: Sequence[str], fields: Sequence[str]) -> list[Json]:
        state = self._state(tenant_id)
        if state is None:
            return []
        wanted = list(dict.fromkeys(chunk_ids))
        bodies: list[Json] = [
            {
                "size": PAGE_SIZE,
                "query": {
                    "bool": own(state, CHUNK, [{"terms": {"chunk_id": wanted[start : start + PAGE_SIZE]}}])
                },
                "_source": list(fields),
                "track_total_hits": False,
            }
            for start in range(0, len(wanted), PAGE_SIZE)
        ]
        replies = self._client.searches("reading chunks", self.places.chunks, bodies)
        return [hit["_source"] for reply in replies for hit in reply["hits"]["hits"]]

    def _recent(
        self,
        kept: Recent[T],
        tenant_id: str,
        kind: str,
        chunk_ids: Sequence[str],
        read: Callable[[Sequence[str]], dict[str, T]],
    ) -> dict[str, T]:
        """What `read` gives for chunks, and what it gave a moment ago."""
        state = self._state(tenant_id)
        if state is None:
            return {}
        keys = {name: (tenant_id, state.commits, kind, name) for name in chunk_ids}
        found = kept.get(keys)
        fresh = read([name for name in keys if name not in found])
        kept.keep(keys, fresh)
        return found | fresh

    def _scan(self, query: Json, doing: str, sort: Sequence[str], fields: Sequence[str]) -> Iterator[Json]:
        return scan(self._client, self.places.chunks, query, doing=doing, sort=sort, fields=fields)
