"""Where a registry keeps its versions: a folder at home; on AWS a bucket, with copies in a scratch folder.

Promises of every shelf (tests/contract/classification): a version is there whole or not at all and never changes;
the registry's file is replaced as a whole, and only by somebody who has seen the one before.
"""

import os
import shutil
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rimedio.domain.errors import NotFound

REGISTRY_FILE = "registry.json"
Stamp = tuple[int, int]  # differs when the registry's file does
ABSENT: Stamp = (0, 0)
Alter = Callable[[bytes | None], bytes]
_CHANGES = threading.RLock()  # read, change, write: a retraining ends while somebody promotes


class Shelf(Protocol):
    """Keeps model folders and the file that says what they are for. All methods raise StorageFailed's kin."""

    @property
    def name(self) -> str:
        """Where it is, for messages."""
        ...

    @property
    def folder(self) -> Path:
        """A folder on this machine for what is being made; versions may lie in it."""
        ...

    def read(self) -> bytes | None:
        """The registry's file, or None; it may be some seconds old."""
        ...

    def changing(self) -> AbstractContextManager[object]:
        """Keeps this process's other threads from changing anything at the same time."""
        ...

    def change(self, alter: Alter) -> None:
        """Replace the registry's file by what `alter` makes of the newest one.

        Where another process was faster, `alter` is called again with what is there then. Raises Conflict when
        that happens too often, and whatever `alter` raises.
        """
        ...

    def claim(self, first: int) -> int:
        """A number from `first` on for a new version, which nobody else gets."""
        ...

    def keep(self, staged: Path, version: str) -> None:
        """Take a finished folder, which stands in `folder`, over as `version`."""
        ...

    def path(self, version: str) -> Path:
        """The version's files on this machine. Raises NotFound."""
        ...

    def stamp(self) -> Stamp:
        """Changes when the registry does; cheap enough for every question."""
        ...

    def inner(self, name: str) -> "Shelf":
        """A shelf of its own inside this one."""
        ...


@dataclass(frozen=True)
class FolderShelf:
    """A folder: a crash leaves the old registry file or the new one, never a part."""

    folder: Path

    @property
    def name(self) -> str:
        return str(self.folder)

    def read(self) -> bytes | None:
        path = self.folder / REGISTRY_FILE
        return path.read_bytes() if path.exists() else None

    def changing(self) -> AbstractContextManager[object]:
        return _CHANGES

    def change(self, alter: Alter) -> None:
        with _CHANGES:
            content = alter(self.read())
            path = self.folder / REGISTRY_FILE
            self.folder.mkdir(parents=True, exist_ok=True)
            scratch = path.with_suffix(".new")
            with scratch.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(path)

    def claim(self, first: int) -> int:
        return first  # `changing` keeps everybody else out, and only one process writes to a data folder

    def keep(self, staged: Path, version: str) -> None:
        target = self.folder / version
        shutil.rmtree(target, ignore_errors=True)  # of a crash before the registry named it
        staged.rename(target)

    def path(self, version: str) -> Path:
        found = self.folder / version
        if not found.is_dir():
            raise NotFound(f"The files of classifier {version} are missing in {self.folder}.")
        return found

    def stamp(self) -> Stamp:
        try:
            status = (self.folder / REGISTRY_FILE).stat()
        except OSError:
            return ABSENT
        return status.st_mtime_ns, status.st_ino

    def inner(self, name: str) -> "FolderShelf":
        return FolderShelf(self.folder / name)
