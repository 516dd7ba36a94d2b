"""`python -m tools.engines up|down|status`, or `run COMMAND…`."""

import signal
import subprocess
import sys
from collections.abc import Sequence

from tools.engines.record import Record
from tools.engines.start import down, running, up

USAGE = "Usage: python -m tools.engines up | down | status | run COMMAND…"


def main(arguments: Sequence[str]) -> int:
    """0 when done, 2 for another word; `run` answers with the command's own exit code."""
    match arguments:
        case ["up"]:
            _tell(up()[0])
        case ["down"]:
            print(f"Ended: {', '.join(down()) or 'none ran'}.")
        case ["status"]:
            _tell(running())
        case ["run", _, *_]:
            return _run(arguments[1:])
        case _:
            print(USAGE, file=sys.stderr)
            return 2
    return 0


def _run(command: Sequence[str]) -> int:
    """Run a command while the engines are up; end those that this call started. Its own words come last."""
    record, begun = up()
    _tell(record)
    sys.stdout.flush()
    try:
        with subprocess.Popen(command) as child:
            return _code(child)
    finally:
        down(begun)


def _code(child: "subprocess.Popen[bytes]") -> int:
    """The child's exit code; an interruption is its own to answer, and it got the signal too."""
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    while True:
        try:
            code = child.wait()
        except KeyboardInterrupt:
            continue
        return code if code >= 0 else 128 - code


def _tell(record: Record) -> None:
    for name, address in record.addresses.items():
        pid = record.pids.get(name)
        print(f"{name}: {address} ({'not started from here' if pid is None else f'pid {pid}'})")
    for name, reason in record.missing.items():
        print(f"{name}: missing, {reason}")
    if not record.addresses and not record.missing:
        print("No engine runs.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
