"""Vectors kept by text hash and model under `.cache/`: a large set is embedded once, not once a run."""

import os
import sqlite3
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks._report import CACHE
from rimedio.domain.knowledge import hash_text
from rimedio.knowledge.embedding.port import Embedder, Vectors

BATCH = 128
ASKED_AT_ONCE = 500


class CachedEmbedder:
    """An embedder that computes a text once for all runs; passages and questions are kept apart."""

    def __init__(self, inner: Embedder, folder: Path = CACHE) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._inner = inner
        self._kept = sqlite3.connect(folder / f"vectors-{inner.model_id}.sqlite3", timeout=60)
        self._kept.execute("PRAGMA journal_mode = WAL")
        self._kept.execute("CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB NOT NULL)")

    @property
    def model_id(self) -> str:
        """The inner model's."""
        return self._inner.model_id

    @property
    def dimensions(self) -> int:
        """The inner model's."""
        return self._inner.dimensions

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors in the order given; missing ones are computed in batches, each kept at once."""
        keys = [hash_text(text) for text in texts]
        found = self._look_up(keys)
        missing = list({k: t for k, t in zip(keys, texts, strict=True) if k not in found}.items())
        started = time.monotonic()
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            vectors = self._inner.embed_passages([text for _, text in batch])
            found |= self._keep([key for key, _ in batch], vectors)
            done = start + len(batch)
            if len(missing) > BATCH:
                rate = done / (time.monotonic() - started)
                print(f"embedded {done}/{len(missing)}, {rate:.1f}/s", file=sys.stderr, flush=True)
        return np.array([found[key] for key in keys], np.float32).reshape(len(keys), self.dimensions)

    def embed_query(self, text: str) -> Vectors:
        """Vector of a question."""
        key = "query:" + hash_text(text)
        found = self._look_up([key]) or self._keep([key], self._inner.embed_query(text)[None, :])
        return found[key]

    def _look_up(self, keys: Sequence[str]) -> dict[str, Vectors]:
        found: dict[str, Vectors] = {}
        for start in range(0, len(keys), ASKED_AT_ONCE):
            part = keys[start : start + ASKED_AT_ONCE]
            marks = ",".join("?" * len(part))
            rows = self._kept.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", part)
            found |= {key: np.frombuffer(blob, np.float32) for key, blob in rows}
        return found

    def _keep(self, keys: Sequence[str], vectors: Vectors) -> dict[str, Vectors]:
        with self._kept:
            self._kept.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                [(key, vector.tobytes()) for key, vector in zip(keys, vectors, strict=True)],
            )
        return dict(zip(keys, vectors, strict=True))


def onnx_embedder() -> CachedEmbedder:
    """The packaged model behind the cache. Raises ModelUnavailable when it was not built."""
    from rimedio.knowledge.embedding.onnx import OnnxEmbedder

    return CachedEmbedder(OnnxEmbedder.packaged(threads=os.cpu_count() or 2))
