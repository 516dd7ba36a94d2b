"""Where the service of a data folder answers, so that a second command prints links that work."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from rimedio.domain.errors import StorageFailed
from rimedio.security.private_file import read_private, write_private

FILE = "address"
PATIENCE_SECONDS = 2.0


@contextmanager
def forgotten_at_the_end(folder: Path) -> Iterator[None]:
    """Whatever was noted is gone when the service has ended."""
    try:
        yield
    finally:
        with suppress(OSError):
            (folder / FILE).unlink()


def note_address(folder: Path, address: str) -> None:
    """Write where the service answers; on a full disk it still serves, and links name the settings' port."""
    with suppress(StorageFailed):
        write_private(folder / FILE, address.encode())


def noted_address(folder: Path) -> str | None:
    """Where the service answers; None where none runs. After a kill -9 the last one, until the next start."""
    with suppress(StorageFailed, UnicodeDecodeError):
        content = read_private(folder / FILE)
        return content.decode() if content else None
    return None


def running_address(folder: Path) -> str | None:
    """Where the service answers, if something does there now: a noted address may outlive a kill -9."""
    address = noted_address(folder)
    if address is None:
        return None
    with suppress(OSError, ValueError):
        place = urlsplit(address)
        socket.create_connection((place.hostname or "", place.port or 80), PATIENCE_SECONDS).close()
        return address
    return None
