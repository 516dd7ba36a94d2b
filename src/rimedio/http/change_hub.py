"""Wakes the streams whose data has changed: one look at the store for all of them, not one each.

Hundreds of streams wait on the event loop, without a thread. While there are any, one task asks every 150 ms
what was touched since the last time, and wakes those it concerns.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from rimedio.domain.errors import RimedioError

LOOK_SECONDS = 0.15
LOG = logging.getLogger(__name__)

Changed = Callable[
    [int | None], tuple[int, frozenset[str]]
]  # after this mark: the newest mark, topics touched


class ChangeHub:
    """Knows who waits for what. Used on the event loop only."""

    def __init__(self, changed: Changed, pool: Executor) -> None:
        self._changed = changed
        self._pool = pool
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._count = 0
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def subscribed(self, topics: frozenset[str]) -> Iterator[asyncio.Event]:
        """An event that is set whenever one of the topics is touched."""
        wake = asyncio.Event()
        for topic in topics:
            self._waiting[topic].add(wake)
        self._count += 1
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._watch())
        try:
            yield wake
        finally:
            self._count -= 1
            for topic in topics:
                self._waiting[topic].discard(wake)
                if not self._waiting[topic]:
                    del self._waiting[topic]

    def wake_all(self) -> None:
        """Let everybody look: the service ends."""
        for waiting in self._waiting.values():
            for wake in waiting:
                wake.set()

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        mark: int | None = None
        while self._count:
            began = mark is None
            try:
                mark, touched = await loop.run_in_executor(self._pool, self._changed, mark)
            except RimedioError:
                LOG.exception("What changed could not be read; the streams wait.")
                touched = frozenset()
            if began:
                self.wake_all()  # what changed before the first mark was seen by nobody
            for topic in touched & self._waiting.keys():
                for wake in self._waiting[topic]:
                    wake.set()
            await asyncio.sleep(LOOK_SECONDS)
