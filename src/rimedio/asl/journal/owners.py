"""Which process runs an execution: the one that started it or took it up, for as long as that process lives.

Every process holds a lock on a file of its own beside the database. The operating system takes the lock away
when the process ends, however it ends: there is no lease to renew, and none to wait for after a crash.
"""

import os
import sys
import threading
import weakref
from glob import escape
from pathlib import Path
from typing import ClassVar

if sys.platform != "win32":
    import fcntl

NUMBER_BITS = 62


class Owner:
    """This process among those that share a database file. Thread-safe."""

    _of_files: ClassVar["weakref.WeakValueDictionary[tuple[str, int], Owner]"] = weakref.WeakValueDictionary()
    _opening = threading.Lock()

    def __init__(self, database: str) -> None:
        """`database` is a path; empty for one in memory, which no other process can see."""
        self._database = database
        self.number = 1
        self._file: int | None = None
        while database and self._file is None:
            self.number = 1 + (int.from_bytes(os.urandom(8), "big") >> (64 - NUMBER_BITS))
            file = os.open(self._path(self.number), os.O_CREAT | os.O_RDWR, 0o600)
            if _lock(file) and os.fstat(file).st_nlink:
                self._file = file
            else:  # another process swept it away before it was locked
                os.close(file)
        self._sweep()

    def _sweep(self) -> None:
        """Remove the files of processes that were killed."""
        if self._database:
            for left in Path(self._database).parent.glob(f"{escape(Path(self._database).name)}-owner-*"):
                self.is_gone(int(left.name.rpartition("-")[2], 16))

    @classmethod
    def of(cls, database: str) -> "Owner":
        """The same one for everybody in this process who has this file open. Ask within a write transaction."""
        if not database:
            return cls("")
        key = (os.path.realpath(database), os.getpid())
        with cls._opening:
            found = cls._of_files.get(key)
            if found is None:
                found = cls._of_files[key] = cls(key[0])
            return found

    def is_gone(self, number: int) -> bool:
        """Whether the process with this number has ended. Ask within a write transaction.

        It is found out by taking its lock; two processes that tried at once would think each other's trial its life.
        """
        if number == self.number or self._file is None:
            return number != self.number
        try:
            file = os.open(self._path(number), os.O_RDWR)
        except FileNotFoundError:
            return True
        try:
            gone = _lock(file)
        finally:
            os.close(file)
        if gone:
            self._path(number).unlink(missing_ok=True)
        return gone

    def _path(self, number: int) -> Path:
        return Path(f"{self._database}-owner-{number:x}")

    def __del__(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._path(self.number).unlink(missing_ok=True)


def _lock(file: int) -> bool:
    """Take the lock of an open file, unless another has it. Windows has none: its processes do not share."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
