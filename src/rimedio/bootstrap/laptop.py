"""The system at home: which adapter stands behind which port.

`laptop()` builds the system in this process on one data folder, with no key and no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rimedio.bootstrap.system import TAXONOMY_FILE, Rimedio
from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import InvalidSetting, StorageFailed
from rimedio.domain.taxonomy import Taxonomy
from rimedio.settings import EmbedderName, Generator, Settings
from rimedio.storage.database import Database
from rimedio.storage.file_objects import FileObjectStore
from rimedio.storage.folder import DataFolder
from rimedio.storage.housekeeping import sweep_daily
from rimedio.storage.sqlite_streams import SqliteChangeStream
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.ticket_feed import SqliteTicketFeed

if TYPE_CHECKING:
    from rimedio.asl import Engine
    from rimedio.bootstrap.events import Eventing
    from rimedio.bootstrap.identity import HomeIdentity
    from rimedio.classification.registry import ModelRegistry
    from rimedio.knowledge.embedding.port import Embedder
    from rimedio.knowledge.index.sqlite import SqliteIndex
    from rimedio.llm.openai_compatible import OpenAICompatibleChat
    from rimedio.tickets.engine_runner import EngineRunner

CLASSIFIERS = "classifiers"
OPEN_MAX = 1000
SWEPT = "swept"
HISTORIES_KEPT = timedelta(days=90)  # of executions that have ended, as Step Functions keeps them
CHAT_SETTINGS = "Set `llm_url` and `llm_model`, or set `generator` to extractive."


class LaptopRimedio(Rimedio):
    """The whole system on one data folder."""

    def __init__(
        self, settings: Settings, folder: DataFolder, clock: Clock | None = None, ids: Ids | None = None
    ) -> None:
        super().__init__(settings, clock, ids)
        self.folder = folder
        self.read_only = folder.read_only

    def close(self) -> None:
        """Let go of the data folder and of the models' connections."""
        super().close()
        self.folder.close()

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """The file of the settings, else the data folder's own, else the built-in one."""
        own = self.folder.path / TAXONOMY_FILE
        path = self.settings.taxonomy_file or (own if own.exists() else None)
        return Taxonomy.from_file(path) if path else Taxonomy.default()

    @property
    def objects(self) -> FileObjectStore:
        """Files under the data folder."""
        return self.folder.objects

    @property
    def scratch(self) -> Path:
        """The data folder."""
        return self.folder.path

    @cached_property
    def feed(self) -> SqliteTicketFeed:
        """Moves of tickets out of the database's change rows."""
        return SqliteTicketFeed(self.database)

    def one_write(self) -> AbstractContextManager[object]:
        """A transaction of the one SQLite file."""
        return self.database.transaction()

    def storage_faults(self) -> tuple[str, Sequence[str]]:
        """The SQLite file, examined."""
        return str(self.database.path), self.database.check()

    def executions_open(self) -> int:
        """How many executions the engine has under way."""
        return len(self.engine.list_executions(status="RUNNING", limit=OPEN_MAX))

    @cached_property
    def database(self) -> Database:
        """The one SQLite file."""
        return self.folder.database

    @cached_property
    def table(self) -> SqliteTable:
        """Tickets, documents, conversations …"""
        return SqliteTable(self.database, self.clock)

    @cached_property
    def changes(self) -> SqliteChangeStream:
        """Every write in order: the outbox of events."""
        return SqliteChangeStream(self.database, self.clock)

    @cached_property
    def index(self) -> SqliteIndex:
        """Chunks, words, codes, vectors."""
        from rimedio.knowledge.index.sqlite import SqliteIndex

        return SqliteIndex(self.database)

    @cached_property
    def embedder(self) -> Embedder | None:
        """The embedding model; None when the settings turn it off. Raises ModelUnavailable."""
        from rimedio.knowledge.embedding.onnx import OnnxEmbedder

        settings = self.settings
        if settings.embedder is EmbedderName.NONE:
            return None
        return self.accounts.metered_embedder(
            OnnxEmbedder.packaged(
                settings.embedder.value, models=settings.model_dir, threads=settings.embedding_threads
            )
        )

    @cached_property
    def chat_models(self) -> tuple[OpenAICompatibleChat, ...]:
        """The configured model and its fallback; none for the extractive generator. Raises InvalidSetting."""
        settings = self.settings
        if settings.generator is Generator.EXTRACTIVE:
            return ()
        if not settings.llm_url or not settings.llm_model:
            raise InvalidSetting(f"The generator is {settings.generator}, but no model. {CHAT_SETTINGS}")
        from rimedio.llm.openai_compatible import Endpoint, OpenAICompatibleChat

        key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else None
        names = [name for name in (settings.llm_model, settings.llm_fallback_model) if name]
        return tuple(
            OpenAICompatibleChat(
                Endpoint(settings.llm_url, name, key, settings.llm_timeout_seconds), self.counter
            )
            for name in names
        )

    @cached_property
    def registry(self) -> ModelRegistry:
        """Classifiers, their versions and which one answers."""
        from rimedio.classification.registry import ModelRegistry

        return ModelRegistry(self.folder.path / CLASSIFIERS, self.clock)

    @cached_property
    def engine(self) -> Engine:
        """The durable state machine engine, in the same SQLite file."""
        from rimedio.asl import Engine, SqliteJournal
        from rimedio.observability.observed_tasks import ObservedTasks
        from rimedio.tickets.tasks.registry import InvokeTask
        from rimedio.tickets.workflow import LAMBDA_INVOKE

        invoke = ObservedTasks(InvokeTask(lambda: self.parts), self.accounts.performance)
        handlers = {LAMBDA_INVOKE: invoke}
        return Engine(SqliteJournal(self.database), handlers, clock=self.clock)

    @cached_property
    def runner(self) -> EngineRunner:
        """Runs tickets on the engine."""
        from rimedio.tickets.engine_runner import EngineRunner

        return EngineRunner.create(self.engine, self.tickets, lambda: (self.parts, self.desk))

    @cached_property
    def identity(self) -> HomeIdentity:
        """Keys, tokens, sign-in, permissions, encryption."""
        from rimedio.bootstrap.identity import HomeIdentity

        return HomeIdentity(self.folder.path, self.settings, self.clock, self.ids)

    @cached_property
    def eventing(self) -> Eventing:
        """Bus, outbox, archive, schemas, schedules, webhooks."""
        from rimedio.bootstrap.events import HomeEventing

        return HomeEventing(self)

    def prepare(self) -> None:
        """Bring the data folder's schema up to date and, once a day, sweep it. For the writing process."""
        from rimedio.asl import SqliteJournal
        from rimedio.events.sqlite_tables import MIGRATIONS as EVENT_MIGRATIONS
        from rimedio.events.sqlite_tables import ROOM as EVENT_TABLES

        _ = self.table, self.index
        SqliteJournal(self.database)
        self.database.migrate(EVENT_TABLES, EVENT_MIGRATIONS)
        self.sweep()

    def sweep(self) -> None:
        """Once a day, remove what is past its time; costs a look at a file otherwise."""
        now = self.clock.now()
        if sweep_daily(self.folder.path / SWEPT, self.table, self.changes, now) is not None:
            with suppress(StorageFailed):
                self.engine.forget(now - HISTORIES_KEPT)


def laptop(settings: Settings, *, read_only: bool = False) -> LaptopRimedio:
    """The system on a data folder of this machine. Raises DataFolderLocked, NotFound, StorageFailed."""
    system = LaptopRimedio(settings, DataFolder(settings.data_dir, read_only=read_only))
    if not read_only:
        try:
            system.prepare()
        except BaseException:
            system.close()
            raise
    return system
