import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.opensearch_documents import TENANT, a_document, load, texts_of

from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import ConditionFailed, DatabaseCorrupt, StorageFailed, Throttled, Unavailable
from rimedio.knowledge.index.memory_shelf import MemoryShelf
from rimedio.knowledge.index.published import GZIP, MANIFEST, PLAIN, pack, read_manifest
from rimedio.knowledge.index.published_reader import PublishedIndex
from rimedio.knowledge.index.published_writer import IndexPublisher, snapshot
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.storage.database import Database


class Flaky(MemoryShelf):
    """Fails while it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.down = False
        self.reads = 0

    def read(self, name: str) -> tuple[bytes, str] | None:
        self.reads += 1
        if self.down:
            raise Unavailable("S3 is down.")
        return super().read(name)


class Forgetful(MemoryShelf):
    """Loses the answer to the first exchange of the manifest; the second try meets what the first one wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.lost = 0

    def swap(self, name: str, content: bytes, expected: str | None) -> str:
        tag = super().swap(name, content, expected)
        self.lost += 1
        return tag if self.lost > 1 else super().swap(name, content, expected)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def shelf() -> Flaky:
    return Flaky()


@pytest.fixture
def writer(shelf: Flaky, tmp_path: Path, clock: FakeClock) -> IndexPublisher:
    return IndexPublisher(shelf, tmp_path / "writer", clock, SeededIds())


@pytest.fixture
def reader(shelf: Flaky, tmp_path: Path, clock: FakeClock) -> Iterator[PublishedIndex]:
    index = PublishedIndex(shelf, tmp_path / "reader", clock, check_seconds=30)
    yield index
    index.close()


def test_a_newer_version_is_looked_for_at_most_every_so_many_seconds(
    shelf: Flaky, writer: IndexPublisher, reader: PublishedIndex, clock: FakeClock
) -> None:
    writer.apply(lambda index: load(index, "manual", "old"))
    assert texts_of(reader) == ["old"]
    writer.apply(lambda index: load(index, "manual", "new"))
    reads = shelf.reads
    assert texts_of(reader) == ["old"]
    assert shelf.reads == reads
    clock.advance(30)
    assert texts_of(reader) == ["new"]


def test_the_version_at_hand_answers_while_the_shelf_is_down_and_says_so(
    shelf: Flaky, writer: IndexPublisher, reader: PublishedIndex, clock: FakeClock
) -> None:
    writer.apply(lambda index: load(index, "manual", "old"))
    assert texts_of(reader) == ["old"]
    shelf.down = True
    clock.advance(60)
    assert texts_of(reader) == ["old"]
    assert reader.problem is not None
    assert "S3 is down" in reader.problem
    shelf.down = False
    clock.advance(30)
    assert texts_of(reader) == ["old"]
    assert reader.problem is None


def test_without_any_version_the_trouble_of_the_shelf_is_told(shelf: Flaky, reader: PublishedIndex) -> None:
    shelf.down = True
    with pytest.raises(Unavailable, match="S3 is down"):
        texts_of(reader)


def test_a_damaged_version_is_not_opened(
    shelf: Flaky, writer: IndexPublisher, reader: PublishedIndex, clock: FakeClock, tmp_path: Path
) -> None:
    writer.apply(lambda index: load(index, "manual", "old"))
    assert texts_of(reader) == ["old"]
    writer.apply(lambda index: load(index, "manual", "new"))
    found = read_manifest(shelf)
    assert found is not None
    other = tmp_path / "other"
    other.write_bytes(b"something else" * 100)
    shelf.put(found[0].version.file, pack(other)[0] if found[0].version.packing == GZIP else other)
    clock.advance(60)
    assert texts_of(reader) == ["old"]
    assert "has hash" in str(reader.problem)
    with pytest.raises(DatabaseCorrupt, match="Publish it anew"):
        reader.refresh()
    assert not list((tmp_path / "reader").glob("*.part"))


def test_a_question_under_way_ends_on_the_version_it_began_with(
    writer: IndexPublisher, reader: PublishedIndex, tmp_path: Path
) -> None:
    writer.apply(lambda index: load(index, "manual", "old"))
    with reader._using() as index:
        writer.apply(lambda newer: load(newer, "manual", "new"))
        assert reader.refresh()
        assert texts_of(reader) == ["new"]
        assert texts_of(index) == ["old"]
        assert len(list((tmp_path / "reader").glob("*.sqlite3"))) == 2
    assert len(list((tmp_path / "reader").glob("*.sqlite3"))) == 1


def test_writing_is_refused_with_the_way_to_go(reader: PublishedIndex) -> None:
    for write in (
        lambda: reader.replace_document(a_document(), []),
        lambda: reader.remove_document(TENANT, "manual"),
        lambda: reader.store_vectors("m", {}),
    ):
        with pytest.raises(StorageFailed, match="ingestion function"):
            write()


