"""Work on a file in a process of its own: it may use up its time or memory, and nothing else falls with it.

Libraries that unpack and draw, PDFium above all, do not raise when a file asks for more than there is: they end
the process. Here that is a process which holds nothing. It is started at the first file, stays for the next ones,
and is started anew when a file has ended it. What happens in it is in `confined`.
"""

import atexit
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar

from rimedio.domain import errors
from rimedio.domain.errors import InvalidDocument, RimedioError, Unavailable
from rimedio.knowledge.extract.answers import HEADER, REQUEST, Answer, Outcome, loads

P = ParamSpec("P")
T = TypeVar("T")

MODULE = "rimedio.knowledge.extract.confined"
COUNTED = hasattr(signal, "setitimer")  # the kernel counts the processor's time and ends the process itself
WALL_FACTOR, WALL_SECONDS_MIN = (
    (60.0, 300.0) if COUNTED else (5.0, 30.0)
)  # a busy machine is no fault of the file
TIME_IS_UP = -getattr(signal, "SIGPROF", 0)
FROM_OUTSIDE = frozenset(-getattr(signal, name, 0) for name in ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT"))
EXIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one piece of work may use up: seconds of processor time, bytes beyond the process at rest."""

    seconds: float
    memory: int


def confined(
    work: Callable[Concatenate[bytes, str, P], T],
    allowance: Allowance,
    data: bytes,
    name: str,
    *args: P.args,
    **given: P.kwargs,
) -> T:
    """What `work(data, name, …)` returns or raises, done elsewhere; `work` is a function of a module.

    What it is given and gives must be picklable, and of Rimedio's own types or plain ones. Raises InvalidDocument
    when it uses up its allowance or breaks the process, Unavailable when no process can be started.
    """
    call = pickle.dumps((work, name, args, given, allowance.seconds, allowance.memory))
    keeper = next((keeper for keeper in _KEEPERS if not keeper.is_busy), _KEEPERS[0])
    return _said(keeper.ask(call, data, allowance), name, allowance)  # type: ignore[no-any-return]


def _said(answer: Answer, name: str, allowance: Allowance) -> Any:
    if answer.outcome is Outcome.DONE:
        return answer.value
    if answer.outcome is Outcome.REFUSED:
        raise _error(answer)
    if answer.outcome is Outcome.OUT_OF_TIME:
        msg = (
            f"{name} takes far more work to be read than a file of its size should. It is damaged, or made to do "
            "harm. Export it again, or split it."
        )
    elif answer.outcome is Outcome.OUT_OF_MEMORY:
        msg = (
            f"{name} unfolds to more than the {allowance.memory / 1e6:.0f} MB of memory that a file of its size may "
            "take, or breaks its reader. It is damaged, or a bomb. Export it again, or split it."
        )
    else:
        msg = f"{name} cannot be read ({answer.kind}). Check that it opens, save it again, retry."
    raise InvalidDocument(msg)


def _error(answer: Answer) -> RimedioError:
    kind = getattr(errors, answer.kind, InvalidDocument)
    error = kind(answer.message) if issubclass(kind, RimedioError) else InvalidDocument(answer.message)
    assert isinstance(error, RimedioError)
    return error


@dataclass(slots=True)
class _Process:
    """The process at work; one request at a time."""

    child: "subprocess.Popen[bytes]"
    stopped: threading.Event = field(default_factory=threading.Event)  # by us, for taking too long

    def ask(self, call: bytes, data: bytes, allowance: Allowance) -> tuple[Answer | None, bool]:
        """(answer, whether the process stays). No answer when it was ended from outside before it could."""
        watch = threading.Timer(max(WALL_SECONDS_MIN, WALL_FACTOR * allowance.seconds), self._stop)
        watch.daemon = True
        watch.start()
        try:
            raw, leaves = self._exchange(call, data)
        finally:
            watch.cancel()
        return (loads(raw), not leaves) if raw is not None else (self._death(), False)

    def _exchange(self, call: bytes, data: bytes) -> tuple[bytes | None, bool]:
        assert self.child.stdin is not None and self.child.stdout is not None  # noqa: PT018 - for the type checker
        try:
            self.child.stdin.write(struct.pack(REQUEST, len(call), len(data)))
            self.child.stdin.write(call)
            self.child.stdin.write(data)
            self.child.stdin.flush()
            head = self.child.stdout.read(struct.calcsize(HEADER))
            if len(head) < struct.calcsize(HEADER):
                return None, True
            size, leaves = struct.unpack(HEADER, head)
            raw = self.child.stdout.read(size)
        except OSError:  # it is gone
            return None, True
        return (raw, leaves) if len(raw) == size else (None, True)

    def _death(self) -> Answer | None:
        try:
            code = self.child.wait(EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._stop()
            code = self.child.wait()
        if self.stopped.is_set() or code == TIME_IS_UP:
            return Answer(Outcome.OUT_OF_TIME)
        return None if code in FROM_OUTSIDE else Answer(Outcome.OUT_OF_MEMORY)

    def _stop(self) -> None:
        self.stopped.set()
        self.child.kill()

    def close(self) -> None:
        """End it, whatever it does."""
        self.child.kill()
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:  # what was left to write has nobody to read it
                pass


class _Keeper:
    """Keeps one process for whoever asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._inherited: list[_Process] = []

    @property
    def is_busy(self) -> bool:
        """Whether whoever asks has to wait."""
        return self._lock.locked()

    def ask(self, call: bytes, data: bytes, allowance: Allowance) -> Answer:
        """The answer; asked once more when the process was ended by somebody else."""
        with self._lock:
            for _ in range(2):
                if (answer := self._ask(call, data, allowance)) is not None:
                    return answer
        return Answer(Outcome.OUT_OF_MEMORY)  # most likely by the kernel, for want of memory

    def _ask(self, call: bytes, data: bytes, allowance: Allowance) -> Answer | None:
        if self._process is not None and self._process.child.poll() is not None:
            self._drop()
        if self._process is None:
            self._process = _started()
        stays = False
        try:
            answer, stays = self._process.ask(call, data, allowance)
        finally:
            if not stays:
                self._drop()
        return answer

    def _drop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.close()

    def close(self) -> None:
        """End the process, also one that is at work."""
        self._drop()

    def forget(self) -> None:
        """In a fork: the process belongs to the parent."""
        if self._process is not None:
            self._inherited.append(self._process)
        self._process, self._lock = None, threading.Lock()


def _started() -> _Process:
    """A process with this one's import path, and no folder more. Raises Unavailable."""
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    try:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
    except OSError as error:
        raise Unavailable(f"No process can be started to read files ({error}). Try again later.") from error
    return _Process(child)


_KEEPERS = (
    _Keeper(),
    _Keeper(),
)  # the second one for the page that is to be shown while a long manual is read
for _each in _KEEPERS:
    atexit.register(_each.close)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_each.forget)
