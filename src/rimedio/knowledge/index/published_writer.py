"""Publishes versions of the index: load the newest, work on it, publish; whoever was too late starts anew."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from rimedio.domain import codec
from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import ConditionFailed, Throttled
from rimedio.knowledge.index.published import (
    GZIP,
    MANIFEST,
    VERSIONS,
    Manifest,
    Shelf,
    Version,
    hash_of,
    pack,
    read_manifest,
    unpack,
)
from rimedio.knowledge.index.schema import ROOM
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.storage.database import Database, translate

T = TypeVar("T")
KEPT = 3
ATTEMPTS = 8
PAUSE_SECONDS = 0.5  # before the second attempt at most; doubled for each one that follows


class IndexPublisher:
    """Writes published versions. Several may work at once: each publishes on top of what it began with, or anew.

    `kept` versions stay, the newest included: readers that have not looked yet may be downloading an older one.
    """

    def __init__(
        self,
        shelf: Shelf,
        folder: Path,
        clock: Clock,
        ids: Ids,
        kept: int = KEPT,
        *,
        chance: random.Random | None = None,
    ) -> None:
        self._shelf = shelf
        self._folder = folder
        self._clock = clock
        self._ids = ids
        self._kept = kept
        self._chance = chance or random.Random()  # noqa: S311 - jitter is no secret

    def apply(self, work: Callable[[SqliteIndex], T]) -> T:
        """Do `work` on the newest version and publish what comes out; nothing is published if it changed nothing.

        `work` is done again, on the version that then is newest, when another writer was quicker; so it must be
        repeatable. Raises Throttled after `ATTEMPTS` tries, and what `work` and the shelf raise.
        """
        for attempt in range(1, ATTEMPTS + 1):
            with TemporaryDirectory(dir=self._made_folder()) as name:
                try:
                    return self._applied(work, Path(name))
                except _Beaten:
                    pass
            self._clock.sleep(self._chance.uniform(0, PAUSE_SECONDS * 2 ** (attempt - 1)))
        msg = f"{ATTEMPTS} other writers in turn published the index first. Try again."
        raise Throttled(msg)

    def publish(self, database: Database) -> Manifest:
        """Publish the knowledge of a data folder as the next version, whatever stood there before.

        Raises ConditionFailed when another writer published meanwhile.
        """
        with TemporaryDirectory(dir=self._made_folder()) as name:
            found = read_manifest(self._shelf)
            return self._publish(database, found, Path(name))

    def _applied(self, work: Callable[[SqliteIndex], T], folder: Path) -> T:
        found = read_manifest(self._shelf)
        working = folder / "working.sqlite3"
        if found:
            shutil.copyfile(unpack(self._shelf, found[0].version, self._folder), working)
        database = Database(working)
        try:
            index = SqliteIndex(database)
            before = database.connection.total_changes
            result = work(index)
            if found is None or database.connection.total_changes != before:
                self._publish_unless_beaten(database, found, folder)
            return result
        finally:
            database.close()

    def _publish_unless_beaten(
        self, database: Database, found: tuple[Manifest, str] | None, folder: Path
    ) -> None:
        try:
            self._publish(database, found, folder)
        except ConditionFailed as error:
            raise _Beaten from error

    def _publish(self, database: Database, found: tuple[Manifest, str] | None, folder: Path) -> Manifest:
        plain = snapshot(database, folder)
        old = found[0] if found else None
        upload, packing = pack(plain)
        number = old.version.number + 1 if old else 1
        suffix = ".sqlite3.gz" if packing == GZIP else ".sqlite3"
        version = Version(
            number=number,
            file=f"{VERSIONS}/{number:08d}-{self._ids.new('index')}{suffix}",
            sha256=hash_of(plain),
            size=plain.stat().st_size,
            packing=packing,
            packed_size=upload.stat().st_size,
            published_at=self._clock.now(),
        )
        older = (old.version, *old.older)[: self._kept - 1] if old else ()
        manifest = Manifest(version, older)
        self._shelf.put(version.file, upload)
        try:
            self._shelf.swap(MANIFEST, codec.dumps(manifest).encode(), found[1] if found else None)
        except ConditionFailed:
            if not self._is_named(
                version
            ):  # else the first answer was lost, and its repetition met our own manifest
                self._shelf.delete(version.file)
                raise
        self._keep(plain, version)
        self._sweep(manifest)
        return manifest

    def _is_named(self, version: Version) -> bool:
        """Whether the manifest names the version: as the newest, or as one before it where others went on."""
        found = read_manifest(self._shelf)
        return found is not None and version.file in found[0].files

    def _keep(self, plain: Path, version: Version) -> None:
        """The file is what the next `apply` of this process begins with; older ones go."""
        for other in self._folder.glob("knowledge-*.sqlite3"):
            other.unlink()
        plain.replace(self._folder / f"knowledge-{version.number}-{version.sha256[:16]}.sqlite3")

    def _sweep(self, manifest: Manifest) -> None:
        """Delete versions that are not kept, and what writers that died left behind.

        A file of a higher number belongs to a writer at work; one of a lower number can no longer be published.
        """
        for name in self._shelf.list(f"{VERSIONS}/"):
            number = int(name.removeprefix(f"{VERSIONS}/").partition("-")[0])
            if name not in manifest.files and number <= manifest.version.number:
                self._shelf.delete(name)

    def _made_folder(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder


class _Beaten(Exception):
    """Another writer published first. No Rimedio error: `work` may raise ConditionFailed for reasons of its own."""


def snapshot(database: Database, folder: Path) -> Path:
    """A file with nothing but the knowledge of `database`, compact and free of logs. Raises StorageFailed errors.

    Taken through SQLite's backup, so writers may go on meanwhile.
    """
    copy, target = folder / "copy.sqlite3", folder / "snapshot.sqlite3"
    target.unlink(missing_ok=True)
    connection = sqlite3.connect(copy, isolation_level=None)
    try:
        database.connection.backup(connection)
        connection.execute("PRAGMA foreign_keys = OFF")
        for table in _strangers(connection):
            connection.execute(f'DROP TABLE "{table}"')
        connection.execute("DELETE FROM schema_version WHERE room != ?", (ROOM,))
        connection.execute("PRAGMA journal_mode = DELETE")  # a file that is only read has no log beside it
        connection.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise translate(error, database.path) from error
    finally:
        connection.close()
        for left in folder.glob("copy.sqlite3*"):
            left.unlink()
    return target


def _strangers(connection: sqlite3.Connection) -> list[str]:
    """Tables of other rooms; virtual ones first, for their shadows go with them."""
    rows = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "AND name NOT LIKE 'knowledge\\_%' ESCAPE '\\' AND name != 'schema_version' "
        "ORDER BY sql NOT LIKE 'CREATE VIRTUAL%'"
    ).fetchall()
    virtual = {
        row[0]
        for row in connection.execute("SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL%'")
    }
    names = [str(row[0]) for row in rows]
    return [n for n in names if n in virtual or not any(n.startswith(f"{v}_") for v in virtual)]
