"""What every shelf of published files must do, and readers and writers on each of them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from tests.opensearch_documents import TENANT, load, texts_of

from rimedio.aws import AwsConnections
from rimedio.domain.clock import RandomIds, SystemClock
from rimedio.domain.errors import ConditionFailed, NotFound
from rimedio.knowledge.index.memory_shelf import MemoryShelf
from rimedio.knowledge.index.published import MANIFEST, Shelf, read_manifest
from rimedio.knowledge.index.published_reader import PublishedIndex
from rimedio.knowledge.index.published_s3 import S3Shelf
from rimedio.knowledge.index.published_writer import IndexPublisher
from rimedio.knowledge.index.sqlite import SqliteIndex


@pytest.fixture(params=["memory", "s3"])
def shelf(request: pytest.FixtureRequest, unique_name: Callable[[str], str]) -> Iterator[Shelf]:
    if request.param == "memory":
        yield MemoryShelf()
        return
    connections: AwsConnections = request.getfixturevalue("connections")
    client = connections.client("s3")
    bucket = unique_name("knowledge")
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": connections.region})
    yield S3Shelf(client, bucket)


def publisher(shelf: Shelf, folder: Path, kept: int = 3) -> IndexPublisher:
    return IndexPublisher(shelf, folder, SystemClock(), RandomIds(), kept)


def test_what_was_put_comes_back(shelf: Shelf, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content" * 50_000)
    shelf.put("versions/1", file)
    assert b"".join(shelf.stream("versions/1")) == file.read_bytes()
    assert shelf.list("versions/") == ["versions/1"]
    shelf.delete("versions/1")
    shelf.delete("versions/1")
    assert shelf.list("versions/") == []
    with pytest.raises(NotFound):
        b"".join(shelf.stream("versions/1"))


def test_a_small_file_moves_only_from_the_content_that_was_read(shelf: Shelf) -> None:
    assert shelf.read(MANIFEST) is None
    first = shelf.swap(MANIFEST, b"one", None)
    assert shelf.read(MANIFEST) == (b"one", first)
    with pytest.raises(ConditionFailed, match="first"):
        shelf.swap(MANIFEST, b"two", None)
    second = shelf.swap(MANIFEST, b"two", first)
    with pytest.raises(ConditionFailed):
        shelf.swap(MANIFEST, b"three", first)
    assert shelf.read(MANIFEST) == (b"two", second)


def test_readers_see_what_was_published(shelf: Shelf, tmp_path: Path) -> None:
    writer = publisher(shelf, tmp_path / "writer")
    with closing(PublishedIndex(shelf, tmp_path / "reader", SystemClock(), check_seconds=0)) as reader:
        assert reader.documents(TENANT) == []
        writer.apply(lambda index: load(index, "manual", "pump", "fan"))
        assert texts_of(reader) == ["pump", "fan"]
        assert reader.version == 1
        writer.apply(lambda index: index.remove_document(TENANT, "manual"))
        assert reader.documents(TENANT) == []
        assert reader.verify() == []


def test_writers_at_the_same_time_lose_nothing(shelf: Shelf, tmp_path: Path) -> None:
    """Each of them begins with the same version; the later ones start anew on top of the first one's."""
    together = threading.Barrier(3, timeout=60)
    tries: list[str] = []

    def write(name: str) -> None:
        def work(index: SqliteIndex) -> None:
            tries.append(name)
            if tries.count(name) == 1:
                together.wait()
            load(index, name, "pump")

        publisher(shelf, tmp_path / name).apply(work)

    threads = [threading.Thread(target=write, args=(f"doc{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tries) > 3
    with closing(PublishedIndex(shelf, tmp_path / "reader", SystemClock())) as reader:
        assert [of.document_id for of in reader.documents(TENANT)] == ["doc0", "doc1", "doc2"]
        assert reader.version == 3


def test_only_the_last_versions_are_kept(shelf: Shelf, tmp_path: Path) -> None:
    writer = publisher(shelf, tmp_path, kept=2)
    for number in range(4):
        writer.apply(lambda index, number=number: load(index, f"doc{number}", "pump"))
    found = read_manifest(shelf)
    assert found is not None
    assert [version.number for version in (found[0].version, *found[0].older)] == [4, 3]
    assert set(shelf.list("versions/")) == found[0].files
    assert SystemClock().now() - found[0].version.published_at < timedelta(minutes=5)
