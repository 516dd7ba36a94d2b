"""What the indexes on OpenSearch look like: fields, analyzers, and the graph of the vectors.

Words stand there twice. `words` and `page` hold the very terms that the laptop stores (`lexicon.stored_terms`),
split at blanks only, so that both homes count the same words. `text` is analyzed by OpenSearch itself, as
Italian or English: for highlighting, and for people who search with the server's own tools.

Versions. nmslib cannot be created from OpenSearch 3.0 on, so it is no choice here. faiss is the default engine
since 2.18; `on_disk` with compression is faiss's alone (the Lucene engine has no mode of its own). A field of
mode `on_disk` keeps full-precision vectors on disk and scores the first hits again with them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from rimedio.aws_settings import AwsSettings
from rimedio.domain.errors import InvalidSetting
from rimedio.knowledge.index.opensearch_client import Json
from rimedio.knowledge.lexicon import STEMMED

K1, B = 1.2, 0.75  # those of SQLite's FTS5
COMPRESSIONS = ("1x", "2x", "4x", "8x", "16x", "32x")
BYTES = {"1x": 4.0, "2x": 2.0, "4x": 1.0, "8x": 0.5, "16x": 0.25, "32x": 0.125}  # of a dimension
ANALYZERS = {"it": "italian", "en": "english"}
KEYWORDS = (
    "kind", "tenant", "document_id", "chunk_id", "edition", "batch", "text_hash", "language", "doc_type",
    "source_uri", "model", "code", "base", "part", "category", "tag",
)  # fmt: skip


class Engine(StrEnum):
    """The library that builds and walks the graph."""

    LUCENE = "lucene"  # part of OpenSearch itself, merges with its segments
    FAISS = "faiss"  # outside the Java heap; has modes and compression


class Mode(StrEnum):
    """Where the vectors of a search are."""

    IN_MEMORY = "in_memory"
    ON_DISK = "on_disk"


class SpaceType(StrEnum):
    """The measure of nearness. All three give vectors of length 1 the same order."""

    INNER_PRODUCT = "innerproduct"
    COSINE = "cosinesimil"
    L2 = "l2"


@dataclass(frozen=True, slots=True)
class OpenSearchOptions:
    """How indexes are made and searched.

    `m`: neighbours of a node; more find better and need more memory. `ef_construction`: candidates while the
    graph is built; more build a better graph, more slowly. `ef_search`: candidates while it is walked; more
    find better, more slowly. `mode` and `compression` ("4x", "32x" …) are faiss's alone.
    """

    engine: Engine = Engine.LUCENE
    space: SpaceType = SpaceType.INNER_PRODUCT
    mode: Mode = Mode.IN_MEMORY
    compression: str = "1x"
    m: int = 16
    ef_construction: int = 128
    ef_search: int = 200
    shards: int = 1
    replicas: int = 0
    routing: bool = False  # a tenant's chunks on one shard: one shard is asked, but shards differ in size
    state_seconds: float = 1.0  # how old a reader's picture of what is valid may be
    grace_seconds: float = 60.0  # how long chunks that were replaced stay for readers of the old picture

    @classmethod
    def of(cls, settings: AwsSettings) -> "OpenSearchOptions":
        """As the settings say. Raises InvalidSetting for a combination that no engine has."""
        return cls(
            engine=Engine(settings.opensearch_engine),
            mode=Mode(settings.opensearch_mode),
            compression=settings.opensearch_compression,
            m=settings.opensearch_m,
            ef_construction=settings.opensearch_ef_construction,
            ef_search=settings.opensearch_ef_search,
            shards=settings.opensearch_shards,
            replicas=settings.opensearch_replicas,
        )

    def __post_init__(self) -> None:
        if self.compression not in COMPRESSIONS:
            msg = f"The compression {self.compression!r} is unknown. Choose among {', '.join(COMPRESSIONS)}."
            raise InvalidSetting(msg)
        if self.engine is Engine.LUCENE and (self.mode is Mode.ON_DISK or self.compression != "1x"):
            msg = "Mode on_disk and compression belong to faiss. Set `opensearch_engine` to faiss."
            raise InvalidSetting(msg)


def index_body(options: OpenSearchOptions, models: Mapping[str, int]) -> Json:
    """Settings and mapping of an index of chunks; `models` gives dimensions by embedding model."""
    return {
        "settings": {
            "index": {
                "knn": True,
                "knn.algo_param.ef_search": options.ef_search,
                "number_of_shards": options.shards,
                "number_of_replicas": options.replicas,
                "similarity": {"laptop": {"type": "BM25", "k1": K1, "b": B}},
                "highlight.max_analyzed_offset": 1_000_000,
            }
        },
        "mappings": {
            "dynamic": "strict",  # a field nobody declared is a mistake, not a new column
            "properties": {
                **{name: {"type": "keyword"} for name in KEYWORDS},
                "approved": {"type": "boolean"},
                "ordinal": {"type": "integer"},
                "number": {"type": "long"},  # order of storing, as the laptop's row ids
                "length": {"type": "integer"},  # terms in all: exact, where Lucene's own is rounded
                "chunk_count": {"type": "integer"},
                "record": {"type": "object", "enabled": False},  # the document or chunk itself
                "heading": {"type": "text", "index": False, "copy_to": "words"},
                "body": {"type": "text", "index": False, "copy_to": "words"},
                "words": _terms(),
                "page_words": _terms(),  # the title three times, for it counts so at home; then the body
                "text": _text(),
                **{vector_field(model): vector_mapping(options, size) for model, size in models.items()},
            },
        },
    }


def vectors_body(options: OpenSearchOptions) -> Json:
    """The index that keeps each text's vector by text hash and model: the truth that chunks copy from."""
    return {
        "settings": {"index": {"number_of_shards": 1, "number_of_replicas": options.replicas}},
        "mappings": {
            "dynamic": "strict",
            "properties": {
                "model": {"type": "keyword"},
                "text_hash": {"type": "keyword"},
                "dimensions": {"type": "integer"},
                "vector": {"type": "binary"},  # float32, little-endian
            },
        },
    }


