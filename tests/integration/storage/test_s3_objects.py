"""What only S3 has: uploads in parts, encryption under a key, another version while one is read. On moto's server."""

import hashlib
from collections.abc import Callable, Iterator

import pytest

from rimedio.aws import AwsConnections, Client
from rimedio.domain.errors import StorageFailed
from rimedio.storage.s3_objects import HASH, S3ObjectStore

PART = 5 * 1024 * 1024  # the least that S3 takes


@pytest.fixture
def bucket(connections: AwsConnections, unique_name: Callable[[str], str]) -> str:
    name = unique_name("objects")
    client = connections.client("s3")
    client.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": client.meta.region_name}
    )
    return name


@pytest.fixture
def client(connections: AwsConnections) -> Client:
    return connections.client("s3")


def test_a_large_content_goes_up_in_parts_and_keeps_its_hash(client: Client, bucket: str) -> None:
    store = S3ObjectStore(client, bucket, part_bytes=PART)
    block = bytes(range(256)) * 4096
    stored = store.put("acme", "video.mp4", (block for _ in range(11)))
    assert (stored.size, stored.etag) == (11 * 1024**2, hashlib.sha256(block * 11).hexdigest())
    assert store.head("acme", "video.mp4") == stored
    assert store.get("acme", "video.mp4") == block * 11
    assert client.head_object(Bucket=bucket, Key="objects/acme/video.mp4")["ETag"].endswith('-3"')


def test_a_large_content_that_breaks_off_is_never_begun(client: Client, bucket: str) -> None:
    def breaking() -> Iterator[bytes]:
        yield bytes(PART)
        yield bytes(PART)
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        S3ObjectStore(client, bucket, part_bytes=PART).put("acme", "video.mp4", breaking())
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)
    assert "Contents" not in client.list_objects_v2(Bucket=bucket)


def test_what_is_put_is_encrypted_under_the_key_of_the_setting(
    connections: AwsConnections, client: Client, bucket: str
) -> None:
    key = connections.client("kms").create_key()["KeyMetadata"]["Arn"]
    store = S3ObjectStore(client, bucket, kms_key=key, part_bytes=PART)
    store.put("acme", "small", b"x")
    store.put("acme", "large", bytes(PART + 1))
    for name in ("small", "large"):
        about = client.head_object(Bucket=bucket, Key=f"objects/acme/{name}")
        assert (about["ServerSideEncryption"], about["SSEKMSKeyId"]) == ("aws:kms", key)


def test_an_object_that_something_else_put_is_hashed_by_reading_it(client: Client, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="objects/acme/a", Body=b"other")
    found = S3ObjectStore(client, bucket).head("acme", "a")
    assert found is not None
    assert found.etag == hashlib.sha256(b"other").hexdigest()
    assert HASH not in client.head_object(Bucket=bucket, Key="objects/acme/a")["Metadata"]


def test_a_missing_bucket_is_a_broken_setup_and_not_a_missing_object(client: Client) -> None:
    store = S3ObjectStore(client, "no-such-bucket")
    for act in (
        lambda: store.get("acme", "a"),
        lambda: store.put("acme", "a", b"x"),
        lambda: store.list("acme"),
    ):
        with pytest.raises(StorageFailed, match="bucket"):
            act()


def test_a_key_of_the_bucket_tells_whose_object_it_is(client: Client, bucket: str) -> None:
    store = S3ObjectStore(client, bucket)
    store.put("acme", "manuals/è 1.pdf", b"x")
    (stored,) = client.list_objects_v2(Bucket=bucket)["Contents"]
    assert store.place_of(stored["Key"]) == ("acme", "manuals/è 1.pdf")
    for strange in ("knowledge/acme/a", "objects/acme", "objects/acme/../b", "objects//a", ""):
        assert store.place_of(strange) is None
