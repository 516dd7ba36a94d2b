"""Where a distributed Map reads its items and writes its results: S3's three actions over a store.

    handlers = {**my_handlers, **objects(FolderStore(Path("data")))}    # a bucket is a folder in there

Any store with `get`, `put` and `list` will do; S3 itself comes with `rimedio.asl.integrations.services`.
"""

import base64
import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Protocol

from rimedio.asl.clock import iso
from rimedio.asl.errors import TaskFailed
from rimedio.asl.execution.handlers import Handler, TaskContext
from rimedio.asl.jsontext import JSON

PREFIX = "arn:aws:states:::s3:"
PAGE = 1_000


@dataclass(frozen=True)
class StoredObject:
    """An object in a listing; `size` in bytes."""

    key: str
    size: int
    etag: str
    modified: datetime


class ObjectStore(Protocol):
    """Contents under bucket and key."""

    def get(self, bucket: str, key: str) -> bytes:
        """A content. Raises KeyError when there is none."""
        ...

    def put(self, bucket: str, key: str, body: str | bytes) -> None:
        """Keep a content, a text as UTF-8, in place of the one that was there. Raises KeyError for a wrong key."""
        ...

    def list(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """The objects whose key begins so, in the order of their keys. Raises KeyError for an impossible bucket."""
        ...


class MemoryStore:
    """Keeps objects as long as the process lives. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bodies: dict[tuple[str, str], tuple[bytes, datetime]] = {}

    def get(self, bucket: str, key: str) -> bytes:
        with self._lock:
            return self._bodies[bucket, key][0]

    def put(self, bucket: str, key: str, body: str | bytes) -> None:
        with self._lock:
            self._bodies[bucket, key] = _content(body), datetime.now(UTC)

    def list(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        with self._lock:
            found = sorted((key, *value) for (held, key), value in self._bodies.items() if held == bucket)
        return (_stored(key, body, at) for key, body, at in found if key.startswith(prefix))


class FolderStore:
    """Keeps objects as files: `root/bucket/key`. A key that leads out of its bucket is not there."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def get(self, bucket: str, key: str) -> bytes:
        try:
            return self._path(bucket, key).read_bytes()
        except OSError as error:
            raise KeyError(key) from error

    def put(self, bucket: str, key: str, body: str | bytes) -> None:
        path = self._path(bucket, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_content(body))

    def list(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        top = self._path(bucket, "")
        files = {path.relative_to(top).as_posix(): path for path in top.rglob("*") if path.is_file()}
        for key in sorted(files):
            if key.startswith(prefix):
                at = datetime.fromtimestamp(files[key].stat().st_mtime, UTC)
                yield _stored(key, files[key].read_bytes(), at)

    def _path(self, bucket: str, key: str) -> Path:
        top = (self._root / bucket).resolve()
        path = (top / key).resolve()
        if top.parent != self._root or not path.is_relative_to(top):
            raise KeyError(key)
        return path


def _content(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _stored(key: str, content: bytes, at: datetime) -> StoredObject:
    etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return StoredObject(key, len(content), etag, at)


def objects(store: ObjectStore) -> dict[str, Handler]:
    """Handlers for `s3:getObject`, `s3:putObject` and `s3:listObjectsV2`, which tells a thousand objects at a time."""

    def get(payload: JSON, _: TaskContext) -> JSON:
        given = _fields(payload)
        with _known(given):
            return {"Body": _as_text(store.get(given["Bucket"], given["Key"]))}

    def put(payload: JSON, _: TaskContext) -> JSON:
        given = _fields(payload)
        with _known(given):
            store.put(given["Bucket"], given["Key"], given.get("Body", ""))
            return {}

    def listing(payload: JSON, _: TaskContext) -> JSON:
        given = _fields(payload)
        last = given.get("ContinuationToken", given.get("StartAfter", ""))
        with _known(given):
            rest = (
                found for found in store.list(given["Bucket"], given.get("Prefix", "")) if found.key > last
            )
            rows = list(islice(rest, PAGE + 1))
        told: dict[str, JSON] = {
            "Contents": [_row(found) for found in rows[:PAGE]],
            "IsTruncated": len(rows) > PAGE,
        }
        return told | ({"NextContinuationToken": rows[PAGE - 1].key} if len(rows) > PAGE else {})

    return {f"{PREFIX}getObject": get, f"{PREFIX}putObject": put, f"{PREFIX}listObjectsV2": listing}


def _fields(payload: JSON) -> Mapping[str, str]:
    body = payload if isinstance(payload, dict) else {}
    return {"Bucket": "", "Key": "", **{name: str(value) for name, value in body.items()}}


@contextmanager
def _known(given: Mapping[str, str]) -> Iterator[None]:
    """What is not there fails under S3's name."""
    try:
        yield
    except KeyError as error:
        cause = f"The specified key does not exist: {given['Bucket']}/{given['Key']}."
        raise TaskFailed("S3.NoSuchKeyException", cause) from error


def _as_text(content: bytes) -> str:
    """A content as JSON carries it: text, or in base64 what is none."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return base64.b64encode(content).decode()


def _row(found: StoredObject) -> JSON:
    return {
        "ETag": f'"{found.etag}"',
        "Key": found.key,
        "LastModified": iso(found.modified),
        "Size": found.size,
        "StorageClass": "STANDARD",
    }
