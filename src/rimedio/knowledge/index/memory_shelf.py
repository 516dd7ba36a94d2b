"""A shelf in memory, for tests and trying out."""

import itertools
from collections.abc import Iterator
from pathlib import Path

from rimedio.domain.errors import ConditionFailed, NotFound


class MemoryShelf:
    """Keeps published files in this process."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[bytes, str]] = {}
        self._tags = itertools.count(1)

    def read(self, name: str) -> tuple[bytes, str] | None:
        """A small file and its tag, or None."""
        return self._files.get(name)

    def stream(self, name: str) -> Iterator[bytes]:
        """A large file in blocks. Raises NotFound."""
        found = self._files.get(name)
        if found is None:
            raise NotFound(f"There is no published file {name}.")
        content = found[0]
        return (content[start : start + 65_536] for start in range(0, len(content), 65_536))

    def put(self, name: str, path: Path) -> None:
        """Store a file."""
        self._files[name] = path.read_bytes(), str(next(self._tags))

    def swap(self, name: str, content: bytes, expected: str | None) -> str:
        """Store a small file on condition. Raises ConditionFailed."""
        found = self._files.get(name)
        if (found[1] if found else None) != expected:
            raise ConditionFailed(f"Another writer published {name} first. Begin again from its version.")
        tag = str(next(self._tags))
        self._files[name] = content, tag
        return tag

    def delete(self, name: str) -> None:
        """Remove a file."""
        self._files.pop(name, None)

    def list(self, prefix: str) -> list[str]:
        """Names that begin with `prefix`."""
        return sorted(name for name in self._files if name.startswith(prefix))
