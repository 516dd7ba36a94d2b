"""The process in which files are worked on: one after the other, each within its time and memory.

Time is the processor's own, so that a busy machine refuses nothing: the kernel ends the process when it is used up,
also in the midst of a library's loop. Memory is address space, which Linux counts at every request for more; where
the system does not count it (macOS, Windows) only the time is held, on Windows by the process that waits.
"""

import os
import pickle
import signal
import struct
import sys
from collections.abc import Callable
from typing import BinaryIO

from rimedio.domain.errors import RimedioError
from rimedio.knowledge.extract.answers import HEADER, REQUEST, Answer, Outcome

STATM = "/proc/self/statm"
KEPT_MEMORY_MAX = (
    96 * 1024 * 1024
)  # a process that has not given back more than this makes room for a new one


def narrow(seconds: float) -> None:
    """Leave the work at hand no more than `seconds`, now that more is known of the file; elsewhere nothing."""
    if not hasattr(signal, "setitimer"):
        return
    left, _ = signal.getitimer(signal.ITIMER_PROF)
    if 0 < seconds < left:
        signal.setitimer(signal.ITIMER_PROF, seconds)


def main() -> None:
    """Answer requests until the pipe is closed, which is also how the end of the other process is told."""
    requests, answers = _pipes()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # meant for the process that asks; this one ends with it
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if hasattr(signal, "SIGPROF"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    at_rest = _address_space()
    head = requests.read(struct.calcsize(REQUEST))
    while len(head) == struct.calcsize(REQUEST):
        call, size = struct.unpack(REQUEST, head)
        raw, failed = _packed(requests.read(call), requests.read(size))
        leaves = failed or _address_space() > at_rest + KEPT_MEMORY_MAX
        answers.write(struct.pack(HEADER, len(raw), leaves))
        answers.write(raw)
        answers.flush()
        if leaves:
            return
        head = requests.read(struct.calcsize(REQUEST))


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two ends, where nothing that a library prints can get between."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    return requests, answers


def _packed(call: bytes, data: bytes) -> tuple[bytes, bool]:
    """(the answer, whether memory ran out on the way)."""
    work, name, args, given, seconds, memory = pickle.loads(call)  # noqa: S301 - from the process that started this one
    _limit(seconds, memory)
    try:
        return pickle.dumps(_answer(lambda: work(data, name, *args, **given))), False
    except MemoryError:
        _limit(0, None)
        return pickle.dumps(Answer(Outcome.OUT_OF_MEMORY)), True
    finally:
        _limit(0, None)


def _answer(work: Callable[[], object]) -> Answer:
    try:
        return Answer(Outcome.DONE, work())
    except MemoryError:
        raise
    except RimedioError as error:
        return Answer(Outcome.REFUSED, None, type(error).__name__, str(error))
    except Exception as error:
        return Answer(Outcome.FAILED, None, type(error).__name__)


def _limit(seconds: float, memory: int | None) -> None:
    """Hold the process to so much more of both; 0 and None let go."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)
    if sys.platform == "linux":
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[1]
        wanted = most if memory is None else _address_space() + memory
        if most != resource.RLIM_INFINITY:
            wanted = min(wanted, most)
        resource.setrlimit(resource.RLIMIT_AS, (wanted, most))


def _address_space() -> int:
    """Bytes, 0 where the system does not tell."""
    try:
        with open(STATM, encoding="ascii") as statm:
            return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


if __name__ == "__main__":
    main()
