"""Embeddings by an ONNX sentence model on this machine's processor."""

import json
import os
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

import numpy as np

from rimedio.domain.errors import ModelUnavailable
from rimedio.knowledge.embedding.port import Vectors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PACKAGED = Path(__file__).parent / "models"
DEFAULT_MODEL = "e5-small-latin"
NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"
BATCH = 4  # with batches of 16 memory doubles and speed falls: see docs on embedding
QUERIES_KEPT = 512
CHARACTERS_MAX = 20_000  # far beyond what 512 tokens can hold; keeps a huge text from costing minutes


@dataclass(frozen=True)
class ModelCard:
    """What `model.json` says of a model."""

    model_id: str
    dimensions: int
    max_tokens: int
    query_prefix: str
    passage_prefix: str
    pad_id: int
    characters: dict[int, str]  # code point → replacement, before cutting into pieces

    @classmethod
    def read(cls, folder: Path) -> "ModelCard":
        """The card of the model in `folder`. Raises ModelUnavailable."""
        try:
            raw = json.loads((folder / "model.json").read_text("utf-8"))
            return cls(
                str(raw["model_id"]),
                int(raw["dimensions"]),
                int(raw["max_tokens"]),
                str(raw["query_prefix"]),
                str(raw["passage_prefix"]),
                int(raw["pad_id"]),
                {int(code): str(text) for code, text in raw["characters"].items()},
            )
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise _unavailable(folder, error) from error


class _Session(Protocol):
    """The part of onnxruntime's session that is used."""

    def run(
        self, names: None, feeds: dict[str, "np.ndarray[tuple[int, ...], np.dtype[np.int64]]"]
    ) -> list[Vectors]: ...


class OnnxEmbedder:
    """A model folder (`model.onnx`, `tokenizer.json`, `model.json`) as an embedder; loaded at first use.

    The memory arena is off: with it, two gigabytes stay taken after one long batch.
    """

    def __init__(self, folder: Path, *, threads: int = 2) -> None:
        """Raises ModelUnavailable when `folder` holds no model."""
        self._folder = folder
        self._threads = threads
        self._card = ModelCard.read(folder)
        self._lock = threading.Lock()
        self._loaded: tuple[Tokenizer, _Session] | None = None
        self._queries: OrderedDict[str, Vectors] = OrderedDict()

    @classmethod
    def packaged(
        cls, name: str = DEFAULT_MODEL, *, models: Path | None = None, threads: int = 2
    ) -> "OnnxEmbedder":
        """The model `name` that travels with Rimedio, or of the folder `models`."""
        return cls((models or PACKAGED) / name, threads=threads)

    @property
    def model_id(self) -> str:
        """Name and version; vectors of different ids are never compared."""
        return self._card.model_id

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._card.dimensions

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors [n, dimensions] in the order given; batches go by length, so little is padded."""
        out = np.empty((len(texts), self.dimensions), np.float32)
        tokenizer, session = self._load()
        ids = [
            e.ids for e in tokenizer.encode_batch([self._clean(self._card.passage_prefix, t) for t in texts])
        ]
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            out[batch] = self._run(session, [ids[i] for i in batch])
        return out

    def embed_query(self, text: str) -> Vectors:
        """Vector [dimensions] of a question; the last few hundred are kept."""
        with self._lock:
            if text in self._queries:
                self._queries.move_to_end(text)
                return self._queries[text]
        tokenizer, session = self._load()
        vector: Vectors = self._run(
            session, [tokenizer.encode(self._clean(self._card.query_prefix, text)).ids]
        )[0]
        vector.setflags(write=False)
        with self._lock:
            self._queries[text] = vector
            while len(self._queries) > QUERIES_KEPT:
                self._queries.popitem(last=False)
        return vector

    def _clean(self, prefix: str, text: str) -> str:
        normal = unicodedata.normalize("NFC", prefix + text[:CHARACTERS_MAX])
        return normal.translate(self._card.characters) if self._card.characters else normal

    def _run(self, session: _Session, rows: Sequence[Sequence[int]]) -> Vectors:
        ids = np.full((len(rows), max(map(len, rows))), self._card.pad_id, np.int64)
        mask = np.zeros_like(ids)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row
            mask[i, : len(row)] = 1
        vectors: Vectors = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return vectors

    def _load(self) -> "tuple[Tokenizer, _Session]":
        with self._lock:
            if self._loaded is None:
                self._loaded = (self._load_tokenizer(), self._load_session())
            return self._loaded

    def _load_tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        path = self._folder / "tokenizer.json"
        if not path.is_file():
            raise _unavailable(self._folder, FileNotFoundError("tokenizer.json is missing"))
        return Tokenizer.from_file(str(path))

    def _load_session(self) -> _Session:
        onnxruntime = runtime()
        options = onnxruntime.SessionOptions()
        options.enable_cpu_mem_arena = False
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Threads that spin while they wait make a busy machine three times slower (2 against 6 chunks/s).
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session: _Session = onnxruntime.InferenceSession(
                str(self._folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises its own kinds, which it does not document
            raise _unavailable(self._folder, error) from error
        return session


def runtime() -> ModuleType:
    """ONNX Runtime without its telemetry.

    Left alone it writes an identifier of the machine below the home folder and sends events over the network;
    it looks at this variable once, when it is loaded.
    """
    os.environ.setdefault(NO_TELEMETRY, "1")
    return import_module("onnxruntime")


def _unavailable(folder: Path, error: Exception) -> ModelUnavailable:
    return ModelUnavailable(
        f"The embedding model in {folder} cannot be loaded ({error}). Run `make setup` to build it, or set "
        "`embedder` to `none` to search by words and codes alone."
    )
