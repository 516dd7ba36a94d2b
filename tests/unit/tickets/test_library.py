"""What Rimedio knows: found with its model, listed and forgotten without."""

from collections.abc import Callable
from typing import Never

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import InvalidInput, ModelUnavailable, NotFound
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.ingest import Ingestor
from rimedio.knowledge.search import Search
from rimedio.storage.database import Database
from rimedio.storage.documents import DocumentStatus, DocumentStore
from rimedio.storage.memory_objects import MemoryObjectStore
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.tickets.library import Library

MANUAL = b"# XC-200\n\n## E029 Overheat\n\nRemedy: replace the filter.\n"


def no_model() -> Never:
    raise ModelUnavailable("there is no model")


def library(search: Callable[[], Search] | None = None) -> Library:
    """One manual, one refused file."""
    database, clock, taxonomy = Database(None), FakeClock(), Taxonomy.default()
    index, documents = SqliteIndex(database), DocumentStore(SqliteTable(database, clock))
    ingestor = Ingestor(index, documents, taxonomy=taxonomy, clock=clock, transaction=database.transaction)
    ingestor.ingest_bytes(MANUAL, "xc.md", "acme", source_uri="/manuals/xc.md")
    with pytest.raises(InvalidInput):
        ingestor.ingest_bytes(b"", "empty.md", "acme", source_uri="/manuals/empty.md")
    return Library(
        search or (lambda: Search(index, None, taxonomy)),
        documents,
        MemoryObjectStore(),
        lambda: ingestor,
        taxonomy,
    )


def test_a_passage_is_found_by_its_tenant_only() -> None:
    shelf = library()
    (passage,) = shelf.find("acme", "E029").passages
    assert "replace the filter" in passage.chunk.text
    assert shelf.find("other", "E029").passages == ()


def test_records_are_listed_all_or_by_status() -> None:
    shelf = library(no_model)
    assert {r.source_uri for r in shelf.records("acme", None, 10)} == {"/manuals/xc.md", "/manuals/empty.md"}
    (refused,) = shelf.records("acme", DocumentStatus.REFUSED, 10)
    assert "is empty" in str(refused.reason)
    assert shelf.records("other", None, 10) == ()


def test_a_document_is_forgotten_by_id_or_source_and_its_passages_with_it() -> None:
    shelf = library()
    (record,) = shelf.records("acme", DocumentStatus.INDEXED, 10)
    assert shelf.forget("acme", record.document_id) == "/manuals/xc.md"
    assert shelf.find("acme", "E029").passages == ()
    assert library(no_model).forget("acme", "/manuals/xc.md") == "/manuals/xc.md"


def test_what_is_not_there_cannot_be_forgotten() -> None:
    with pytest.raises(NotFound, match="nothing"):
        library(no_model).forget("acme", "nothing")
    with pytest.raises(NotFound):
        library(no_model).forget("other", "/manuals/xc.md")
