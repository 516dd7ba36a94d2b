"""The data folder: everything that Rimedio keeps on a laptop, written by one process at a time."""

import fcntl
import os
import shutil
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from rimedio.domain.errors import DataFolderLocked, DiskFull, NotFound, StorageFailed
from rimedio.storage.database import Database
from rimedio.storage.file_objects import FileObjectStore

DATABASE = "rimedio.db"
OBJECTS = "objects"
LOCK = "rimedio.lock"


class DataFolder:
    """An open data folder. Use it in a `with` statement, or call `close`.

    For writing it is made when absent and locked: the lock goes with the process, however that ends. For
    reading it must exist, nothing in it changes, and a writer may be at work meanwhile.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Raises DataFolderLocked when another process writes it, NotFound or StorageFailed when unusable."""
        self.path = path.absolute()
        self.read_only = read_only
        self._lock: int | None = None
        if read_only:
            self._require_database()
        else:
            self._prepare()

    @cached_property
    def database(self) -> Database:
        """The one SQLite file. Raises DatabaseCorrupt or StorageFailed."""
        return Database(self.path / DATABASE, read_only=self.read_only)

    @cached_property
    def objects(self) -> FileObjectStore:
        """The files that came with tickets and documents."""
        store = FileObjectStore(self.path / OBJECTS)
        if not self.read_only:
            store.clean()
        return store

    @property
    def free_bytes(self) -> int:
        """What the disk has left."""
        return shutil.disk_usage(self.path).free

    def require_free(self, wanted_bytes: int) -> None:
        """Raises DiskFull when less than this is free: better to stop before than in the middle."""
        free = self.free_bytes
        if free < wanted_bytes:
            msg = (
                f"The disk that holds {self.path} has {free / 1e6:,.0f} MB; {wanted_bytes / 1e6:,.0f} MB are "
                "needed. Free space, or point `data_dir` at another disk."
            )
            raise DiskFull(msg)

    def close(self) -> None:
        """Close the database and let the next process in."""
        if "database" in self.__dict__:
            self.database.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _require_database(self) -> None:
        try:
            there = (self.path / DATABASE).is_file()
        except OSError as error:
            msg = (
                f"The data folder {self.path} cannot be read ({error.strerror}). Check its owner and "
                "permissions, or point `data_dir` at another folder."
            )
            raise StorageFailed(msg) from error
        if not there:
            msg = (
                f"There is no Rimedio data in {self.path}. Check `data_dir`, or load a document first: "
                "rimedio ingest PATH."
            )
            raise NotFound(msg)

    def _prepare(self) -> None:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)  # customers' words are in it
            lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            msg = (
                f"The data folder {self.path} cannot be written ({error.strerror}). Check its owner and "
                "permissions, or point `data_dir` at another folder."
            )
            raise StorageFailed(msg) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _holder(lock)
            os.close(lock)
            msg = (
                f"The data folder {self.path} is in use by {holder}. Stop that process first, or point "
                "`data_dir` at another folder. A running service takes manuals and tickets in its console."
            )
            raise DataFolderLocked(msg) from error
        self._lock = lock
        self._sign(lock)

    def _sign(self, lock: int) -> None:
        """Leave the process id for whoever finds the folder locked."""
        try:
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
        except OSError as error:
            self.close()
            raise DiskFull(f"The disk that holds {self.path} is full. Free some space and retry.") from error


def _holder(lock: int) -> str:
    pid = os.pread(lock, 20, 0).decode(errors="replace").strip()
    return f"process {pid}" if pid.isdigit() else "another process"
