"""Engines as processes of their own: started detached, known by a marker, ended by their pid only."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tools.engines.recipes import LOOPBACK

END_SECONDS_MAX = 5.0
PORTS = 20
LOOKS_MAX, LINE_SECONDS = 500, 0.01  # seconds, on a machine that is very busy
_LOOK_SECONDS = 0.1


def marker(name: str) -> str:
    """What the command line of an engine carries, so that a pid used anew is never taken for it."""
    return f"-Drimedio.engine={name}"


def started(name: str, command: Sequence[str], log: Path, folder: Path) -> int:
    """The pid of a new process in a session of its own, whose output goes to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [command[0], marker(name), *command[1:]],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=folder, start_new_session=True,
        )  # fmt: skip
    pid = process.pid
    process.returncode = 0  # it outlives this process on purpose: no warning when the object goes
    return pid


def alive(name: str, pid: int) -> bool:
    """Whether `pid` is that engine, running."""
    _reap(pid)
    try:
        line = _command_line(pid)
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
        shown = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        line = shown.stdout
    except OSError:
        return False
    return marker(name) in line


def _command_line(pid: int) -> str:
    """Of a process by Linux's own account; empty for one that has ended. Raises FileNotFoundError."""
    place, state = Path(f"/proc/{pid}/cmdline"), Path(f"/proc/{pid}/stat")
    for _ in range(LOOKS_MAX):  # it is empty for moments too, while the kernel puts a new program in place
        if line := place.read_text("utf-8", "replace"):
            return line
        if state.read_text("utf-8", "replace").rpartition(") ")[2].startswith("Z"):
            return ""
        time.sleep(LINE_SECONDS)
    return ""


def end(name: str, pid: int) -> None:
    """Ask it to end, and make it, after five seconds; a child is waited for, lest it stay as a zombie."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        if not alive(name, pid):
            break
        os.kill(pid, kind)
        until = time.monotonic() + END_SECONDS_MAX
        while alive(name, pid) and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)
    _reap(pid)


def free_port(wanted: int) -> int:
    """`wanted`, or the next one up where nobody listens; OpenSearch's runner takes none above 9299."""
    for port in range(wanted, wanted + PORTS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise OSError(f"the ports {wanted} to {wanted + PORTS - 1} are all taken")


def _reap(pid: int) -> None:
    """Take leave of a child that ended, which would otherwise look alive."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
