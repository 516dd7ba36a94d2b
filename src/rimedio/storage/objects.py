"""Objects: files kept under a name of their own tenant; on the laptop a folder, on AWS a bucket.

Promises of every adapter (tests/contract/storage): an object is there whole or not at all; what was put is
read at once; `list` goes in the order of the UTF-8 bytes of the names; no name leads out of its tenant.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from rimedio.domain.errors import InvalidInput

NAME_BYTES_MAX = 900  # S3: 1,024 with the tenant
PART_BYTES_MAX = 200  # file systems: 255
BLOCK_BYTES = 1024 * 1024
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it was put. `etag` is SHA-256 of the content, in hexadecimal."""

    name: str
    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class ObjectPart:
    """Some bytes of an object, and the object they are out of, as it was when they were read."""

    data: bytes
    whole: StoredObject


@dataclass(frozen=True, slots=True, order=True)
class ListedObject:
    """An object in a list; no hash, for S3 lists none of the content."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """Some objects of a list, and the name to go on after; None at the end."""

    objects: tuple[ListedObject, ...]
    after: str | None = None


class ObjectStore(Protocol):
    """Keeps files. All methods raise InvalidInput for names that no adapter takes, StorageFailed (DiskFull)
    when the store itself fails, Unavailable (Throttled) when it may answer the same call later; then nothing
    is half-written."""

    def put(self, tenant_id: str, name: str, content: bytes | Iterable[bytes]) -> StoredObject:
        """Write an object, replacing one of that name."""
        ...

    def get(self, tenant_id: str, name: str) -> bytes:
        """The content. Raises NotFound."""
        ...

    def stream(self, tenant_id: str, name: str, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
        """The content in blocks, for what is too large for memory. Raises NotFound at the first block."""
        ...

    def part(self, tenant_id: str, name: str, start: int, end: int) -> ObjectPart:
        """The bytes from `start` up to `end`, or to the last one; on the laptop the hash reads the content.

        Raises NotFound, and InvalidInput when no byte of the object lies there.
        """
        ...

    def head(self, tenant_id: str, name: str) -> StoredObject | None:
        """Size and hash, or None; on the laptop this reads the content."""
        ...

    def exists(self, tenant_id: str, name: str) -> bool:
        """Whether there is such an object."""
        ...

    def delete(self, tenant_id: str, name: str) -> None:
        """Remove an object; nothing happens when it is absent."""
        ...

    def list(
        self, tenant_id: str, prefix: str = "", *, limit: int = 1000, after: str | None = None
    ) -> ObjectPage:
        """Objects whose name begins with `prefix`, up to 1,000, those behind `after` only."""
        ...


def checked_tenant(tenant_id: str) -> str:
    """A tenant id that is safe as a folder name. Raises InvalidInput."""
    if not _TENANT.fullmatch(tenant_id) or ".." in tenant_id:
        msg = f"{tenant_id!r} cannot name a tenant's objects. Use up to 100 letters, digits, dots, - or _."
        raise InvalidInput(msg)
    return tenant_id


def checked_name(name: str) -> str:
    """A name that is safe everywhere: parts with slashes between them, none empty, `.` or `..`.

    Raises InvalidInput, also for backslashes, control characters, and text that is not in Unicode's NFC form:
    two such names could mean the same file on some disks.
    """
    try:
        parts = name.encode().split(b"/")
    except UnicodeEncodeError:
        parts = []
    wrong = (
        not parts
        or any(part in (b"", b".", b"..") or len(part) > PART_BYTES_MAX for part in parts)
        or len(name.encode(errors="replace")) > NAME_BYTES_MAX
        or _CONTROL.search(name)
        or unicodedata.normalize("NFC", name) != name
    )
    if wrong:
        msg = (
            f"{name[:80]!r} cannot name an object. Use parts of 1 to {PART_BYTES_MAX} bytes with single "
            f"slashes between them, at most {NAME_BYTES_MAX} bytes, no `.` or `..` part, backslash or "
            "control character."
        )
        raise InvalidInput(msg)
    return name


def checked_bounds(name: str, start: int, end: int, size: int | None = None) -> None:
    """Raises InvalidInput unless a byte lies from `start` up to `end`, in an object of `size` bytes if it is known."""
    if not 0 <= start < (end if size is None else min(end, size)):
        held = "" if size is None else f", which has {size}"
        raise InvalidInput(
            f"There are no bytes {start} to {end} in the object {name!r}{held}. Ask for others."
        )


def checked_limit(limit: int) -> int:
    """A page size between 1 and 1,000. Raises InvalidInput."""
    if not 1 <= limit <= 1000:
        raise InvalidInput(f"The limit {limit} is not allowed; ask for 1 to 1000 objects.")
    return limit


def blocks_of(content: bytes | Iterable[bytes]) -> Iterator[bytes]:
    """The content as blocks, however it was given."""
    return iter((content,)) if isinstance(content, bytes) else iter(content)


def etag_of(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
