"""Objects as files: one folder a tenant; each object is written aside, flushed, then renamed into place.

The folder part `manuals` of a name is the folder `manuals%` on disk (`%` itself is written `%25`), so that
the objects `manuals` and `manuals/xc200.pdf` can both exist, as they can on S3.
"""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from rimedio.domain.errors import DiskFull, NotFound, StorageFailed
from rimedio.storage.objects import (
    BLOCK_BYTES,
    ListedObject,
    ObjectPage,
    ObjectPart,
    StoredObject,
    blocks_of,
    checked_bounds,
    checked_limit,
    checked_name,
    checked_tenant,
)

INCOMING = ".incoming"  # no tenant can be called so
RENAME_ATTEMPTS_MAX = 5


class FileObjectStore:
    """An `ObjectStore` over a folder that one process writes at a time (storage/folder.py sees to that)."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / INCOMING

    def put(self, tenant_id: str, name: str, content: bytes | Iterable[bytes]) -> StoredObject:
        path = self._path(tenant_id, name)
        aside = self._open_aside()
        try:
            size, etag = _fill(aside, content)
            with _translated(path):
                _move(aside, path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        return StoredObject(name, size, etag)

    def get(self, tenant_id: str, name: str) -> bytes:
        path = self._path(tenant_id, name)
        with _translated(path, name):
            return path.read_bytes()

    def stream(self, tenant_id: str, name: str, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
        path = self._path(tenant_id, name)
        with _translated(path, name), path.open("rb") as file:
            while block := file.read(block_bytes):
                yield block

    def part(self, tenant_id: str, name: str, start: int, end: int) -> ObjectPart:
        path = self._path(tenant_id, name)
        checked_bounds(name, start, end)
        with _translated(path, name), path.open("rb") as file:  # a put meanwhile makes another file
            digest = hashlib.file_digest(file, "sha256")
            size = file.tell()
            checked_bounds(name, start, end, size)
            file.seek(start)
            data = file.read(min(end, size) - start)
        return ObjectPart(data, StoredObject(name, size, digest.hexdigest()))

    def head(self, tenant_id: str, name: str) -> StoredObject | None:
        digest, size = hashlib.sha256(), 0
        try:
            for block in self.stream(tenant_id, name):
                digest.update(block)
                size += len(block)
        except NotFound:
            return None
        return StoredObject(name, size, digest.hexdigest())

    def exists(self, tenant_id: str, name: str) -> bool:
        return self._path(tenant_id, name).is_file()

    def delete(self, tenant_id: str, name: str) -> None:
        path = self._path(tenant_id, name)
        with _translated(path):
            path.unlink(missing_ok=True)
            self._remove_empty(path.parent)

    def list(
        self, tenant_id: str, prefix: str = "", *, limit: int = 1000, after: str | None = None
    ) -> ObjectPage:
        shown: list[ListedObject] = []
        folder = self._root / checked_tenant(tenant_id)
        checked_limit(limit)
        with _translated(folder):
            for found in _walk(folder, "", prefix, after):
                if len(shown) == limit:
                    return ObjectPage(tuple(shown), shown[-1].name)
                shown.append(found)
        return ObjectPage(tuple(shown))

    def clean(self) -> int:
        """Remove what killed processes left half-written;

        how many. Only the one writing process may call it.
        """
        if not self._incoming.is_dir():
            return 0
        left = [p for p in self._incoming.iterdir() if not p.name.startswith(f"{os.getpid()}-")]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def _path(self, tenant_id: str, name: str) -> Path:
        *folders, leaf = checked_name(name).replace("%", "%25").split("/")
        return self._root.joinpath(checked_tenant(tenant_id), *(f"{part}%" for part in folders), leaf)

    def _open_aside(self) -> Path:
        with _translated(self._incoming):
            self._incoming.mkdir(parents=True, exist_ok=True)
            descriptor, aside = tempfile.mkstemp(prefix=f"{os.getpid()}-", dir=self._incoming)
            os.close(descriptor)
        return Path(aside)

    def _remove_empty(self, folder: Path) -> None:
        """Remove the folder and those above it as long as they are empty; the root stays."""
        while folder != self._root:
            try:
                folder.rmdir()
            except OSError:
                return  # not empty, or already gone
            folder = folder.parent


def _fill(aside: Path, content: bytes | Iterable[bytes]) -> tuple[int, str]:
    """Write and flush to disk; size and SHA-256. What `content` itself raises goes through as it is."""
    digest, size = hashlib.sha256(), 0
    with aside.open("wb", buffering=0) as file:
        for block in blocks_of(content):
            with _translated(aside):
                size += _write_whole(file, block)
            digest.update(block)
        with _translated(aside):
            os.fsync(file.fileno())
    return size, digest.hexdigest()


def _write_whole(file: FileIO, block: bytes) -> int:
    left = memoryview(block)
    while left:
        left = left[file.write(left) :]
    return len(block)


def _move(aside: Path, path: Path) -> None:
    """Rename into place and make the rename itself durable; a delete next door may take the folder away."""
    for attempt in range(RENAME_ATTEMPTS_MAX):
        try:
            path.parent.mkdir(
                parents=True, exist_ok=True
            )  # it, too, fails where a folder goes under its hands
            aside.replace(path)
            break
        except (FileNotFoundError, FileExistsError):
            if attempt + 1 == RENAME_ATTEMPTS_MAX:
                raise
    with suppress(FileNotFoundError):
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _walk(folder: Path, above: str, prefix: str, after: str | None) -> Iterator[ListedObject]:
    """Objects in the order of their whole names: a folder sorts as its name with a slash."""
    try:
        entries = [(_shown_name(entry), entry) for entry in os.scandir(folder)]
    except FileNotFoundError:
        return
    for shown, entry in sorted(entries, key=lambda pair: pair[0]):
        name = above + shown
        if shown.endswith("/"):
            leads = name.startswith(prefix) or prefix.startswith(name)
            if leads and (after is None or name > after or after.startswith(name)):
                yield from _walk(Path(entry.path), name, prefix, after)
        elif name.startswith(prefix) and (after is None or name > after):
            with suppress(FileNotFoundError):  # deleted meanwhile
                yield ListedObject(name, entry.stat().st_size)


def _shown_name(entry: os.DirEntry[str]) -> str:
    folder = entry.is_dir(follow_symlinks=False)
    return (entry.name.removesuffix("%") if folder else entry.name).replace("%25", "%") + "/" * folder


@contextmanager
def _translated(path: Path, name: str | None = None) -> Iterator[None]:
    """Rimedio's errors for the operating system's; when `name` says what was asked, absent is NotFound."""
    try:
        yield
    except OSError as error:
        if name is not None and isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError):
            msg = f"There is no object {name!r}. List the objects to see their names."
            raise NotFound(msg) from None
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            msg = f"The disk that holds {path} is full. Nothing was half-written; free some space and retry."
            raise DiskFull(msg) from error
        msg = f"The file {path} cannot be used: {error.strerror}. Check the folder's owner and permissions."
        raise StorageFailed(msg) from error
