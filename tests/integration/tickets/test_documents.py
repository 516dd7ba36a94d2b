"""Documents that the service takes in: queued, read in the background, shown where a quote stands."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rimedio.bootstrap import Rimedio, laptop
from rimedio.domain.errors import InvalidInput, NotFound
from rimedio.domain.knowledge import DocType
from rimedio.knowledge.preparation import Given
from rimedio.settings import EmbedderName, Settings
from rimedio.storage.documents import DocumentStatus
from rimedio.storage.memory_objects import MemoryObjectStore

PDF = Path(__file__).parents[3] / "examples" / "knowledge" / "tepora-messa-in-servizio-it.pdf"
MANUAL = b"# Pump P-1\n\n## Noise\n\nThe pump hums when the bearing is dry. Grease the bearing with 5 g of grease.\n"


@pytest.fixture
def system(tmp_path: Path) -> Rimedio:
    return laptop(Settings(data_dir=tmp_path / "data", embedder=EmbedderName.NONE))


def test_a_document_is_queued_at_once_and_read_by_the_loop(system: Rimedio) -> None:
    queued = system.manuals.load(
        "acme", MANUAL, "../pump manual.md", Given(version="7", doc_type=DocType.SOP)
    )
    assert (queued.status, queued.source_uri) == (DocumentStatus.PROCESSING, "upload:///pump manual.md")
    assert system.manuals.reading.run_once() == 1
    record = system.documents.get("acme", queued.document_id)
    assert (record.status, record.version, record.doc_type) == (DocumentStatus.INDEXED, "7", DocType.SOP)
    assert system.manuals.reading.run_once() == 0
    assert system.library.find("acme", "bearing grease").passages
    assert system.manuals.originals("acme", queued.document_id).data == MANUAL


def test_what_was_queued_before_a_crash_is_read_after_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", embedder=EmbedderName.NONE)
    before = laptop(settings)
    queued = before.manuals.load("acme", MANUAL, "pump.md")
    before.close()
    after = laptop(settings)
    assert after.manuals.reading.run_once() == 1
    assert after.documents.get("acme", queued.document_id).status is DocumentStatus.INDEXED


def test_the_same_name_again_is_a_new_version_of_the_same_document(system: Rimedio) -> None:
    first = system.manuals.load("acme", MANUAL, "pump.md")
    system.manuals.reading.run_once()
    again = system.manuals.load("acme", MANUAL.replace(b"5 g", b"9 g"), "pump.md")
    system.manuals.reading.run_once()
    assert again.document_id == first.document_id
    (passage, *_) = system.library.find("acme", "how much grease").passages
    assert "9 g" in passage.chunk.text


def kept_files(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.rglob("*originals*/*")) if path.is_file()]


def test_a_document_that_is_removed_or_replaced_leaves_no_file_behind(
    system: Rimedio, tmp_path: Path
) -> None:
    first = system.manuals.load("acme", MANUAL, "pump.md")
    system.manuals.load("acme", MANUAL, "fan.md")
    system.manuals.reading.run_once()
    assert kept_files(tmp_path) == [MANUAL, MANUAL]
    newer = MANUAL.replace(b"5 g", b"9 g")
    system.manuals.load("acme", newer, "pump.md")
    assert sorted(kept_files(tmp_path)) == sorted([MANUAL, newer])
    system.manuals.reading.run_once()
    system.library.forget("acme", first.document_id)
    assert kept_files(tmp_path) == [MANUAL]
    assert len(system.library.find("acme", "how much grease").passages) == 1


def test_a_refused_file_is_not_kept_and_does_not_take_its_successor_along(
    system: Rimedio, tmp_path: Path
) -> None:
    system.manuals.load("acme", b"%PDF-1.4 no pdf at all", "pump.pdf")
    system.manuals.reading.run_once()
    assert kept_files(tmp_path) == []
    queued = system.manuals.load("acme", PDF.read_bytes(), "pump.pdf")
    system.manuals.reading.run_once()
    assert system.documents.get("acme", queued.document_id).status is DocumentStatus.INDEXED
    assert kept_files(tmp_path) == [PDF.read_bytes()]


class Meanwhile(MemoryObjectStore):
    """A store of objects, in which somebody else acts once, as soon as an object has been read."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self._acts = [act]

    def get(self, tenant_id: str, name: str) -> bytes:
        found = super().get(tenant_id, name)
        if self._acts:
            self._acts.pop()()
        return found


@pytest.mark.parametrize("first", [MANUAL, b"\x00\x01\x02" * 50], ids=["good", "unreadable"])
def test_a_version_sent_while_the_one_before_is_read_is_read_too(system: Rimedio, first: bytes) -> None:
    newer = MANUAL.replace(b"5 g", b"9 g")
    objects = Meanwhile(lambda: load("acme", newer, "pump.md"))
    load = replace(system.manuals.load, objects=objects)
    reading = replace(system.manuals.reading, objects=objects)
    queued = load("acme", first, "pump.md")
    reading.run_once()
    assert system.documents.get("acme", queued.document_id).status is DocumentStatus.PROCESSING
    reading.run_once()
    assert system.documents.get("acme", queued.document_id).status is DocumentStatus.INDEXED
    (passage, *_) = system.library.find("acme", "how much grease").passages
    assert "9 g" in passage.chunk.text