def test_work_that_changes_nothing_publishes_nothing(writer: IndexPublisher, shelf: Flaky) -> None:
    writer.apply(lambda index: load(index, "manual", "old"))
    before = shelf.read(MANIFEST)
    assert writer.apply(lambda index: len(index.documents(TENANT))) == 1
    assert shelf.read(MANIFEST) == before


def test_work_that_fails_publishes_nothing_and_its_own_errors_pass(
    writer: IndexPublisher, shelf: Flaky
) -> None:
    def fail(index: SqliteIndex) -> None:
        load(index, "manual", "half")
        raise ConditionFailed("the ledger's own")

    with pytest.raises(ConditionFailed, match="the ledger's own"):
        writer.apply(fail)
    assert shelf.read(MANIFEST) is None


def test_a_writer_that_is_always_too_late_gives_up(shelf: Flaky, tmp_path: Path, clock: FakeClock) -> None:
    slow = IndexPublisher(shelf, tmp_path / "slow", clock, SeededIds(1))
    quick = IndexPublisher(shelf, tmp_path / "quick", clock, SeededIds(2))
    turns = iter(range(100))

    def work(index: SqliteIndex) -> None:
        load(index, "slow", "pump")
        quick.apply(lambda other: load(other, "quick", f"turn {next(turns)}"))

    with pytest.raises(Throttled, match="other writers"):
        slow.apply(work)
    assert len(shelf.list("versions/")) == 3


def test_only_the_knowledge_of_a_data_folder_is_published(
    writer: IndexPublisher, reader: PublishedIndex, tmp_path: Path
) -> None:
    database = Database(tmp_path / "whole.sqlite3")
    load(SqliteIndex(database), "manual", "pump")
    with database.transaction() as connection:
        connection.execute("CREATE TABLE tickets (body TEXT)")
        connection.execute("INSERT INTO tickets VALUES ('a customer s secret')")
        connection.execute("CREATE VIRTUAL TABLE ticket_words USING fts5(body)")
        connection.execute("INSERT INTO ticket_words VALUES ('a customer s secret')")
    (tmp_path / "s").mkdir()
    file = snapshot(database, tmp_path / "s")
    assert b"secret" not in file.read_bytes()
    writer.publish(database)
    assert texts_of(reader) == ["pump"]
    assert reader.verify() == []
    assert [row[0] for row in database.rows("SELECT body FROM tickets")] == ["a customer s secret"]
    database.close()


def test_a_file_is_packed_only_where_that_is_worth_it(tmp_path: Path) -> None:
    rough = tmp_path / "rough"
    rough.write_bytes(random.Random(1).randbytes(20_000))
    assert pack(rough) == (rough, PLAIN)
    smooth = tmp_path / "smooth"
    smooth.write_bytes(b"pump " * 20_000)
    packed, packing = pack(smooth)
    assert packing == GZIP
    assert packed.stat().st_size < 2_000


def test_a_version_whose_manifest_was_exchanged_without_an_answer_stays(
    tmp_path: Path, clock: FakeClock
) -> None:
    shelf, times = Forgetful(), []

    def work(index: SqliteIndex) -> None:
        times.append(index)
        load(index, "manual", "new")

    IndexPublisher(shelf, tmp_path / "writer", clock, SeededIds()).apply(work)
    assert len(times) == 1
    reader = PublishedIndex(shelf, tmp_path / "reader", clock)
    assert texts_of(reader) == ["new"]
    reader.close()


def test_a_version_that_others_built_upon_before_its_writer_heard_of_it_stays(
    tmp_path: Path, clock: FakeClock
) -> None:
    shelf, names = MemoryShelf(), []

    class Slow(MemoryShelf):
        """The same files; between the exchange and its answer another writer publishes the next version."""

        def swap(self, name: str, content: bytes, expected: str | None) -> str:
            shelf.swap(name, content, expected)
            other = IndexPublisher(shelf, tmp_path / "other", clock, SeededIds(2))
            other.apply(lambda index: load(index, "other", "of another"))
            raise ConditionFailed("Another writer was first, namely this one.")

    slow = Slow()
    slow._files = shelf._files
    IndexPublisher(slow, tmp_path / "writer", clock, SeededIds()).apply(
        lambda index: names.append(load(index, "manual", "new"))
    )
    assert len(names) == 1
    found = read_manifest(shelf)
    assert found is not None
    assert {name for name in shelf._files if name != MANIFEST} == found[0].files
    reader = PublishedIndex(shelf, tmp_path / "reader", clock)
    assert sorted(texts_of(reader) + texts_of(reader, "other")) == ["new", "of another"]
    reader.close()
