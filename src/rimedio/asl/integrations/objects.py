"""Where a distributed Map reads its items and writes its results: S3's three actions over a store.

    handlers = {**my_handlers, **objects(FolderStore(Path("data")))}    # a bucket is a folder in there

Any store with `get`, `put` and `list` will do; S3 itself comes with `rimedio.asl.integrations.services`.
"""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from rimedio.asl.clock import iso
from rimedio.asl.errors import TaskFailed
from rimedio.asl.execution.handlers import Handler, TaskContext
from rimedio.asl.jsontext import JSON

PREFIX = "arn:aws:states:::s3:"


@dataclass(frozen=True)
class StoredObject:
    """An object in a listing; `size` in bytes."""

    key: str
    size: int
    etag: str
    modified: datetime


class ObjectStore(Protocol):
    """Texts under bucket and key."""

    def get(self, bucket: str, key: str) -> str:
        """A text. Raises KeyError when there is none."""
        ...

    def put(self, bucket: str, key: str, body: str) -> None:
        """Keep a text, in place of the one that was there."""
        ...

    def list(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """The objects whose key begins so, in the order of their keys."""
        ...


class MemoryStore:
    """Keeps objects as long as the process lives. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bodies: dict[tuple[str, str], tuple[str, datetime]] = {}

    def get(self, bucket: str, key: str) -> str:
        with self._lock:
            return self._bodies[bucket, key][0]

    def put(self, bucket: str, key: str, body: str) -> None:
        with self._lock:
            self._bodies[bucket, key] = body, datetime.now(UTC)

    def list(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        with self._lock:
            found = sorted((key, *value) for (held, key), value in self._bodies.items() if held == bucket)
        return (_stored(key, body, at) for key, body, at in found if key.startswith(prefix))


class FolderStore:
    """Keeps objects as files: `root/bucket/key`. A key that leads out of its bucket is not there."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def get(self, bucket: str, key: str) -> str:
        try:
            return self._path(bucket, key).read_text("utf-8")
        except OSError as error:
            raise KeyError(key) from error

    def put(self, bucket: str, key: str, body: str) -> None:
        path = self._path(bucket, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, "utf-8")

    def list(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        top = self._path(bucket, "")
        files = {path.relative_to(top).as_posix(): path for path in top.rglob("*") if path.is_file()}
        for key in sorted(files):
            if key.startswith(prefix):
                at = datetime.fromtimestamp(files[key].stat().st_mtime, UTC)
                yield _stored(key, files[key].read_text("utf-8", "replace"), at)

    def _path(self, bucket: str, key: str) -> Path:
        top = (self._root / bucket).resolve()
        path = (top / key).resolve()
        if top.parent != self._root or not path.is_relative_to(top):
            raise KeyError(key)
        return path


def _stored(key: str, body: str, at: datetime) -> StoredObject:
    content = body.encode()
    etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return StoredObject(key, len(content), etag, at)


def objects(store: ObjectStore) -> dict[str, Handler]:
    """Handlers for `s3:getObject`, `s3:putObject` and `s3:listObjectsV2`."""

    def get(payload: JSON, _: TaskContext) -> JSON:
        bucket, key = _place(payload, "Key")
        try:
            return {"Body": store.get(bucket, key)}
        except KeyError as error:
            cause = f"The specified key does not exist: {bucket}/{key}."
            raise TaskFailed("S3.NoSuchKeyException", cause) from error

    def put(payload: JSON, _: TaskContext) -> JSON:
        bucket, key = _place(payload, "Key")
        body = payload.get("Body", "") if isinstance(payload, dict) else ""
        try:
            store.put(bucket, key, str(body))
        except KeyError as error:
            raise TaskFailed("S3.InvalidRequestException", f"{key} is no key of {bucket}.") from error
        return {}

    def listing(payload: JSON, _: TaskContext) -> JSON:
        bucket, prefix = _place(payload, "Prefix")
        return {"Contents": [_row(found) for found in store.list(bucket, prefix)]}

    return {f"{PREFIX}getObject": get, f"{PREFIX}putObject": put, f"{PREFIX}listObjectsV2": listing}


def _place(payload: JSON, name: str) -> tuple[str, str]:
    body = payload if isinstance(payload, dict) else {}
    return str(body.get("Bucket", "")), str(body.get(name, ""))


def _row(found: StoredObject) -> JSON:
    return {
        "Etag": f'"{found.etag}"',
        "Key": found.key,
        "LastModified": iso(found.modified),
        "Size": found.size,
        "StorageClass": "STANDARD",
    }