def test_a_document_removed_while_it_is_read_stays_removed(system: Rimedio) -> None:
    objects = Meanwhile(lambda: system.library.forget("acme", queued.document_id))
    queued = replace(system.manuals.load, objects=objects)("acme", MANUAL, "pump.md")
    reading = replace(system.manuals.reading, objects=objects)
    reading.run_once()
    assert system.documents.find("acme", queued.document_id) is None
    assert system.index.document("acme", queued.document_id) is None
    assert reading.run_once() == 0


def test_a_file_that_cannot_be_read_is_refused_with_its_reason_and_not_kept(system: Rimedio) -> None:
    queued = system.manuals.load("acme", b"\x00\x01\x02" * 50, "firmware.bin")
    system.manuals.reading.run_once()
    record = system.documents.get("acme", queued.document_id)
    assert record.status is DocumentStatus.REFUSED
    assert record.reason
    with pytest.raises(NotFound):
        system.manuals.originals("acme", queued.document_id)


@pytest.mark.parametrize(("data", "name"), [(b"", "empty.md"), (b"text", "/"), (b"text", "\x00")])
def test_an_empty_or_nameless_file_is_not_queued(system: Rimedio, data: bytes, name: str) -> None:
    with pytest.raises(InvalidInput):
        system.manuals.load("acme", data, name)
    assert system.manuals.list("acme").records == ()


def test_a_quote_is_shown_in_the_page_of_its_pdf(system: Rimedio) -> None:
    queued = system.manuals.load("acme", PDF.read_bytes(), PDF.name)
    system.manuals.reading.run_once()
    (passage, *_) = system.library.find("acme", "vuoto dell'impianto").passages
    quote = passage.chunk.text.split(".")[0]
    shown = system.manuals.show_passage("acme", passage.chunk.chunk_id, quote)
    assert shown.page is not None
    assert shown.page.boxes
    assert all(0 <= v <= 1 for box in shown.page.boxes for v in (box.x, box.y, box.width, box.height))
    assert shown.quote is not None
    assert passage.chunk.text[shown.quote.start : shown.quote.end] == quote
    picture = system.manuals.show_page("acme", queued.document_id, shown.page.number, 600)
    assert picture.startswith(b"\x89PNG")
    with pytest.raises(NotFound, match="has no page 99"):
        system.manuals.show_page("acme", queued.document_id, 99, 600)


def test_a_passage_of_a_text_has_neighbours_and_no_page(system: Rimedio) -> None:
    queued = system.manuals.load("acme", MANUAL, "pump.md")
    system.manuals.reading.run_once()
    (chunk, *_) = system.index.section("acme", queued.document_id)
    shown = system.manuals.show_passage("acme", chunk.chunk_id)
    assert (shown.page, shown.quote, shown.document.has_original) == (None, None, True)
    with pytest.raises(NotFound, match="is no PDF"):
        system.manuals.show_page("acme", queued.document_id, 1, 600)


def test_another_tenant_sees_neither_passage_nor_original(system: Rimedio) -> None:
    queued = system.manuals.load("acme", MANUAL, "pump.md")
    system.manuals.reading.run_once()
    (chunk, *_) = system.index.section("acme", queued.document_id)
    with pytest.raises(NotFound):
        system.manuals.show_passage("other", chunk.chunk_id)
    with pytest.raises(NotFound):
        system.manuals.originals("other", queued.document_id)


def test_a_file_that_changed_on_disk_since_it_was_loaded_is_not_shown(
    system: Rimedio, tmp_path: Path
) -> None:
    path = tmp_path / "pump.md"
    path.write_bytes(MANUAL)
    system.ingestor.ingest([path], "acme")
    (record,) = system.manuals.list("acme").records
    assert system.manuals.originals("acme", record.document_id).data == MANUAL
    path.write_bytes(b"something private")
    with pytest.raises(NotFound, match="no longer there"):
        system.manuals.originals("acme", record.document_id)


def test_words_filter_the_list_and_its_pages_repeat_nothing(system: Rimedio) -> None:
    for number in range(7):
        kind = "pump" if number % 2 else "boiler"
        system.manuals.load("acme", MANUAL, f"{kind}-{number}.md")
    seen: list[str] = []
    cursor = None
    while True:
        page = system.manuals.list("acme", words="PUMP", limit=2, cursor=cursor)
        seen += [record.title for record in page.records]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == ["pump-1.md", "pump-3.md", "pump-5.md"]
