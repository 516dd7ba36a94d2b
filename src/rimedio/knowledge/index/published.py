"""The laptop's index as a published file: read by many functions, written by one at a time, no server between.

What is published is one SQLite file a version, and a manifest that says which version counts. Moving the manifest
is the only step that readers notice; S3 does it on condition, so of two writers who began at the same version, one
starts anew. A version's file never changes.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from rimedio.domain import codec
from rimedio.domain.errors import DatabaseCorrupt, StorageFailed

MANIFEST = "manifest.json"
VERSIONS = "versions"
PLAIN, GZIP = "none", "gzip"
WORTH = 0.9  # packed at most this part of the plain size, or it stays plain: unpacking costs a cold start
BLOCK = 1024 * 1024


class Shelf(Protocol):
    """Where published files stand. Raises Throttled, Unavailable, Forbidden."""

    def read(self, name: str) -> tuple[bytes, str] | None:
        """A small file and the tag of its present content, or None."""
        ...

    def stream(self, name: str) -> Iterator[bytes]:
        """A large file in blocks. Raises NotFound."""
        ...

    def put(self, name: str, path: Path) -> None:
        """Store a file under a name that nobody used before."""
        ...

    def swap(self, name: str, content: bytes, expected: str | None) -> str:
        """Store a small file where its tag still is `expected` (None: absent); its new tag.

        Raises ConditionFailed when somebody else was quicker.
        """
        ...

    def delete(self, name: str) -> None:
        """Remove a file; nothing happens when it is absent."""
        ...

    def list(self, prefix: str) -> list[str]:
        """Names that begin with `prefix`."""
        ...


@dataclass(frozen=True, slots=True)
class Version:
    """One published file. `sha256` and `size` (bytes) are those of the unpacked file."""

    number: int
    file: str
    sha256: str
    size: int
    packing: str
    packed_size: int
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Manifest:
    """Which version counts, and the ones before it that are kept, newest first."""

    version: Version
    older: tuple[Version, ...] = ()

    @property
    def files(self) -> frozenset[str]:
        """The files that must stay."""
        return frozenset(version.file for version in (self.version, *self.older))


def read_manifest(shelf: Shelf) -> tuple[Manifest, str] | None:
    """The manifest and its tag; None when nothing was published. Raises StorageFailed for a damaged one."""
    found = shelf.read(MANIFEST)
    if found is None:
        return None
    try:
        return codec.loads(Manifest, found[0]), found[1]
    except ValueError as error:
        raise StorageFailed(
            f"The manifest of the published index cannot be read: {error}. Publish anew."
        ) from error


def unpack(shelf: Shelf, version: Version, folder: Path) -> Path:
    """The version's file in `folder`, downloaded unless it is there. Raises DatabaseCorrupt for a wrong hash.

    It appears under its name when it is whole, so what another start left half-done is not mistaken for it.
    """
    target = folder / f"knowledge-{version.number}-{version.sha256[:16]}.sqlite3"
    if target.exists() and target.stat().st_size == version.size:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}.part")
    hashed = hashlib.sha256()
    try:
        with partial.open("wb") as file:
            for block in _unpacked(shelf.stream(version.file), version.packing):
                hashed.update(block)
                file.write(block)
        if hashed.hexdigest() != version.sha256:
            msg = (
                f"Version {version.number} of the published index has hash {hashed.hexdigest()[:16]}…, not "
                f"{version.sha256[:16]}… as its manifest says. Publish it anew."
            )
            raise DatabaseCorrupt(msg)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def pack(path: Path) -> tuple[Path, str]:
    """The file to upload and its packing: gzip where that is worth it, else the file itself."""
    packed = path.with_suffix(".gz")
    with path.open("rb") as plain, gzip.GzipFile(packed, "wb", compresslevel=6, mtime=0) as file:
        while block := plain.read(BLOCK):
            file.write(block)
    if packed.stat().st_size <= WORTH * path.stat().st_size:
        return packed, GZIP
    packed.unlink()
    return path, PLAIN


def hash_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpacked(blocks: Iterator[bytes], packing: str) -> Iterator[bytes]:
    if packing == PLAIN:
        yield from blocks
        return
    unpacker = zlib.decompressobj(wbits=31)
    try:
        for block in blocks:
            yield unpacker.decompress(block)
        yield unpacker.flush()
    except zlib.error as error:
        raise DatabaseCorrupt(f"The published index is damaged ({error}). Publish it anew.") from error
