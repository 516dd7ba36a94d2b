"""Vectors for a whole library by one batch job: half the price, and no throttling, but hours instead of minutes.

The job's record ids are the texts' hashes, so results find their texts whatever happened in between; a text that
a direct call has embedded meanwhile is simply stored again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from rimedio.knowledge.embedding.bedrock_formats import embedding_format, model_id_of, unit
from rimedio.knowledge.embedding.port import Vectors
from rimedio.knowledge.index.port import KnowledgeIndex
from rimedio.observability.logs import get_logger

TEXTS_MAX = 50_000
PAGE = 500  # vectors stored at once
log = get_logger(__name__)


class Outcome(Protocol):
    """What came of one record."""

    @property
    def record_id(self) -> str:
        """The record's id."""
        ...

    @property
    def output(self) -> Mapping[str, Any] | None:
        """The model's answer; None where it failed."""
        ...


@dataclass(frozen=True, slots=True)
class Collected:
    """How many texts got a vector, how many a later run must see to, and the tokens that were read."""

    stored: int
    failed: int
    tokens: int = 0


class BulkEmbedding:
    """The two ends of a batch job of embeddings: its records, and its results into the index."""

    def __init__(self, index: KnowledgeIndex, model: str, dimensions: int) -> None:
        """Raises InvalidSetting for a model or a size that is not known."""
        self._index = index
        self._format = embedding_format(model, dimensions)
        self._dimensions = dimensions
        self.model_id = model_id_of(model, dimensions)

    def records(self, limit: int = TEXTS_MAX) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """(record id, body for the model) of every text without a vector, one text a record."""
        for text_hash, text in self._index.unembedded(self.model_id, limit):
            yield text_hash, self._format.body([text.strip()[: self._format.chars_max]], query=False)

    def collect(self, outcomes: Iterable[Outcome]) -> Collected:
        """Store the vectors page by page; what failed stays without one. Raises StorageFailed."""
        page: dict[str, Vectors] = {}
        stored = failed = tokens = 0
        for outcome in outcomes:
            vector = self._vector(outcome.output)
            if vector is None:
                failed += 1
                continue
            page[outcome.record_id] = vector
            tokens += int((outcome.output or {}).get("inputTextTokenCount") or 0)
            if len(page) >= PAGE:
                stored += self._store(page)
        stored += self._store(page)
        if failed:
            log.warning("A batch job left texts without a vector", failed=failed, stored=stored)
        return Collected(stored, failed, tokens)

    def _vector(self, output: Mapping[str, Any] | None) -> Vectors | None:
        try:
            rows: Sequence[Sequence[float]] = self._format.vectors(output or {})
            found = np.array(unit([float(x) for x in rows[0]]), np.float32)
        except (KeyError, TypeError, IndexError, ValueError):
            return None
        return found if found.shape == (self._dimensions,) else None

    def _store(self, page: dict[str, Vectors]) -> int:
        count = len(page)
        if count:
            self._index.store_vectors(self.model_id, dict(page))
            page.clear()
        return count
