"""What only a bucket can do wrong: writers in other processes, files that are not what they were."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from rimedio.aws import AwsConnections
from rimedio.classification.s3_shelf import S3Shelf
from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import Conflict, NotFound, StorageFailed, Unavailable

MakeShelf = Callable[..., S3Shelf]


@pytest.fixture
def shelves(connections: AwsConnections, unique_name: Callable[[str], str], tmp_path: Path) -> MakeShelf:
    client, bucket, clock = connections.client("s3"), unique_name("shelf"), FakeClock()
    client.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": client.meta.region_name}
    )
    count = iter(range(100))

    def make(fresh_seconds: float = 0.0) -> S3Shelf:
        shelf = S3Shelf(client, bucket, tmp_path / f"s{next(count)}", clock, fresh_seconds=fresh_seconds)
        shelf.clock = clock  # type: ignore[attr-defined]
        return shelf

    return make


def staged(folder: Path, content: bytes) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(content)
    return folder


def test_two_processes_that_change_at_once_lose_nothing(shelves: MakeShelf) -> None:
    def add(shelf: S3Shelf) -> None:
        done = 0
        while done < 3:
            with suppress(Conflict):  # others were quicker five times; one of them came through each time
                shelf.change(lambda before: (before or b"") + b"x")
                done += 1

    threads = [threading.Thread(target=add, args=(shelves(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert shelves().read() == b"x" * 9


def test_one_who_is_always_too_late_is_told_so(shelves: MakeShelf) -> None:
    shelf, other = shelves(), shelves()
    seen = []

    def alter(_: bytes | None) -> bytes:
        other.change(lambda before: (before or b"") + b"o")
        seen.append(1)
        return b"mine"

    with pytest.raises(Conflict, match="Try again"):
        shelf.change(alter)
    assert shelves().read() == b"o" * len(seen)


def test_a_change_whose_answer_was_lost_is_made_once(shelves: MakeShelf) -> None:
    shelf = shelves()
    shelf.change(lambda _: b"x")
    asked = shelf._client

    class Forgetful:
        """Sends again what was carried out, as botocore does after a time-out: the condition holds no longer."""

        def __getattr__(self, name: str) -> object:
            return getattr(asked, name)

        def put_object(self, **arguments: object) -> object:
            asked.put_object(**arguments)
            return asked.put_object(**arguments)

    shelf._client = Forgetful()
    shelf.change(lambda before: (before or b"") + b"y")
    assert shelves().read() == b"xy"


def test_a_number_is_given_once(shelves: MakeShelf) -> None:
    assert [shelves().claim(1), shelves().claim(1), shelves().claim(5)] == [1, 2, 5]


def test_half_an_upload_is_no_version(shelves: MakeShelf, tmp_path: Path) -> None:
    shelf = shelves()
    shelf._put("v0001/model.bin", b"half")
    with pytest.raises(NotFound):
        shelf.path("v0001")
    shelf.keep(staged(tmp_path / "m", b"whole"), "v0001")
    assert (shelf.path("v0001") / "model.bin").read_bytes() == b"whole"


def test_a_file_that_was_changed_is_refused_and_leaves_nothing(shelves: MakeShelf, tmp_path: Path) -> None:
    shelf = shelves()
    shelf.keep(staged(tmp_path / "m", b"whole"), "v0001")
    shelf._put("v0001/model.bin", b"wrong")
    with pytest.raises(StorageFailed, match="damaged"):
        shelf.path("v0001")
    assert list(shelf.folder.iterdir()) == []


def test_what_was_seen_is_good_for_some_seconds(shelves: MakeShelf) -> None:
    slow, other = shelves(10.0), shelves()
    other.change(lambda _: b"old")
    assert slow.read() == b"old"
    stamp = slow.stamp()
    other.change(lambda _: b"new")
    assert (slow.read(), slow.stamp()) == (b"old", stamp)
    slow.clock.advance(11)  # type: ignore[attr-defined]
    assert slow.stamp() != stamp
    assert slow.read() == b"new"


def test_a_bucket_that_is_not_there_is_an_error_not_an_empty_registry(
    connections: AwsConnections, tmp_path: Path
) -> None:
    shelf = S3Shelf(connections.client("s3"), "no-such-bucket-here", tmp_path, FakeClock())
    with pytest.raises((NotFound, Unavailable)):
        shelf.read()


def test_while_the_bucket_does_not_answer_the_last_known_state_does(shelves: MakeShelf) -> None:
    shelf = shelves(10.0)
    shelf.change(lambda _: b"known")
    shelf.clock.advance(11)  # type: ignore[attr-defined]
    shelf._client = _Broken()
    assert shelf.read() == b"known"
    with pytest.raises(Unavailable):
        shelf.change(lambda _: b"new")


class _Broken:
    """A client of a bucket that is down."""

    def get_object(self, **_: object) -> None:
        answer = {"Error": {"Code": "InternalError"}, "ResponseMetadata": {"HTTPStatusCode": 500}}
        raise ClientError(answer, "GetObject")  # type: ignore[arg-type]


def test_the_scratch_folder_is_there_when_it_is_asked_for(shelves: MakeShelf) -> None:
    assert shelves().inner("tenants/x").folder.is_dir()
