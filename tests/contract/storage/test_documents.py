"""What the document register does over every table."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rimedio.domain.errors import NotFound
from rimedio.domain.knowledge import DocType
from rimedio.storage.documents import DocumentRecord, DocumentStatus, DocumentStore

START = datetime(2026, 1, 1, tzinfo=UTC)
SOURCES = ["faq.md", "manuals/100%.md", "manuals/a#b.md", "manuals/xc200.md", "manuals2/x.md"]


@pytest.fixture(params=[1, 3])
def store(request: pytest.FixtureRequest, home) -> DocumentStore:
    return DocumentStore(home.table, shards=request.param)


def record(number: int = 0, **fields) -> DocumentRecord:
    source = SOURCES[number % len(SOURCES)]
    found = DocumentRecord(
        f"doc_{number}", "acme", source, f"Title {number}", DocumentStatus.INDEXED, "0" * 64,
        START + timedelta(minutes=number), None, DocType.MANUAL, "it", "1.2", 12, 40, {"author": "R&D"},
    )  # fmt: skip
    return replace(found, **fields)


def test_a_record_is_read_back_whole(store: DocumentStore) -> None:
    store.save(record())
    assert store.get("acme", "doc_0") == record()


def test_a_refused_source_keeps_its_reason(store: DocumentStore) -> None:
    refused = DocumentRecord(
        "doc_9", "acme", "scan.pdf", "scan", DocumentStatus.REFUSED, "", START, reason="It has no text."
    )
    store.save(refused)
    assert store.get("acme", "doc_9") == refused
    assert store.list_by_status("acme", DocumentStatus.REFUSED).records == (refused,)


def test_another_tenant_sees_nothing(store: DocumentStore) -> None:
    store.save(record())
    assert store.find("other", "doc_0") is None
    assert store.list_all("other").records == ()
    with pytest.raises(NotFound, match="doc_0"):
        store.remove("other", "doc_0")
    assert store.find("acme", "doc_0")


def test_a_record_moves_between_the_lists_of_its_status(store: DocumentStore) -> None:
    store.save(record(status=DocumentStatus.PROCESSING))
    store.save(record())
    assert store.list_by_status("acme", DocumentStatus.PROCESSING).records == ()
    assert store.list_by_status("acme", DocumentStatus.INDEXED).records == (record(),)


def test_records_are_listed_by_source_and_by_folder(store: DocumentStore) -> None:
    for number in (3, 0, 4, 1, 2):
        store.save(record(number))
    seen: list[str] = []
    cursor = None
    while True:
        page = store.list_all("acme", limit=2, cursor=cursor)
        seen += [found.source_uri for found in page.records]
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(seen) == SOURCES
    assert len(seen) == len(SOURCES)
    below = store.list_all("acme", below="manuals/").records
    assert {found.source_uri for found in below} == set(SOURCES[1:4])
    assert [found.source_uri for found in store.list_all("acme", below="manuals/100%").records] == [
        SOURCES[1]
    ]


def test_records_of_one_source_are_found_exactly(store: DocumentStore) -> None:
    for number in range(10):
        store.save(record(number))
    store.save(record(20, source_uri="manuals/xc200.md.old"))
    found = store.by_source("acme", "manuals/xc200.md")
    assert {each.document_id for each in found} == {"doc_3", "doc_8"}


def test_a_source_with_a_very_long_name_is_found(store: DocumentStore) -> None:
    long = "https://example.org/" + "x" * 2000
    store.save(record(source_uri=long))
    assert store.by_source("acme", long) == (record(source_uri=long),)
    assert store.by_source("acme", long + "y") == ()


def test_a_removed_record_is_gone(store: DocumentStore) -> None:
    store.save(record())
    assert store.remove("acme", "doc_0") == record()
    assert store.find("acme", "doc_0") is None
    assert store.list_all("acme").records == ()
    with pytest.raises(NotFound):
        store.remove("acme", "doc_0")


def test_of_two_who_remove_a_record_at_once_the_second_finds_none(store: DocumentStore) -> None:
    store.save(record())
    other = DocumentStore(store._table, shards=store._shards)

    class Meeting(DocumentStore):
        """Between looking for the record and removing it, somebody else removes it."""

        def get(self, tenant_id: str, document_id: str) -> DocumentRecord:
            found = super().get(tenant_id, document_id)
            other.remove(tenant_id, document_id)
            return found

    with pytest.raises(NotFound, match="no document doc_0"):
        Meeting(store._table, shards=store._shards).remove("acme", "doc_0")
