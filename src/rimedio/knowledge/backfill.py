"""Vectors follow words: texts without a vector are embedded page by page until none is left.

Every page is stored at once, so an interruption loses at most one page and the next run goes on from there.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from rimedio.knowledge.embedding.port import Embedder
from rimedio.knowledge.index.port import KnowledgeIndex

PAGE = 64  # texts embedded between two writes: a few seconds of work


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """How far a run has come. `model_seconds` is the part of `seconds` spent inside the embedder."""

    embedded: int
    seconds: float
    model_seconds: float

    @property
    def model_share(self) -> float:
        """Part of the time spent inside the model, 0..1."""
        return self.model_seconds / self.seconds if self.seconds else 0.0


class Backfill:
    """Embeds what has no vector under the embedder's model yet."""

    def __init__(
        self,
        index: KnowledgeIndex,
        embedder: Embedder,
        *,
        page: int = PAGE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._page = page
        self._monotonic = monotonic

    def run(
        self,
        *,
        stop: Event | None = None,
        progress: Callable[[BackfillProgress], None] | None = None,
        limit: int | None = None,
    ) -> BackfillProgress:
        """Embed until nothing is missing, `stop` is set, or `limit` texts are done.

        Raises ModelUnavailable and StorageFailed errors; what was stored before stays.
        """
        started = self._monotonic()
        embedded, inside = 0, 0.0
        while not (stop is not None and stop.is_set()) and (limit is None or embedded < limit):
            wanted = self._page if limit is None else min(self._page, limit - embedded)
            missing = self._index.unembedded(self._embedder.model_id, wanted)
            if not missing:
                break
            before = self._monotonic()
            vectors = self._embedder.embed_passages([text for _, text in missing])
            inside += self._monotonic() - before
            hashes = [text_hash for text_hash, _ in missing]
            self._index.store_vectors(self._embedder.model_id, dict(zip(hashes, vectors, strict=True)))
            embedded += len(missing)
            if progress:
                progress(BackfillProgress(embedded, self._monotonic() - started, inside))
        return BackfillProgress(embedded, self._monotonic() - started, inside)
