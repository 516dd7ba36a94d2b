"""Ten thousand documents without a model: sentences of real manuals in new company, vectors that lie in clusters."""

import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks._report import ROOT
from rimedio.domain.clock import SystemClock
from rimedio.domain.knowledge import Chunk, DocType, Document
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.embedding.port import Vectors
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.ingest import Ingestor
from rimedio.storage.database import Database
from rimedio.storage.documents import DocumentStore
from rimedio.storage.sqlite_table import SqliteTable

TENANT = "bench"
MODEL = "synthetic-1"
DIMENSIONS = 384
CLUSTERS = 300
SPREAD = 0.7  # length of the noise beside a cluster's centre of length 1: neighbours as near as texts have
MODELS = 20
SENTENCES = 6
QUESTION_WORDS = 8
SOURCES = ("s10/corpus.json", "mcpx", "everest")


@dataclass(frozen=True)
class Knowledge:
    """Documents of one chunk each, with a vector for each text."""

    documents: Sequence[tuple[Document, Chunk]]
    vectors: Vectors  # one row a document

    def by_hash(self) -> dict[str, Vectors]:
        """Vectors by text hash; the first one of equal texts."""
        found: dict[str, Vectors] = {}
        for (_, chunk), row in zip(self.documents, self.vectors, strict=True):
            found.setdefault(chunk.text_hash, row)
        return found


class AskedEmbedder:
    """Knows the vectors of the questions that it was given."""

    def __init__(self, questions: dict[str, Vectors]) -> None:
        self._questions = questions

    @property
    def model_id(self) -> str:
        """The synthetic one."""
        return MODEL

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return DIMENSIONS

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Never asked for: passages have their vectors from the start."""
        raise NotImplementedError(f"{len(texts)} passages have no synthetic vector")

    def embed_query(self, text: str) -> Vectors:
        """The question's vector."""
        return self._questions[text]


def make(data: Path, count: int, seed: int = 0) -> Knowledge:
    """The same documents at every run, as long as the sets under `data` are the same."""
    chance = random.Random(seed)
    sentences = _sentences(data)
    documents = []
    for number in range(count):
        own = chance.sample(sentences, SENTENCES)
        name = f"doc{number:05d}"
        of = Document(
            name, TENANT, f"file:///{name}.md", " ".join(own[0].split()[:5]), chance.choice(tuple(DocType)), "0",
            "it" if chance.random() < 0.3 else "en", datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        models = (f"M-{chance.randrange(MODELS):02d}",) if chance.random() < 0.8 else ()
        chunk = Chunk(
            f"{name}-0", name, TENANT, 0, " ".join(own), of.source_uri, of.title, of.doc_type, of.language,
            section=(own[1][:40],), product_models=models,
        )  # fmt: skip
        documents.append((of, chunk))
    return Knowledge(documents, _clustered(count, seed))


def questions(knowledge: Knowledge, count: int, seed: int = 1) -> dict[str, Vectors]:
    """Some words of a document, and a vector near its own."""
    chance, noise = random.Random(seed), np.random.default_rng(seed)
    found: dict[str, Vectors] = {}
    while len(found) < count:
        place = chance.randrange(len(knowledge.documents))
        words = re.findall(r"\w{4,}", knowledge.documents[place][1].text)
        if len(words) < QUESTION_WORDS:
            continue
        near = knowledge.vectors[place] + 0.5 * _unit(noise.normal(size=(1, DIMENSIONS)))[0]
        found[" ".join(chance.sample(words, QUESTION_WORDS))] = _unit(near[None, :])[0]
    return found


def _clustered(count: int, seed: int) -> Vectors:
    noise = np.random.default_rng(seed)
    centres = _unit(noise.normal(size=(CLUSTERS, DIMENSIONS)))
    beside = SPREAD * _unit(noise.normal(size=(count, DIMENSIONS)))
    return _unit(centres[noise.integers(CLUSTERS, size=count)] + beside)


def _unit(rows: "np.typing.NDArray[np.floating]") -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _sentences(data: Path) -> list[str]:
    """Sentences of the manuals at hand: the data sets' where they are, else the demo's."""
    paths = [data / "kb" / name for name in SOURCES if (data / "kb" / name).exists()]
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "texts.sqlite3")
        index, clock = SqliteIndex(database), SystemClock()
        ledger = DocumentStore(SqliteTable(database, clock))
        ingestor = Ingestor(
            index, ledger, taxonomy=Taxonomy.default(), clock=clock, transaction=database.transaction
        )
        ingestor.ingest(paths or [ROOT / "examples" / "knowledge"], TENANT)
        texts = [
            chunk.text for of in index.documents(TENANT) for chunk in index.section(TENANT, of.document_id)
        ]
        database.close()
    return list(dict.fromkeys(sentence for text in texts for sentence in _split(text)))


def _split(text: str) -> Iterator[str]:
    for sentence in re.split(r"(?<=[.!?;])\s+|\n+", text):
        if 5 <= len(sentence.split()) <= 40:
            yield " ".join(sentence.split())
