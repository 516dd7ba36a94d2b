"""The command line: `rimedio`."""

import sys

INTERRUPTED = 130

__all__ = ["main"]


def main() -> None:
    """Entry point of the `rimedio` command; ends the process with the command's exit code.

    The commands are imported here: a Ctrl-C while they load, a second or more on a busy machine, is then
    answered like any other.
    """
    try:
        from rimedio.cli.app import main as run
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted before anything was done.\n")
        raise SystemExit(INTERRUPTED) from None
    run()
