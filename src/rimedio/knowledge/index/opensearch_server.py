"""The server's own hybrid search and highlighting, beside Rimedio's: for people and tools that ask OpenSearch itself.

Hybrid search needs the neural-search plugin, which every domain on AWS has and the engine of the tests has not: what
is sent is tested, what comes back is not. Rimedio's own answers never come from here, so both homes rank alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rimedio.domain.errors import StorageFailed
from rimedio.knowledge.embedding.port import Vectors
from rimedio.knowledge.index.opensearch_client import OpenSearchClient
from rimedio.knowledge.index.opensearch_mapping import vector_field
from rimedio.knowledge.index.opensearch_pipelines import normalization_pipeline, rank_pipeline
from rimedio.knowledge.index.opensearch_places import Places
from rimedio.knowledge.index.opensearch_queries import highlight_query, server_hybrid_query
from rimedio.knowledge.index.opensearch_reader import hits_of
from rimedio.knowledge.index.port import Filters, Hit


class ServerFusion(StrEnum):
    """Which pipeline fuses; its value ends the pipeline's name."""

    SCORES = "scores"
    RANKS = "ranks"


@dataclass(frozen=True, slots=True)
class Highlighted:
    """A chunk, and pieces of it with the words asked for between `<em>` and `</em>`."""

    chunk_id: str
    document_id: str
    fragments: tuple[str, ...]


class ServerSearch:
    """Asks the server for whole answers."""

    def __init__(self, client: OpenSearchClient, places: Places) -> None:
        self._client = client
        self._places = places

    def install(self, weights: Sequence[float] = (0.5, 0.5)) -> None:
        """Put both pipelines. Raises InvalidSetting, and StorageFailed where the plugin is not there."""
        bodies = {ServerFusion.SCORES: normalization_pipeline(weights), ServerFusion.RANKS: rank_pipeline()}
        for fusion, body in bodies.items():
            try:
                self._client.call(
                    "putting a search pipeline", "PUT", f"/_search/pipeline/{self._name(fusion)}", body
                )
            except StorageFailed as error:
                msg = f"{error} Hybrid search on the server needs the neural-search plugin."
                raise StorageFailed(msg) from error

    def hybrid(
        self,
        tenant_id: str,
        text: str,
        *,
        language: str,
        model_id: str,
        vector: Vectors,
        filters: Filters | None = None,
        limit: int = 10,
        fusion: ServerFusion = ServerFusion.RANKS,
    ) -> Sequence[Hit]:
        """Words and meaning fused by the server; scores are the pipeline's. After `install`."""
        state = self._places.states.read(tenant_id)
        if state.place is None:
            return []
        field = vector_field(model_id)
        body = server_hybrid_query(
            state, text, language, field=field, vector=vector, filters=filters or Filters(), limit=limit
        )
        path = f"/{self._places.chunks}/_search?search_pipeline={self._name(fusion)}"
        return hits_of(self._client.call("searching on the server", "POST", path, body), limit)

    def highlighted(
        self, tenant_id: str, text: str, *, language: str, limit: int = 10
    ) -> Sequence[Highlighted]:
        """Chunks with the words of `text` in their language, marked."""
        state = self._places.states.read(tenant_id)
        if state.place is None:
            return []
        body = highlight_query(state, text, language, limit)
        reply = self._client.search("highlighting", self._places.chunks, body)
        return [
            Highlighted(
                hit["fields"]["chunk_id"][0],
                hit["fields"]["document_id"][0],
                tuple(piece for pieces in hit.get("highlight", {}).values() for piece in pieces),
            )
            for hit in reply["hits"]["hits"]
        ]

    def _name(self, fusion: ServerFusion) -> str:
        return f"{self._places.chunks}-{fusion}"
