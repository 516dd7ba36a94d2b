"""What every knowledge index must do. An adapter joins by adding its factory to `INDEXES`, an engine its name to `ENGINES`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.opensearch import a_client, a_prefix, address_of, emptied

from rimedio.domain.clock import RandomIds, SystemClock
from rimedio.domain.errors import InvalidInput
from rimedio.domain.knowledge import Chunk, DocType, Document, ReviewStatus
from rimedio.knowledge.embedding.fake import FakeEmbedder
from rimedio.knowledge.embedding.port import Vectors
from rimedio.knowledge.index.memory_shelf import MemoryShelf
from rimedio.knowledge.index.opensearch import OpenSearchIndex
from rimedio.knowledge.index.opensearch_client import OpenSearchClient
from rimedio.knowledge.index.port import Filters, KnowledgeIndex
from rimedio.knowledge.index.published import Shelf
from rimedio.knowledge.index.published_reader import PublishedIndex
from rimedio.knowledge.index.published_writer import IndexPublisher
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.lexicon import asked_terms
from rimedio.storage.database import Database

EMBEDDER = FakeEmbedder()
MODEL = EMBEDDER.model_id


@contextmanager
def sqlite_file(folder: Path) -> Iterator[KnowledgeIndex]:
    database = Database(folder / "rimedio.sqlite3")
    yield SqliteIndex(database)
    database.close()


@contextmanager
def sqlite_memory(_: Path) -> Iterator[KnowledgeIndex]:
    database = Database(None)
    yield SqliteIndex(database)
    database.close()


class Engines:
    """One set of indexes an engine for all tests of this file, emptied between them: making them is slow."""

    def __init__(self) -> None:
        self._opened = ExitStack()
        self._homes: dict[str, tuple[OpenSearchClient, str]] = {}

    def empty(self, engine: str) -> KnowledgeIndex:
        if engine not in self._homes:
            client = self._opened.enter_context(a_client(address_of(engine)))
            self._homes[engine] = client, self._opened.enter_context(a_prefix(client))
        client, prefix = self._homes[engine]
        index = OpenSearchIndex(client, prefix, SystemClock())
        index.create()
        emptied(client, prefix)
        return index

    def close(self) -> None:
        self._opened.close()


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    with closing(Engines()) as engines:
        yield engines


class Publishing(PublishedIndex):
    """Readers of a published index, and the writer that publishes each change."""

    def __init__(self, shelf: Shelf, folder: Path) -> None:
        super().__init__(shelf, folder / "reader", SystemClock(), check_seconds=0)
        self._publisher = IndexPublisher(shelf, folder / "writer", SystemClock(), RandomIds())

    def replace_document(self, document: Document, chunks: Sequence[Chunk]) -> None:  # type: ignore[override]
        self._publisher.apply(lambda index: index.replace_document(document, chunks))

    def remove_document(self, tenant_id: str, document_id: str) -> bool:  # type: ignore[override]
        return self._publisher.apply(lambda index: index.remove_document(tenant_id, document_id))

    def store_vectors(self, model_id: str, vectors: Mapping[str, Vectors]) -> None:  # type: ignore[override]
        self._publisher.apply(lambda index: index.store_vectors(model_id, vectors))


@contextmanager
def published(folder: Path) -> Iterator[KnowledgeIndex]:
    with closing(Publishing(MemoryShelf(), folder)) as index:
        yield index


INDEXES: dict[str, Callable[[Path], AbstractContextManager[KnowledgeIndex]]] = {
    "file": sqlite_file,
    "memory": sqlite_memory,
    "published": published,
}
ENGINES = {"opensearch-2.19": "opensearch", "opensearch-3.5": "opensearch3"}


@pytest.fixture(params=sorted((*INDEXES, *ENGINES)))
def index(request: pytest.FixtureRequest, tmp_path: Path, engines: Engines) -> Iterator[KnowledgeIndex]:
    if request.param in ENGINES:
        yield engines.empty(ENGINES[request.param])
        return
    with INDEXES[request.param](tmp_path) as opened:
        yield opened


def document(document_id: str = "manual", tenant: str = "acme", **fields: object) -> Document:
    values: dict[str, object] = {
        "source_uri": f"file:///{document_id}.md",
        "title": "Manual",
        "doc_type": DocType.MANUAL,
        "content_hash": "0",
        "language": "en",
        "updated_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return Document(document_id=document_id, tenant_id=tenant, **(values | fields))  # type: ignore[arg-type]


def chunk(text: str, of: Document, ordinal: int = 0, **fields: object) -> Chunk:
    values: dict[str, object] = {
        "chunk_id": f"{of.document_id}-{ordinal}",
        "source_uri": of.source_uri,
        "source_title": of.title,
        "doc_type": of.doc_type,
        "language": of.language,
    }
    return Chunk(
        document_id=of.document_id,
        tenant_id=of.tenant_id,
        ordinal=ordinal,
        text=text,
        **(values | fields),  # type: ignore[arg-type]
    )


def load(index: KnowledgeIndex, *texts: str, of: Document | None = None, **fields: object) -> Document:
    of = of or document()
    index.replace_document(of, [chunk(text, of, i, **fields) for i, text in enumerate(texts)])
    return of


def embed(index: KnowledgeIndex, limit: int = 100) -> int:
    waiting = index.unembedded(MODEL, limit)
    vectors = EMBEDDER.embed_passages([text for _, text in waiting])
    index.store_vectors(MODEL, {key: vector for (key, _), vector in zip(waiting, vectors, strict=True)})
    return len(waiting)


def by_words(
    index: KnowledgeIndex, text: str, filters: Filters | None = None, tenant: str = "acme"
) -> list[str]:
    hits = index.search_words(tenant, asked_terms(text, "en"), filters or Filters(), 10)
    return [hit.chunk_id for hit in hits]


def by_codes(
    index: KnowledgeIndex, *codes: str, filters: Filters | None = None, tenant: str = "acme"
) -> list[str]:
    return [hit.chunk_id for hit in index.search_codes(tenant, codes, filters or Filters(), 10)]


def by_meaning(
    index: KnowledgeIndex, text: str, filters: Filters | None = None, tenant: str = "acme"
) -> list[str]:
    hits = index.search_vectors(tenant, MODEL, EMBEDDER.embed_query(text), filters or Filters(), 10)
    return [hit.chunk_id for hit in hits]


def test_a_stored_document_and_its_chunks_come_back_as_they_were(index: KnowledgeIndex) -> None:
    of = document(pages=3, version="2.1", attributes={"maker": "Acme"})
    chunks = [
        chunk("One.", of, 0, section=("Errors", "E001"), page=2, error_codes=("E001",)),
        chunk("Two.", of, 1, updated_at=datetime(2025, 5, 5, tzinfo=UTC), tags=("pump",)),
    ]
    index.replace_document(of, chunks)
    assert index.document("acme", "manual") == of
    assert list(index.section("acme", "manual")) == chunks
    assert index.chunks("acme", ["manual-1", "nobody"]) == {"manual-1": chunks[1]}


def test_documents_are_listed_by_source(index: KnowledgeIndex) -> None:
    load(index, "b", of=document("b"))
    load(index, "a", of=document("a"))
    assert [d.document_id for d in index.documents("acme")] == ["a", "b"]


def test_inflected_words_are_found_by_their_stem(index: KnowledgeIndex) -> None:
    load(index, "The contactors are stuck.", "The pump makes noise.")
    assert by_words(index, "contactor is sticking, a stuck one") == ["manual-0"]


def test_italian_text_is_stemmed_as_italian(index: KnowledgeIndex) -> None:
    load(index, "Controllare i contattori.", "La pompa fa rumore.", of=document(language="it"), language="it")
    hits = index.search_words("acme", asked_terms("il contattore", "it"), Filters(), 10)
    assert [hit.chunk_id for hit in hits] == ["manual-0"]


def test_stop_words_alone_find_nothing(index: KnowledgeIndex) -> None:
    load(index, "What is the torque of this screw?")
    assert by_words(index, "what is this of the") == []


def test_titles_and_headings_are_searched_too(index: KnowledgeIndex) -> None:
    load(index, "Turn it off.", of=document(title="Boiler"), section=("Defrosting",))
    assert by_words(index, "boiler") == by_words(index, "defrost") == ["manual-0"]


def test_a_hostile_question_is_only_words(index: KnowledgeIndex) -> None:
    load(index, "A quoted OR word.")
    assert by_words(index, 'quoted" OR NEAR(title:* AND ) "') == ["manual-0"]


def test_part_numbers_and_units_stay_whole(index: KnowledgeIndex) -> None:
    load(index, "Replace part 81-2200-X.", "Supply of 48 VDC.", "Part 81-2200-Y.")
    assert by_words(index, "81-2200-X")[0] == "manual-0"
    assert by_words(index, "48 volt")[0] == "manual-1"


def test_a_code_finds_the_chunk_that_defines_it(index: KnowledgeIndex) -> None:
    of = document()
    index.replace_document(
        of,
        [
            chunk("See E002.", of, 0, error_codes=("E001",), mentioned_codes=("E002",)),
            chunk("Low.", of, 1, error_codes=("E407/01",)),
            chunk("High.", of, 2, error_codes=("E407/02",)),
            chunk("Fuse.", of, 3, part_numbers=("XC2-PSU-0420",)),
        ],
    )
    assert by_codes(index, "e001") == ["manual-0"]
    assert by_codes(index, "E002") == []
    assert by_codes(index, "E407/02") == ["manual-2"]
    assert by_codes(index, "E407") == ["manual-1", "manual-2"]
    assert by_codes(index, "XC2-PSU-0420") == ["manual-3"]
    assert index.known_codes("acme") == {"E001", "E407/01", "E407/02"}


def test_term_frequencies_count_chunks_and_leave_unknown_terms_out(index: KnowledgeIndex) -> None:
    load(index, "pump pump", "pump valve")
    assert index.term_frequencies("acme", ["en:pump", "en:valv", "en:zebra"]) == {"en:pump": 2, "en:valv": 1}


def test_a_replaced_document_leaves_nothing_of_the_old_one(index: KnowledgeIndex) -> None:
    load(index, "An old pump.", "An old valve.", error_codes=("E001",))
    embed(index)
    assert by_meaning(index, "valve")
    load(index, "A new fan.", error_codes=("E002",))
    assert by_words(index, "old pump valve") == []
    assert by_codes(index, "E001") == []
    assert by_meaning(index, "valve") == []
    assert index.known_codes("acme") == {"E002"}
    assert index.coverage("acme", MODEL).chunks == 1
    assert index.verify() == []


def test_a_removed_document_is_gone_from_every_way_of_searching(index: KnowledgeIndex) -> None:
    load(index, "A pump.", error_codes=("E001",))
    embed(index)
    by_meaning(index, "pump")
    assert index.remove_document("acme", "manual")
    assert not index.remove_document("acme", "manual")
    assert by_words(index, "pump") == by_codes(index, "E001") == by_meaning(index, "pump") == []
    assert index.document("acme", "manual") is None
    assert index.verify() == []


def test_a_document_without_chunks_is_still_a_document(index: KnowledgeIndex) -> None:
    index.replace_document(document(), [])
    assert index.coverage("acme", MODEL).documents == 1
    assert index.verify() == []


def test_a_strangers_chunk_is_refused_and_nothing_is_stored(index: KnowledgeIndex) -> None:
    with pytest.raises(InvalidInput, match="belongs to"):
        index.replace_document(document(), [chunk("x", document("other"))])
    assert index.documents("acme") == []


def test_the_nearest_chunk_comes_first_with_its_cosine(index: KnowledgeIndex) -> None:
    load(index, "the compressor hums", "the door is painted green")
    embed(index)
    hits = index.search_vectors(
        "acme", MODEL, EMBEDDER.embed_query("Manual the compressor hums"), Filters(), 2
    )
    assert [hit.chunk_id for hit in hits] == ["manual-0", "manual-1"]
    assert hits[0].score == pytest.approx(1.0, abs=0.05)


def test_chunks_without_a_vector_are_waiting_and_then_counted(index: KnowledgeIndex) -> None:
    load(index, "one", "two", "three")
    assert index.coverage("acme", MODEL).embedded == 0
    assert embed(index, limit=2) == 2
    assert index.coverage("acme", MODEL).embedded == 2
    assert len(by_meaning(index, "two")) == 2
    assert embed(index) == 1
    assert len(by_meaning(index, "two")) == 3
    assert index.unembedded(MODEL, 10) == []


def test_the_share_of_vectors_is_told_document_by_document(index: KnowledgeIndex) -> None:
    done, waiting = document("done"), document("waiting")
    index.replace_document(done, [chunk("replace the filter", done)])
    [(key, text)] = index.unembedded(MODEL, 1)
    index.store_vectors(MODEL, {key: EMBEDDER.embed_passages([text])[0]})
    index.replace_document(waiting, [chunk("clean the fan", waiting)])
    asked = ["done", "waiting", "absent"]
    assert index.embedded_shares("acme", MODEL, asked) == {"done": 1.0, "waiting": 0.0}
    assert index.embedded_shares("globex", MODEL, asked) == {}


def test_equal_texts_share_one_vector_that_is_never_computed_twice(index: KnowledgeIndex) -> None:
    load(index, "same", of=document("a"))
    embed(index)
    load(index, "same", of=document("b"))
    assert index.unembedded(MODEL, 10) == []
    assert set(by_meaning(index, "same")) == {"a-0", "b-0"}
    index.remove_document("acme", "a")
    assert by_meaning(index, "same") == ["b-0"]
    assert index.verify() == []


def test_a_vector_once_stored_is_the_truth(index: KnowledgeIndex) -> None:
    load(index, "one")
    [(key, _)] = index.unembedded(MODEL, 1)
    first, second = np.eye(2, EMBEDDER.dimensions, dtype=np.float32)
    index.store_vectors(MODEL, {key: first})
    index.store_vectors(MODEL, {key: second})
    assert np.array_equal(index.vectors("acme", MODEL, ["manual-0"])["manual-0"], first)


def test_a_vector_that_comes_too_late_is_dropped(index: KnowledgeIndex) -> None:
    load(index, "one")
    waiting = index.unembedded(MODEL, 1)
    index.remove_document("acme", "manual")
    index.store_vectors(MODEL, {waiting[0][0]: EMBEDDER.embed_query("one")})
    assert index.verify() == []


def test_vectors_of_another_model_are_never_mixed_in(index: KnowledgeIndex) -> None:
    load(index, "one")
    embed(index)
    assert index.search_vectors("acme", "other-model", EMBEDDER.embed_query("one"), Filters(), 5) == []
    assert index.coverage("acme", "other-model").embedded == 0
    assert index.vectors("acme", "other-model", ["manual-0"]) == {}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(), {"a-0", "b-0", "c-0"}),
        (Filters(approved_only=False), {"a-0", "b-0", "c-0", "draft-0"}),
        (Filters(product_models=("xc 200",)), {"a-0", "c-0"}),  # c names no model: it fits all
        (Filters(doc_types=(DocType.FAQ,)), {"b-0"}),
        (Filters(languages=("it",)), {"c-0"}),
        (Filters(tags=("hot", "cold")), {"a-0"}),
        (Filters(categories=("THERMAL",)), {"b-0"}),
        (Filters(document_ids=("b", "c")), {"b-0", "c-0"}),
        (Filters(error_codes=("E001",)), {"a-0"}),
        (Filters(error_codes=("E407",)), {"b-0"}),
        (Filters(doc_types=(DocType.FAQ,), tags=("hot",)), set()),
    ],
)
def test_filters_hold_for_words_codes_and_vectors(
    index: KnowledgeIndex, filters: Filters, found: set[str]
) -> None:
    common = {"part_numbers": ("P-100-200",)}
    load(
        index,
        "pump",
        of=document("a"),
        product_models=("XC-200",),
        tags=("hot",),
        error_codes=("E001",),
        **common,
    )
    load(
        index,
        "pump",
        of=document("b"),
        product_models=("TP-9",),
        doc_type=DocType.FAQ,
        categories=("THERMAL",),
        error_codes=("E407/01",),
        **common,
    )
    load(index, "pump", of=document("c"), language="it", **common)
    load(
        index, "pump", of=document("draft"), review_status=ReviewStatus.DRAFT, product_models=("Z",), **common
    )
    embed(index)
    assert set(by_words(index, "pump", filters)) == found
    assert set(by_codes(index, "P-100-200", filters=filters)) == found
    assert set(by_meaning(index, "pump", filters)) == found


def test_nothing_crosses_tenants(index: KnowledgeIndex) -> None:
    load(index, "pump", of=document(tenant="acme"), error_codes=("E001",))
    load(index, "pump valve", of=document(tenant="globex"), error_codes=("E002",))
    embed(index)
    assert [h.chunk_id for h in index.search_codes("acme", ["E002"], Filters(), 5)] == []
    assert len(by_words(index, "pump valve")) == 1
    assert len(by_meaning(index, "valve")) == 1
    assert index.known_codes("acme") == {"E001"}
    assert index.term_frequencies("acme", ["en:valv"]) == {}
    assert index.section("nobody", "manual") == []
    assert index.remove_document("globex", "manual")
    assert by_words(index, "pump") == ["manual-0"]
    assert index.coverage("globex", MODEL).chunks == 0


def test_a_strangers_chunks_do_not_change_a_score(index: KnowledgeIndex) -> None:
    load(index, "pump", "valve", "fan")
    terms = asked_terms("pump", "en")
    before = index.search_words("acme", terms, Filters(), 5)
    load(index, *["pump"] * 20, of=document(tenant="globex"))
    assert index.search_words("acme", terms, Filters(), 5) == before


def test_an_unknown_tenant_finds_nothing(index: KnowledgeIndex) -> None:
    assert by_words(index, "pump", tenant="nobody") == by_codes(index, "E001", tenant="nobody") == []
    assert by_meaning(index, "pump", tenant="nobody") == []
    assert index.known_codes("nobody") == frozenset()
    assert index.coverage("nobody", MODEL).chunks == 0
    assert not index.remove_document("nobody", "manual")


def test_a_question_finds_a_manual_in_the_other_language_through_the_glossary(index: KnowledgeIndex) -> None:
    load(index, "Check the contactor coil.", "Paint the frame.")
    hits = index.search_words("acme", asked_terms("la bobina del contattore", "it"), Filters(), 10)
    assert [hit.chunk_id for hit in hits] == ["manual-0"]


def test_words_of_a_third_language_are_found_as_they_are_written(index: KnowledgeIndex) -> None:
    load(index, "Das Schütz zieht nicht an.", of=document(language="de"), language="de")
    assert by_words(index, "Schütz") == ["manual-0"]


def test_pages_are_found_by_the_words_of_all_their_chunks(index: KnowledgeIndex) -> None:
    load(index, "pump", "valve", of=document("both"))
    load(index, "pump", "fan", of=document("one"))
    scores = index.search_pages("acme", asked_terms("pump valve", "en"), 10)
    assert scores["both"] > scores["one"]
    assert index.search_pages("nobody", asked_terms("pump", "en"), 10) == {}
    index.remove_document("acme", "both")
    assert set(index.search_pages("acme", asked_terms("pump valve", "en"), 10)) == {"one"}


def test_the_terms_of_a_chunk_are_kept_in_their_order(index: KnowledgeIndex) -> None:
    load(index, "Replace the worn pump.", of=document(title="Boiler"), section=("Repairs",))
    terms = index.terms("acme", ["manual-0", "nobody"])
    assert list(terms) == ["manual-0"]
    assert terms["manual-0"].heading == ["en:boiler", "en:repair"]
    assert terms["manual-0"].body == ["en:replac", "en:worn", "en:pump"]


def test_chunks_are_counted_by_tenant(index: KnowledgeIndex) -> None:
    load(index, "one", "two")
    load(index, "three", of=document(tenant="globex"))
    assert [index.chunk_count(tenant) for tenant in ("acme", "globex", "nobody")] == [2, 1, 0]
    index.remove_document("acme", "manual")
    assert index.chunk_count("acme") == 0
