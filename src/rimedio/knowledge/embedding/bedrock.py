"""Embeddings by a model of Bedrock: Titan Text Embeddings V2 or Cohere Embed."""

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from rimedio.aws import Client, error_code
from rimedio.aws.bedrock_calls import INVALID, Randomness, Retries, RetryPolicy, system_randomness
from rimedio.domain.clock import Clock
from rimedio.domain.errors import GenerationFailed, ModelUnavailable
from rimedio.knowledge.embedding.bedrock_formats import embedding_format, model_id_of, unit
from rimedio.knowledge.embedding.port import Vectors

CONCURRENCY = 8  # calls under way at once, of one batch
QUERIES_KEPT = 512
CHARS_MIN = 500  # a text that is refused even so is refused for another reason
QUERY_RETRIES = RetryPolicy(attempts=3, base_seconds=0.1, cap_seconds=0.5, budget_seconds=2.0)
PASSAGE_RETRIES = RetryPolicy(attempts=6, base_seconds=0.5, cap_seconds=8.0, budget_seconds=60.0)


class BedrockEmbedder:
    """An `Embedder` over InvokeModel. Passages go several calls at a time; a question waits two seconds at most.

    A text longer than the model reads is cut: its beginning stands for it. Raises ModelUnavailable, Throttled.
    """

    def __init__(
        self,
        runtime: Client,
        model: str,
        dimensions: int,
        *,
        clock: Clock,
        concurrency: int = CONCURRENCY,
        randomness: Randomness = system_randomness,
    ) -> None:
        """Raises InvalidSetting for a model or a size that is not known."""
        self._runtime = runtime
        self._model = model
        self._dimensions = dimensions
        self._format = embedding_format(model, dimensions)
        self._concurrency = concurrency
        self._for_queries = Retries(clock, QUERY_RETRIES, randomness)
        self._for_passages = Retries(clock, PASSAGE_RETRIES, randomness)
        self._queries: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def model_id(self) -> str:
        """Model and dimensions; vectors of different ids are never compared."""
        return model_id_of(self._model, self._dimensions)

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._dimensions

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors [n, dimensions] in the order given."""
        size = self._format.texts_max
        batches = [texts[start : start + size] for start in range(0, len(texts), size)]
        if len(batches) < 2:
            rows = [row for batch in batches for row in self._embed(batch)]
        else:
            with ThreadPoolExecutor(min(self._concurrency, len(batches))) as pool:
                rows = [row for found in pool.map(self._embed, batches) for row in found]
        return np.array(rows, np.float32).reshape(-1, self._dimensions)

    def embed_query(self, text: str) -> Vectors:
        """Vector [dimensions] of a question; the last few hundred are kept."""
        with self._lock:
            if text in self._queries:
                self._queries.move_to_end(text)
                return self._queries[text]
        vector = np.array(self._embed([text], query=True)[0], np.float32)
        vector.setflags(write=False)
        with self._lock:
            self._queries[text] = vector
            while len(self._queries) > QUERIES_KEPT:
                self._queries.popitem(last=False)
        return vector

    def _embed(self, texts: Sequence[str], *, query: bool = False) -> list[list[float]]:
        """One call; texts that are still too long for the model are cut in half and sent again."""
        length = self._format.chars_max
        while True:
            cut = [text.strip()[:length] for text in texts]
            try:
                return self._asked(cut, query=query)
            except GenerationFailed as error:
                too_long = error_code(error.__cause__ or error) == INVALID
                if not too_long or max(map(len, cut)) <= CHARS_MIN:
                    raise ModelUnavailable(str(error)) from error
                length = max(map(len, cut)) // 2

    def _asked(self, texts: Sequence[str], *, query: bool) -> list[list[float]]:
        body = json.dumps(self._format.body(texts, query=query))

        def once() -> bytes:
            answer = self._runtime.invoke_model(
                modelId=self._model, body=body, contentType="application/json", accept="application/json"
            )
            return bytes(answer["body"].read())

        retries = self._for_queries if query else self._for_passages
        return self._read(retries.call(f"InvokeModel of {self._model}", once), len(texts))

    def _read(self, answer: bytes, wanted: int) -> list[list[float]]:
        try:
            rows = [unit([float(x) for x in row]) for row in self._format.vectors(json.loads(answer))]
        except (ValueError, KeyError, TypeError, IndexError) as error:
            msg = f"{self._model} sent no embedding ({error!r}). Check `bedrock_embedding_model`."
            raise ModelUnavailable(msg) from error
        if len(rows) != wanted or any(len(row) != self._dimensions for row in rows):
            sizes = sorted({len(row) for row in rows})
            msg = (
                f"{self._model} sent {len(rows)} vectors of {sizes} numbers for {wanted} texts of "
                f"{self._dimensions}. Check `bedrock_embedding_dimensions`."
            )
            raise ModelUnavailable(msg)
        return rows
