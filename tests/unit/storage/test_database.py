"""The one SQLite file: transactions, migrations, threads, and clear words for what goes wrong."""

import gc
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from rimedio.domain.errors import DatabaseCorrupt, DiskFull, StorageFailed, Unavailable
from rimedio.storage import database as database_module
from rimedio.storage.database import Database, translate

TABLE = "CREATE TABLE thing (n INTEGER);"


@pytest.fixture(params=["memory", "file"])
def database(request: pytest.FixtureRequest, tmp_path: Path):
    found = Database(None if request.param == "memory" else tmp_path / "a.db")
    found.migrate("things", [TABLE])
    yield found
    found.close()


def things(database: Database) -> list[int]:
    return [row[0] for row in database.rows("SELECT n FROM thing ORDER BY n")]


def test_a_transaction_is_undone_when_anything_in_it_fails(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as connection:
            connection.execute("INSERT INTO thing VALUES (1)")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert things(database) == []


def test_an_inner_transaction_belongs_to_the_outer_one(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as outer:
            outer.execute("INSERT INTO thing VALUES (1)")
            with database.transaction() as inner:
                inner.execute("INSERT INTO thing VALUES (2)")
            assert things(database) == [1, 2]
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert things(database) == []


def test_another_thread_never_sees_an_unfinished_transaction(database: Database) -> None:
    seen: list[list[int]] = []
    reader = threading.Thread(target=lambda: seen.append(things(database)))
    with database.transaction() as connection:
        connection.execute("INSERT INTO thing VALUES (1)")
        if database.path is not None:  # in memory, the reader waits for the end
            reader.start()
            reader.join(timeout=60)
            assert seen == [[]]
        connection.execute("DELETE FROM thing")
        if database.path is None:
            reader.start()
    reader.join(timeout=60)
    assert seen == [[]]


def test_a_migration_runs_once_and_new_ones_follow(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    for scripts in (
        [TABLE],
        [TABLE],
        [TABLE, "ALTER TABLE thing ADD COLUMN m; INSERT INTO thing VALUES (1, 2);"],
    ):
        database = Database(path)
        database.migrate("things", scripts)
        database.close()
    database = Database(path)
    assert [tuple(row) for row in database.rows("SELECT n, m FROM thing")] == [(1, 2)]
    database.close()


def test_a_migration_that_fails_leaves_the_schema_as_it_was(database: Database) -> None:
    with pytest.raises(StorageFailed):
        database.migrate("things", [TABLE, "CREATE TABLE more (n); CREATE TABLE more (n);"])
    database.migrate("things", [TABLE, "CREATE TABLE more (n);"])
    assert database.rows("SELECT * FROM more") == []


def test_data_of_a_newer_program_is_left_alone(database: Database) -> None:
    with pytest.raises(StorageFailed, match="newer Rimedio"):
        database.migrate("things", [])


def test_a_thread_that_ends_closes_its_connection(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.db")
    thread = threading.Thread(target=lambda: database.rows("SELECT 1"))
    thread.start()
    thread.join()
    gc.collect()
    assert len(database._opened) == 1
    database.close()


def test_a_database_that_is_forgotten_in_a_cycle_closes_its_connection(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.db")
    connection, database.itself = database.connection, database  # type: ignore[attr-defined]
    del database
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_read_only_reads_and_refuses_to_write(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    writing = Database(path)
    writing.migrate("things", [TABLE])
    with writing.transaction() as connection:
        connection.execute("INSERT INTO thing VALUES (1)")
    reading = Database(path, read_only=True)
    reading.migrate("things", [TABLE])
    assert things(reading) == [1]
    with pytest.raises(StorageFailed, match="only be read"), reading.transaction() as connection:
        connection.execute("INSERT INTO thing VALUES (2)")
    with pytest.raises(StorageFailed, match="older"):
        reading.migrate("things", [TABLE, TABLE])
    writing.close()
    reading.close()


def test_a_file_that_is_no_database_is_called_damaged_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"not a database, but somebody's text" * 100)
    for read_only in (False, True):
        with pytest.raises(DatabaseCorrupt, match="Restore a backup"):
            Database(path, read_only=read_only)
    assert path.read_bytes() == b"not a database, but somebody's text" * 100


def test_damage_inside_the_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    database = Database(path)
    database.migrate("things", [TABLE, "CREATE INDEX by_n ON thing (n);"])
    with database.transaction() as connection:
        connection.executemany("INSERT INTO thing VALUES (?)", [(n,) for n in range(5000)])
    assert database.check() == []
    database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    raw = bytearray(path.read_bytes())
    for page in range(3, len(raw) // 4096):
        raw[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(raw)
    damaged = Database(path)
    with suppress(DatabaseCorrupt):
        assert damaged.check()
    with pytest.raises(DatabaseCorrupt, match="damaged"):
        damaged.rows("SELECT sum(n) FROM thing NOT INDEXED")
    damaged.close()


def test_a_full_disk_undoes_the_whole_transaction(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.db")
    database.migrate("things", ["CREATE TABLE thing (n INTEGER, text TEXT);"])
    with database.transaction() as connection:
        connection.execute("INSERT INTO thing VALUES (1, 'kept')")
    database.rows("PRAGMA max_page_count = 10")

    def fill() -> None:
        with database.transaction() as connection:
            connection.execute("INSERT INTO thing VALUES (2, 'small')")
            connection.execute("INSERT INTO thing VALUES (3, ?)", ("x" * 100_000,))

    with pytest.raises(DiskFull, match="free some space"):
        fill()
    assert things(database) == [1]
    database.rows("PRAGMA max_page_count = 10000")
    with database.transaction() as connection:
        connection.execute("INSERT INTO thing VALUES (3, ?)", ("x" * 100_000,))
    assert things(database) == [1, 3]
    database.close()


def test_another_writer_that_does_not_finish_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_PRAGMAS", ("busy_timeout = 1", "journal_mode = WAL"))
    database = Database(tmp_path / "a.db")
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="another writer"), database.transaction():
        raise AssertionError("must not be reached")
    other.close()
    database.close()


def test_a_writer_of_this_process_waits_for_its_turn_whatever_sqlite_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_PRAGMAS", ("busy_timeout = 0", "journal_mode = WAL"))
    database = Database(tmp_path / "a.db")
    database.migrate("things", [TABLE])
    failed: list[Exception] = []

    def write() -> None:
        try:
            with database.transaction() as connection:
                connection.execute("INSERT INTO thing VALUES (2)")
        except Exception as error:
            failed.append(error)

    other = threading.Thread(target=write)
    with database.transaction() as connection:
        connection.execute("INSERT INTO thing VALUES (1)")
        other.start()
        other.join(0.05)  # long enough to be refused, if it were
    other.join(60)
    assert failed == []
    assert things(database) == [1, 2]
    database.close()


def test_a_writer_whose_turn_does_not_come_is_told_to_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(tmp_path / "a.db")
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_MS", 1)
    found: list[type[BaseException]] = []

    def write() -> None:
        try:
            with database.transaction():
                raise AssertionError("must not be reached")
        except BaseException as error:
            found.append(type(error))

    other = threading.Thread(target=write)
    with database.transaction():
        other.start()
        other.join(60)
    assert found == [Unavailable]
    database.close()


def test_a_path_with_odd_letters_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "é 100% #1?x=y.db"
    database = Database(path)
    database.migrate("things", [TABLE])
    database.close()
    assert path.is_file()


def test_an_error_that_sqlite_alone_knows_is_passed_on_in_words() -> None:
    assert "near" in str(translate(sqlite3.OperationalError('near "SELEC": syntax error'), None))
