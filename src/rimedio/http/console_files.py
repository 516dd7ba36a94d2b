"""The console's files, read into memory by name: a path that is not in the table does not exist.

So `..`, links and encodings lead nowhere. Each file has an ETag of its content; browsers ask again each time
and get 304, so a new version is seen at once. A file changed on the disk is read again (for development).
"""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

PREFIX = "/console/"
INDEX = "index.html"
GZIP_BYTES_MIN = 1024
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
}
_COMPRESSIBLE = ("text/", "application/json", "application/manifest", "image/svg")


@dataclass(frozen=True, slots=True)
class ConsoleFile:
    """A file ready to be sent. `packed` is its gzip form where that is smaller."""

    content: bytes
    packed: bytes | None
    etag: str
    media_type: str
    stamp: int


class ConsoleFiles:
    """Files of a folder by their path under /console/."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, ConsoleFile] = {}
        self._names: dict[str, Path] = {}
        self._list()

    def find(self, path: str) -> ConsoleFile | None:
        """The file of a URL path: `/` and `/console/` are the index; None when there is none."""
        if path in ("/", "/console", PREFIX):
            name = INDEX
        elif path.startswith(PREFIX):
            name = path[len(PREFIX) :]
        else:
            return None
        where = self._names.get(name)
        if where is None:
            if Path(name).suffix not in TYPES:
                return None
            self._list()  # a file that was added since
            where = self._names.get(name)
        return None if where is None else self._read(name, where)

    def _list(self) -> None:
        if self._folder.is_dir():
            self._names = {
                path.relative_to(self._folder).as_posix(): path
                for path in self._folder.rglob("*")
                if path.is_file() and not path.is_symlink() and path.suffix in TYPES
            }

    def _read(self, name: str, where: Path) -> ConsoleFile | None:
        try:
            stamp = where.stat().st_mtime_ns
            known = self._files.get(name)
            if known is not None and known.stamp == stamp:
                return known
            content = where.read_bytes()
        except OSError:
            return None
        made = self._files[name] = _prepared(content, TYPES[where.suffix], stamp)
        return made


def _prepared(content: bytes, media_type: str, stamp: int) -> ConsoleFile:
    packed = None
    if len(content) >= GZIP_BYTES_MIN and media_type.startswith(_COMPRESSIBLE):
        packed = gzip.compress(content, 6, mtime=0)
        packed = packed if len(packed) < len(content) else None
    return ConsoleFile(content, packed, f'"{hashlib.sha256(content).hexdigest()[:32]}"', media_type, stamp)
