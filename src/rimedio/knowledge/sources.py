"""Where documents come from: files, folders, and archives that are read without unpacking them to disk."""

import hashlib
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath

from rimedio.domain.errors import InvalidDocument, NotFound
from rimedio.domain.source_names import ARCHIVES, MEMBER_MARK
from rimedio.knowledge.extract import Limits, is_supported

MEMBERS_MAX = 200_000
ARCHIVE_BYTES_MAX = 4 * 1024**3  # unpacked, all members together
UNPACKING_FAILED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)
IN_NO_MANUAL = frozenset({"__pycache__", "node_modules", "__MACOSX"})


@dataclass(frozen=True, slots=True)
class Source:
    """A file that may become a document. `read` is good until the next source is asked for."""

    uri: str
    name: str  # path as shown in messages; its ending tells the format
    read: Callable[[], bytes]  # raises InvalidDocument
    size: int
    modified: datetime
    stamp: str | None = None  # changes when the file does; None when only its content can tell


def is_archive(path: Path) -> bool:
    """Whether a file's name is that of an archive."""
    return path.name.lower().endswith(ARCHIVES)


def is_skipped(path: PurePosixPath) -> bool:
    """Hidden files, folders of tools, and endings that no reader knows: passed over when walking."""
    return any(p.startswith(".") or p in IN_NO_MANUAL for p in path.parts) or not is_supported(path.name)


def root_of(path: Path) -> str:
    """Prefix of the URIs of everything below `path`."""
    resolved = path.resolve()
    if resolved.is_dir():
        return f"{resolved.as_posix().rstrip('/')}/"
    return f"{resolved.as_posix()}{MEMBER_MARK}" if is_archive(resolved) else resolved.as_posix()


def sources(paths: Sequence[Path], limits: Limits) -> Iterator[Source]:
    """All documents at and below `paths`, in a stable order. Raises NotFound for a missing path."""
    for path in paths:
        if not path.exists():
            msg = f"There is no file or folder {path}. Check the path."
            raise NotFound(msg)
    for path in paths:
        yield from _below(path.resolve(), limits)


def _below(path: Path, limits: Limits) -> Iterator[Source]:
    if path.is_file():
        yield from _archive(path, limits) if is_archive(path) else [_file(path, path.name, limits)]
        return
    for found in sorted(path.rglob("*")):
        inner = PurePosixPath(found.relative_to(path).as_posix())
        if not found.is_file():
            continue
        if is_archive(found) and not any(part.startswith(".") for part in inner.parts):
            yield from _archive(found, limits)
        elif not is_skipped(inner):
            yield _file(found, str(inner), limits)


def _file(path: Path, name: str, limits: Limits) -> Source:
    status = path.stat()

    def read() -> bytes:
        if not stat.S_ISREG(status.st_mode):
            msg = f"{name} is no regular file. Give documents only."
            raise InvalidDocument(msg)
        if status.st_size > limits.bytes_max:
            raise _too_large(name, status.st_size, limits)
        try:
            return path.read_bytes()
        except OSError as error:
            msg = f"{name} cannot be read ({error.strerror or error}). Check its permissions."
            raise InvalidDocument(msg) from error

    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    mark = f"{status.st_size}:{status.st_mtime_ns}"
    return Source(path.as_posix(), name, read, status.st_size, modified, mark)


def _archive(path: Path, limits: Limits) -> Iterator[Source]:
    """Members of an archive; a damaged archive is one source that is refused when it is read."""
    members = _zip_members if path.name.lower().endswith(".zip") else _tar_members
    try:
        yield from members(path, limits)
    except (*UNPACKING_FAILED, NotImplementedError) as error:
        fault = str(error) or type(error).__name__

        def refuse() -> bytes:
            msg = f"{path.name} is a damaged archive ({fault}). Download or pack it again."
            raise InvalidDocument(msg)

        status = path.stat()
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        yield Source(path.as_posix(), path.name, refuse, status.st_size, modified)


def _tar_members(path: Path, limits: Limits) -> Iterator[Source]:
    budget = _Budget(path)
    with tarfile.open(path, "r:*") as archive:
        for member in archive:
            inner = _inner(member.name)
            budget.take(member.size)
            if not member.isreg() or inner is None or is_skipped(inner):
                continue
            found = archive.extractfile(member)
            if found is None:
                continue
            size, when = member.size, datetime.fromtimestamp(max(0, member.mtime), UTC)
            yield _member(path, inner, found.read, size, when, limits)


def _zip_members(path: Path, limits: Limits) -> Iterator[Source]:
    budget = _Budget(path)
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            inner = _inner(member.filename)
            budget.take(member.file_size)
            if member.is_dir() or inner is None or is_skipped(inner):
                continue
            unpack = partial(_unzipped, archive, member)
            yield _member(path, inner, unpack, member.file_size, _zip_date(member), limits)


def _zip_date(member: zipfile.ZipInfo) -> datetime:
    try:
        return datetime(*member.date_time, tzinfo=UTC)
    except ValueError:  # zip files may hold month 0
        return datetime(1980, 1, 1, tzinfo=UTC)


def _unzipped(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Bytes of a member, never more than its header admits."""
    with archive.open(member) as stream:
        data = stream.read(member.file_size + 1)
    if len(data) > member.file_size:
        raise zipfile.BadZipFile("a member is larger than it says")
    return data


def _member(  # noqa: PLR0917 - a private step of the two readers above
    path: Path, inner: PurePosixPath, unpack: Callable[[], bytes], size: int, when: datetime, limits: Limits
) -> Source:
    name = str(inner)

    def read() -> bytes:
        if size > limits.bytes_max:
            raise _too_large(name, size, limits)
        try:
            return unpack()
        except (*UNPACKING_FAILED, RuntimeError) as error:
            msg = f"{name} cannot be unpacked from {path.name} ({error}): damaged, or with a password."
            raise InvalidDocument(msg) from error

    return Source(f"{path.as_posix()}{MEMBER_MARK}{name}", name, read, size, when)


class _Budget:
    """Stops an archive that unpacks to more than anyone's manuals."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = ARCHIVE_BYTES_MAX
        self._members = MEMBERS_MAX

    def take(self, size: int) -> None:
        self._left -= size
        self._members -= 1
        if self._left < 0 or self._members < 0:
            raise tarfile.ReadError("it unpacks to more than 4 GB or 200,000 files")


def _inner(name: str) -> PurePosixPath | None:
    """A member's path, None when it points outside of the archive."""
    path = PurePosixPath(name.replace("\\", "/"))
    return None if path.is_absolute() or ".." in path.parts or not path.parts else path


def _too_large(name: str, size: int, limits: Limits) -> InvalidDocument:
    most = limits.bytes_max / 1e6
    return InvalidDocument(f"{name} is {size / 1e6:.0f} MB; a file may have {most:.0f} MB at most. Split it.")


def content_hash(data: bytes) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
