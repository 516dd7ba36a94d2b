"""Ingestion: added, changed, unchanged, vanished, refused; all or nothing."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import InvalidDocument, NotFound, StorageFailed
from rimedio.domain.knowledge import Chunk, Document
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.chunking import FixedSize, Strategy
from rimedio.knowledge.index.port import Filters
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.ingest import Ingestor, IngestReport, Outcome, Progress
from rimedio.knowledge.preparation import document_id
from rimedio.storage.database import Database
from rimedio.storage.documents import DocumentStatus, DocumentStore
from rimedio.storage.sqlite_table import SqliteTable


class Rig:
    """An ingestor over a database in memory."""

    def __init__(self, strategy: Strategy | None = None, database: Database | None = None) -> None:
        self.database = database or Database(None)
        self.index = SqliteIndex(self.database)
        self.ledger = DocumentStore(SqliteTable(self.database, FakeClock()))
        self.ingestor = Ingestor(
            self.index,
            self.ledger,
            taxonomy=Taxonomy.default(),
            clock=FakeClock(),
            strategy=strategy,
            transaction=self.database.transaction,
        )

    def load(self, *paths: Path, remove_vanished: bool = False) -> IngestReport:
        return self.ingestor.ingest(paths, "acme", remove_vanished=remove_vanished)

    def texts(self, path: Path) -> list[str]:
        return [c.text for c in self.index.section("acme", document_id("acme", path.resolve().as_posix()))]


def manual(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"# {name}\n\n{text}\n")
    return path


def test_files_become_documents_that_codes_can_find(tmp_path: Path) -> None:
    rig = Rig()
    manual(tmp_path, "a.md", "## Errore E029\n\nPulire il filtro.")
    report = rig.load(tmp_path)
    assert (report.added, report.chunks) == (1, 1)
    (hit,) = rig.index.search_codes("acme", ["E029"], Filters(), 5)
    assert rig.index.chunks("acme", [hit.chunk_id])[hit.chunk_id].text.endswith("Pulire il filtro.")


def test_an_unchanged_file_is_left_alone_even_when_touched(tmp_path: Path) -> None:
    rig = Rig()
    path = manual(tmp_path, "a.md", "Testo.")
    rig.load(tmp_path)
    os.utime(path, (1, 1))
    report = rig.load(tmp_path)
    assert (report.unchanged, report.added, report.changed, report.chunks) == (1, 0, 0, 0)


def test_a_changed_file_replaces_its_chunks(tmp_path: Path) -> None:
    rig = Rig()
    path = manual(tmp_path, "a.md", "Testo vecchio.")
    rig.load(tmp_path)
    manual(tmp_path, "a.md", "Testo nuovo, più lungo.")
    assert rig.load(tmp_path).changed == 1
    assert rig.texts(path) == ["Testo nuovo, più lungo."]


def test_another_way_of_cutting_reads_unchanged_files_again(tmp_path: Path) -> None:
    rig = Rig()
    manual(tmp_path, "a.md", "Testo.")
    rig.load(tmp_path)
    assert Rig(FixedSize(50), rig.database).load(tmp_path).changed == 1


def test_vanished_files_are_forgotten_only_when_asked(tmp_path: Path) -> None:
    rig = Rig()
    kept, gone = manual(tmp_path, "a.md", "Uno."), manual(tmp_path, "b.md", "Due.")
    rig.load(tmp_path)
    gone.unlink()
    assert rig.load(tmp_path).removed == 0
    assert rig.texts(gone)
    assert rig.load(tmp_path, remove_vanished=True).removed == 1
    assert rig.texts(gone) == []
    assert rig.texts(kept)


def test_what_lies_in_another_folder_does_not_vanish(tmp_path: Path) -> None:
    rig = Rig()
    for name in ("uno", "due"):
        (tmp_path / name).mkdir()
        manual(tmp_path / name, "a.md", "Testo.")
    rig.load(tmp_path / "uno", tmp_path / "due")
    assert rig.load(tmp_path / "uno", remove_vanished=True).removed == 0


def test_a_refused_file_is_recorded_with_its_reason_and_stops_nothing(tmp_path: Path) -> None:
    rig = Rig()
    bad = tmp_path / "a.pdf"
    bad.write_bytes(b"%PDF-1.4 rotto")
    manual(tmp_path, "b.md", "Testo.")
    report = rig.load(tmp_path)
    assert report.added == 1
    assert report.refused == [(bad.resolve().as_posix(), report.refused[0][1])]
    record = rig.ledger.get("acme", document_id("acme", bad.resolve().as_posix()))
    assert record.status is DocumentStatus.REFUSED
    assert record.reason is not None
    assert "damaged" in record.reason


def test_a_file_that_turns_bad_loses_its_old_chunks(tmp_path: Path) -> None:
    rig = Rig()
    path = manual(tmp_path, "a.md", "Testo.")
    rig.load(tmp_path)
    path.write_bytes(b"")
    assert len(rig.load(tmp_path).refused) == 1
    assert rig.texts(path) == []


def test_a_refused_file_is_tried_again(tmp_path: Path) -> None:
    rig = Rig()
    path = tmp_path / "a.md"
    path.write_bytes(b"")
    rig.load(tmp_path)
    manual(tmp_path, "a.md", "Testo.")
    assert rig.load(tmp_path).added == 1


def test_tenants_do_not_share_documents(tmp_path: Path) -> None:
    rig = Rig()
    manual(tmp_path, "a.md", "Testo.")
    rig.ingestor.ingest([tmp_path], "acme")
    rig.ingestor.ingest([tmp_path], "other")
    assert len(rig.index.documents("acme")) == len(rig.index.documents("other")) == 1


def test_progress_tells_every_file(tmp_path: Path) -> None:
    rig = Rig()
    manual(tmp_path, "a.md", "Testo.")
    (tmp_path / "b.md").write_bytes(b"")
    told: list[Progress] = []
    rig.ingestor.ingest([tmp_path], "acme", progress=told.append)
    assert [(p.outcome, p.files, p.total) for p in told] == [(Outcome.ADDED, 1, 2), (Outcome.REFUSED, 2, 2)]
    assert told[-1].reason


class FailingIndex(SqliteIndex):
    """An index whose disk fills up at the second document."""

    written = 0

    def replace_document(self, document: Document, chunks: Sequence[Chunk]) -> None:
        super().replace_document(document, chunks)
        self.written += 1
        if self.written == 2:
            raise StorageFailed("The disk is full.")


def test_a_failure_inside_a_batch_leaves_nothing_of_it(tmp_path: Path) -> None:
    rig = Rig()
    for name in ("a.md", "b.md", "c.md"):
        manual(tmp_path, name, "Testo.")
    broken = Ingestor(
        FailingIndex(rig.database),
        rig.ledger,
        taxonomy=Taxonomy.default(),
        clock=FakeClock(),
        transaction=rig.database.transaction,
    )
    with pytest.raises(StorageFailed):
        broken.ingest([tmp_path], "acme")
    assert rig.index.documents("acme") == []
    assert rig.ledger.list_all("acme").records == ()
    assert rig.load(tmp_path).added == 3


def test_an_interruption_keeps_the_batches_before_it(tmp_path: Path) -> None:
    rig = Rig()
    for n in range(70):
        manual(tmp_path, f"{n:02d}.md", "Testo.")

    def interrupt(progress: Progress) -> None:
        if progress.files == 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rig.ingestor.ingest([tmp_path], "acme", progress=interrupt)
    assert len(rig.index.documents("acme")) == 64
    report = rig.load(tmp_path)
    assert (report.unchanged, report.added) == (64, 6)


def test_an_upload_is_loaded_from_memory_and_a_bad_one_is_refused_and_recorded() -> None:
    rig = Rig()
    loaded = rig.ingestor.ingest_bytes(b"# Guida\n\nTesto.", "guida.md", "acme", source_uri="upload://1")
    assert loaded.title == "Guida"
    assert rig.index.document("acme", loaded.document_id) == loaded
    with pytest.raises(InvalidDocument, match="empty"):
        rig.ingestor.ingest_bytes(b"", "vuoto.md", "acme", source_uri="upload://2")
    assert rig.ledger.get("acme", document_id("acme", "upload://2")).status is DocumentStatus.REFUSED


def test_a_document_can_be_removed_once() -> None:
    rig = Rig()
    loaded = rig.ingestor.ingest_bytes(b"# Guida\n\nTesto.", "guida.md", "acme", source_uri="upload://1")
    rig.ingestor.remove("acme", loaded.document_id)
    assert rig.index.documents("acme") == []
    with pytest.raises(NotFound):
        rig.ingestor.remove("acme", loaded.document_id)


def test_front_matter_reaches_document_and_chunks(tmp_path: Path) -> None:
    rig = Rig()
    path = tmp_path / "b.md"
    path.write_text(
        "---\ntitle: Bollettino\ndoc_type: BULLETIN\nversion: '1.1'\ndate: 2026-02-05\nmodels: [P-1]\n---\n\nTesto.\n"
    )
    rig.load(path)
    (document,) = rig.index.documents("acme")
    assert (document.title, document.version) == ("Bollettino", "1.1")
    assert document.updated_at == datetime(2026, 2, 5, tzinfo=UTC)
    (chunk,) = rig.index.section("acme", document.document_id)
    assert chunk.product_models == ("P-1",)
    assert chunk.version == "1.1"
