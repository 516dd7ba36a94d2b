"""Small secret files: readable by their owner only, replaced as a whole, changed by one process at a time."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rimedio.domain.errors import StorageFailed

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def write_private(path: Path, content: bytes) -> None:
    """Put `content` in place at once, or not at all. Raises StorageFailed."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        with suppress(OSError):  # what kept the file from being written may keep it from being removed
            aside.unlink()
        msg = f"{path} cannot be written ({error.strerror}). Check the folder's owner and its free space."
        raise StorageFailed(msg) from error


def read_private(path: Path) -> bytes | None:
    """The file's content; None when it is absent. Raises StorageFailed."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror}). Check its owner and permissions."
        raise StorageFailed(msg) from error


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Keep other processes and threads out of the same change. Raises StorageFailed."""
    try:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        msg = f"{path.parent} cannot be written ({error.strerror}). Check its owner and permissions."
        raise StorageFailed(msg) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
