"""The service's work in the background: executions, and every room's loops, each on a thread of its own.

A loop is `run_once() -> int` and the seconds to rest when there was nothing to do. One that fails is logged,
rests longer each time, and never takes the others down; what it had not done is still there for the next turn.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from rimedio.bootstrap import Rimedio
from rimedio.domain.clock import Clock

LOG = logging.getLogger("rimedio.service")
REST_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 10.0
SWEEP_IDLE_SECONDS = 3600.0
NICENESS = 10  # of all that works without a request

Loops = Mapping[str, tuple[Callable[[], int], float]]


class HasLoops(Protocol):
    """A group of rooms that has work for the background."""

    def loops(self) -> Loops:
        """Name: what to run, and its idle seconds."""
        ...


@dataclass(frozen=True, slots=True)
class LoopState:
    """How a loop is doing. `failures` counts turns that failed since the last good one."""

    name: str
    turns: int = 0
    done: int = 0
    failures: int = 0
    error: str | None = None
    last_at: datetime | None = None


class Loop:
    """Runs one room's work until it is told to stop."""

    def __init__(self, name: str, run_once: Callable[[], int], idle_seconds: float, clock: Clock) -> None:
        self.state = LoopState(name)
        self._run_once = run_once
        self._idle = idle_seconds
        self._clock = clock

    def turn(self) -> float:
        """Work once; how many seconds to rest afterwards."""
        state = self.state
        try:
            done = self._run_once()
        except Exception as error:  # the next turn tries again: nothing may end a loop but the service
            failures = state.failures + 1
            if failures == 1 or failures % 10 == 0:
                LOG.exception("The loop `%s` failed; it tries again.", state.name)
            self.state = replace(
                state,
                turns=state.turns + 1,
                failures=failures,
                error=f"{type(error).__name__}: {error}",
                last_at=self._clock.now(),
            )
            return min(REST_SECONDS_MAX, max(self._idle, 0.5) * 2.0 ** min(failures, 8))
        self.state = replace(
            state,
            turns=state.turns + 1,
            done=state.done + done,
            failures=0,
            error=None,
            last_at=self._clock.now(),
        )
        return 0.0 if done else self._idle

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set."""
        while not stop.wait(self.turn()):
            pass


class Service:
    """Everything that happens without a request."""

    def __init__(self, system: Rimedio) -> None:
        self._system = system
        groups = (
            system.manuals,
            system.desk,
            system.eventing,
            system.accounts,
            system.learning,
            system.identity,
        )
        found = {"sweep": (_sweep(system), SWEEP_IDLE_SECONDS)}
        for group in groups:
            found |= dict(group.loops()) if hasattr(group, "loops") else {}
        self.loops = tuple(Loop(name, run, idle, system.clock) for name, (run, idle) in found.items())

    @property
    def states(self) -> tuple[LoopState, ...]:
        """How every loop is doing."""
        return tuple(loop.state for loop in self.loops)

    @contextmanager
    def running(self) -> Iterator["Service"]:
        """Work as long as the context lasts; on leaving, wait for what is at hand."""
        system, stop = self._system, threading.Event()
        threads = [
            threading.Thread(target=loop.run, args=(stop,), name=f"loop {loop.state.name}", daemon=True)
            for loop in self.loops
        ]
        with ExitStack() as stack:
            work = system.runner.working(system.settings.workers)
            stack.callback(_join, threads)
            stack.callback(stop.set)
            _behind_requests(lambda: self._begin(stack, work, threads))
            yield self

    def _begin(
        self, stack: ExitStack, work: AbstractContextManager[None], threads: list[threading.Thread]
    ) -> None:
        system = self._system
        for tenant_id in {system.tenant, *system.tenants.all()}:
            system.runner.recover(tenant_id)
        stack.enter_context(work)
        for thread in threads:
            thread.start()


def _behind_requests(begin: Callable[[], None]) -> None:
    """Run `begin` on a thread that gives way: on Linux the threads it starts, the embedder's own among them,
    inherit its niceness, so that a core goes to whoever waits for an answer first."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            if hasattr(os, "setpriority"):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
            begin()
        except BaseException as error:  # raised again by whoever waits
            failed.append(error)

    starter = threading.Thread(target=run, name="start of the background")
    starter.start()
    starter.join()
    if failed:
        raise failed[0]


def _join(threads: list[threading.Thread]) -> None:
    for thread in threads:
        if thread.ident is None:  # the start failed before it came to this one
            continue
        thread.join(STOP_SECONDS_MAX)
        if thread.is_alive():
            LOG.warning("%s did not end within %.0f seconds; it is left.", thread.name, STOP_SECONDS_MAX)


def _sweep(system: Rimedio) -> Callable[[], int]:
    def run_once() -> int:
        system.sweep()
        return 0

    return run_once