def state_body(options: OpenSearchOptions) -> Json:
    """The index of small records of what is valid; read by id, never searched by content."""
    return {
        "settings": {"index": {"number_of_shards": 1, "number_of_replicas": options.replicas}},
        "mappings": {"dynamic": "strict", "properties": {"state": {"type": "object", "enabled": False}}},
    }


def vector_field(model_id: str) -> str:
    """The field of a model's vectors; each model has its own, for dimensions differ and never mix."""
    return f"vector_{hashlib.sha256(model_id.encode()).hexdigest()[:12]}"


def vector_mapping(options: OpenSearchOptions, dimensions: int) -> Json:
    """The mapping of one model's vectors."""
    field: Json = {
        "type": "knn_vector",
        "dimension": dimensions,
        "method": {
            "name": "hnsw",
            "engine": str(options.engine),
            "space_type": str(options.space),
            "parameters": {"m": options.m, "ef_construction": options.ef_construction},
        },
    }
    if options.engine is Engine.FAISS:
        field["method"]["parameters"]["ef_search"] = options.ef_search
    if options.mode is Mode.ON_DISK:  # the mode brings its own rescoring; engine and method stay ours
        field |= {"mode": str(options.mode), "compression_level": options.compression}
    elif options.compression != "1x":
        field["compression_level"] = options.compression
    return field


def similarity(options: OpenSearchOptions, score: float) -> float:
    """The cosine behind a score of `_search`, for vectors of length 1.

    OpenSearch makes scores positive: 1 + x for an inner product x ≥ 0 and 1 / (1 - x) below, (1 + x) / 2 for a
    cosine, 1 / (1 + d²) for a distance d (documentation of the k-NN plugin, "Spaces").
    """
    if options.space is SpaceType.COSINE:
        return 2.0 * score - 1.0
    if options.space is SpaceType.L2:
        return 1.0 - (1.0 / score - 1.0) / 2.0
    return score - 1.0 if score >= 1.0 else 1.0 - 1.0 / score


def memory_bytes(vectors: int, dimensions: int, options: OpenSearchOptions) -> int:
    """Memory that the graphs want: 1.1 · (bytes of a vector + 8·m) · vectors, times the copies.

    With full precision a vector has 4·d bytes: the rule of the k-NN plugin's documentation for HNSW.
    """
    each = BYTES[options.compression] * dimensions + 8 * options.m
    return round(1.1 * each * vectors * (1 + options.replicas))


def _terms() -> Json:
    return {"type": "text", "analyzer": "whitespace", "similarity": "laptop", "index_options": "freqs"}


def _text() -> Json:
    """The text as people search it, analyzed as each language; `STEMMED` names them."""
    return {
        "type": "text",
        "analyzer": "standard",
        "index_options": "offsets",  # highlighting without analyzing again
        "fields": {tag: {"type": "text", "analyzer": ANALYZERS[tag]} for tag in STEMMED},
    }
