"""kill -9 while writing: what was promised is there, what was half-done is not, and the folder opens again."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rimedio.domain.clock import SystemClock
from rimedio.domain.errors import DataFolderLocked
from rimedio.storage.folder import DataFolder
from rimedio.storage.sqlite_streams import SqliteChangeStream
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.table import Key, Query

START = """
import sys
from pathlib import Path
from rimedio.domain.clock import SystemClock
from rimedio.storage.folder import DataFolder
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.table import Changes, Key, Put, Update
folder = DataFolder(Path(sys.argv[1]))
table = SqliteTable(folder.database, SystemClock())
def say(text):
    print(text, flush=True)
"""

ROUNDS = """
n = int(sys.argv[2])
while True:
    n += 1
    puts = [Put({"pk": "p", "sk": f"item-{i}", "round": n, "text": "x" * 500}) for i in range(20)]
    table.transact_write([*puts, Update(Key("p", "count"), Changes(set={"round": n}))])
    say(n)
"""

HALF_WAY = """
with folder.database.transaction():
    table.put({"pk": "p", "sk": "half"})
    table.transact_write([Put({"pk": "p", "sk": "second"}), Put({"pk": "p", "sk": "whole", "n": 2})])
    say("inside")
    sys.stdin.read()
"""

HALF_AN_OBJECT = """
def blocks():
    yield b"x" * 100_000
    say("inside")
    sys.stdin.read()
folder.objects.put("acme", "manual.pdf", blocks())
"""


@contextmanager
def process(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A writer; whatever happens, it is killed in the end."""
    running = subprocess.Popen(
        [sys.executable, "-c", START + script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def said(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    line = running.stdout.readline().strip()
    assert line, "the writer ended before it was killed"
    return line


def test_every_finished_transaction_survives_kills_and_no_half_one_is_seen(tmp_path: Path) -> None:
    chance = random.Random(7)
    last = 0
    for _ in range(6):
        with process(ROUNDS, str(tmp_path), str(last)) as writer:
            for _ in range(chance.randint(1, 12)):
                last = int(said(writer))
            writer.kill()  # somewhere inside the next transaction
            assert writer.stdout is not None
            last = max([last, *(int(line) for line in writer.stdout.read().split())])
        with DataFolder(tmp_path) as folder:
            assert folder.database.check() == []
            table = SqliteTable(folder.database, SystemClock())
            rounds = {item["round"] for item in table.query(Query("p")).items}
            assert len(rounds) == 1, "a transaction was half-written"
            assert last <= int(str(rounds.pop())) <= last + 1


def test_the_stream_tells_exactly_what_the_table_holds_after_kills(tmp_path: Path) -> None:
    for start in (0, 1000):
        with process(ROUNDS, str(tmp_path), str(start)) as writer:
            for _ in range(5):
                said(writer)
    with DataFolder(tmp_path) as folder:
        table = SqliteTable(folder.database, SystemClock())
        stream = SqliteChangeStream(folder.database, SystemClock())
        replayed = {}
        while changes := stream.read("replay", 500):
            for change in changes:
                assert replayed.get(change.key) == change.old
                replayed[change.key] = change.new
            stream.acknowledge("replay", changes[-1])
        items = table.query(Query("p", limit=100)).items
        assert replayed == {Key(str(item["pk"]), str(item["sk"])): item for item in items}


def test_a_transaction_killed_half_way_never_happened(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        SqliteTable(folder.database, SystemClock()).put({"pk": "p", "sk": "whole", "n": 1})
    with process(HALF_WAY, str(tmp_path)) as writer:
        assert said(writer) == "inside"
    with DataFolder(tmp_path) as folder:
        table = SqliteTable(folder.database, SystemClock())
        assert table.query(Query("p")).items == ({"pk": "p", "sk": "whole", "n": 1},)
        assert len(SqliteChangeStream(folder.database, SystemClock()).read("c")) == 1


def test_an_object_killed_half_way_leaves_the_old_one_and_no_rest(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        folder.objects.put("acme", "manual.pdf", b"old")
    with process(HALF_AN_OBJECT, str(tmp_path)) as writer:
        assert said(writer) == "inside"
    with DataFolder(tmp_path) as folder:
        assert folder.objects.get("acme", "manual.pdf") == b"old"
        assert list((tmp_path / "objects" / ".incoming").iterdir()) == []


def test_a_second_process_is_told_who_writes_and_gets_in_after_its_death(tmp_path: Path) -> None:
    with process(HALF_WAY, str(tmp_path)) as writer:
        assert said(writer) == "inside"
        with pytest.raises(DataFolderLocked, match=f"in use by process {writer.pid}. Stop that process"):
            DataFolder(tmp_path)
        with DataFolder(tmp_path, read_only=True) as reader:  # reading goes on beside it
            assert reader.database.rows("SELECT * FROM item") == []
    DataFolder(tmp_path).close()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to become another user"
)
def test_a_folder_of_another_user_is_refused_for_writing_and_read_when_it_may_be(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with DataFolder(data) as folder:
        SqliteTable(folder.database, SystemClock()).put({"pk": "p", "sk": "s"})
    data.chmod(0o755)
    for path in data.rglob("*"):
        path.chmod(0o644)
    script = """
import os, sys
from pathlib import Path
from rimedio.domain.clock import SystemClock
from rimedio.domain.errors import StorageFailed
from rimedio.storage.folder import DataFolder
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.table import Key
os.chdir(sys.argv[1])  # the folders above belong to root
os.setuid(65534)
try:
    DataFolder(Path("."))
except StorageFailed as error:
    print(error)
with DataFolder(Path("."), read_only=True) as folder:
    print(SqliteTable(folder.database, SystemClock()).get(Key("p", "s")))
"""
    for above in data.parents:
        if above.stat().st_mode & 0o005 != 0o005:
            above.chmod(above.stat().st_mode | 0o011)
        if above == Path("/tmp"):
            break
    done = subprocess.run(
        [sys.executable, "-c", script, str(data)], capture_output=True, text=True, check=False, timeout=300
    )
    assert "cannot be written (Permission denied). Check its owner" in done.stdout, done.stderr
    assert "{'pk': 'p', 'sk': 's'}" in done.stdout, done.stderr
    assert sorted(path.name for path in data.iterdir()) == ["rimedio.db", "rimedio.lock"]
