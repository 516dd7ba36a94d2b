"""The threads that work on tickets share one system; it is made, its modules imported, before they begin."""

import threading
from pathlib import Path

from rimedio.asl import Engine, MemoryJournal
from rimedio.bootstrap import laptop
from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.settings import EmbedderName, Settings
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.engine_runner import EngineRunner


def threads() -> set[threading.Thread]:
    return set(threading.enumerate())


def test_what_workers_share_is_made_before_the_first_of_them_begins(tmp_path: Path) -> None:
    seen: list[set[threading.Thread]] = []
    before = threads()
    engine = Engine(MemoryJournal(), {})
    tickets = TicketStore(SqliteTable(Database(tmp_path / "t.db"), FakeClock()), FakeClock(), SeededIds())
    runner = EngineRunner.create(engine, tickets, lambda: seen.append(threads() - before))
    manager = runner.working(2)
    assert seen == []  # not by whoever asks for the context, but by whoever enters it
    with manager:
        assert seen == [set()]
        assert len(threads() - before) == 2
    assert threads() <= before


def test_a_laptop_has_made_its_tasks_parts_and_its_desk_when_work_begins(tmp_path: Path) -> None:
    system = laptop(Settings(data_dir=tmp_path, embedder=EmbedderName.NONE))
    try:
        with system.runner.working(1):
            assert {"parts", "desk"} <= vars(system).keys()
    finally:
        system.close()
