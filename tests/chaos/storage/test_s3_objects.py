"""What the object store does when S3 slows down, fails, tears a body, or loses its answers."""

import hashlib
from collections.abc import Callable

import pytest

from rimedio.aws.faults import CutOff, Denied, Fault, Refusal, Reset, ServerError, Throttle, Timeout
from rimedio.domain.errors import Forbidden, RimedioError, StorageFailed, Throttled, Unavailable
from rimedio.storage.objects import ObjectStore

PASSING = [Throttle(), ServerError(500), Timeout(), Reset(), Timeout(carried_out=True)]
CALLS: dict[str, Callable[[ObjectStore], object]] = {
    "PutObject": lambda objects: objects.put("acme", "a", b"new"),
    "GetObject": lambda objects: objects.get("acme", "a"),
    "HeadObject": lambda objects: objects.head("acme", "a"),
    "DeleteObject": lambda objects: objects.delete("acme", "a"),
    "ListObjectsV2": lambda objects: objects.list("acme"),
}
LARGE = bytes(range(256)) * 4096 * 6  # two parts


@pytest.mark.parametrize("operation", CALLS)
def test_every_call_outlives_two_faults_of_each_kind(shelf, operation: str) -> None:
    for fault in PASSING:
        shelf.calm.put("acme", "a", b"old")
        shelf.faults.clear()
        shelf.faults.on("s3", operation, fault, calls=(1, 2))
        CALLS[operation](shelf.objects)
        assert shelf.faults.count("s3", operation) == 3


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Throttle(), Throttled),
        (ServerError(500), Unavailable),
        (Timeout(), Unavailable),
        (Denied(), Forbidden),
    ],
    ids=repr,
)
def test_a_lasting_fault_is_an_error_and_changes_nothing(
    shelf, operation: str, fault: Fault, error: type[RimedioError]
) -> None:
    shelf.calm.put("acme", "a", b"old")
    shelf.faults.on("s3", operation, fault)
    with pytest.raises(error, match="Amazon S3 failed while"):
        CALLS[operation](shelf.objects)
    assert shelf.calm.get("acme", "a") == b"old"


def test_a_body_that_is_torn_again_and_again_is_read_on_where_it_broke(shelf) -> None:
    content = hashlib.shake_128(b"x").digest(300_000)
    shelf.calm.put("acme", "a", content)
    shelf.faults.on("s3", "GetObject", CutOff(100_000), calls=(1, 2))
    assert shelf.objects.get("acme", "a") == content
    assert shelf.faults.count("s3", "GetObject") == 3


def test_a_body_that_never_comes_whole_is_an_error_and_no_half_content(shelf) -> None:
    shelf.calm.put("acme", "a", bytes(300_000))
    shelf.faults.on("s3", "GetObject", CutOff(0))
    with pytest.raises(Unavailable):
        shelf.objects.get("acme", "a")


def test_an_object_that_was_replaced_while_it_was_read_is_never_mixed(shelf) -> None:
    shelf.calm.put("acme", "a", b"1" * 300_000)
    shelf.faults.on("s3", "GetObject", CutOff(100_000), calls=(1,))
    blocks = shelf.objects.stream("acme", "a", 50_000)
    assert next(blocks) == b"1" * 50_000
    shelf.calm.put("acme", "a", b"2" * 300_000)
    with pytest.raises(StorageFailed, match="replaced"):
        list(blocks)


@pytest.mark.parametrize("operation", ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"])
@pytest.mark.parametrize("fault", PASSING, ids=repr)
def test_a_large_object_outlives_faults_of_every_step(shelf, operation: str, fault: Fault) -> None:
    shelf.faults.on("s3", operation, fault, calls=(1,))
    stored = shelf.objects.put("acme", "video", LARGE)
    assert shelf.calm.head("acme", "video") == stored


@pytest.mark.parametrize("operation", ["UploadPart", "CompleteMultipartUpload"])
def test_a_large_object_that_failed_leaves_what_was_there_and_no_parts(shelf, operation: str) -> None:
    shelf.calm.put("acme", "video", b"old")
    shelf.faults.on("s3", operation, Refusal("InternalError", 500))
    with pytest.raises(Unavailable):
        shelf.objects.put("acme", "video", LARGE)
    assert shelf.calm.get("acme", "video") == b"old"
    assert shelf.faults.count("s3", "AbortMultipartUpload") == 1
