"""What a command prints: text for people on a terminal, JSON for programs, errors on standard error."""

import codecs
import errno
import json
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from rimedio.cli import INTERRUPTED
from rimedio.cli.encoding import write_anywhere
from rimedio.domain.errors import DiskFull, RimedioError

PROGRAM = "rimedio"
PIPED_COLUMNS = 110

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]


def terminal() -> Console:
    """Standard output: as wide as the terminal, or a readable width where it is piped."""
    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(highlight=False, width=PIPED_COLUMNS if piped else None)


def progress_terminal() -> Console:
    """Standard error, where progress bars do not disturb a pipe."""
    return Console(stderr=True, highlight=False)


def program() -> str:
    """How to call this command again from here: its path where the shell would not find it by name."""
    called = Path(sys.argv[0])
    if called.name != PROGRAM or shutil.which(PROGRAM) is not None:
        return PROGRAM
    return str(called)


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=_only_ascii(), indent=2, default=str) + "\n")


def _only_ascii() -> bool:
    """Whether JSON has to escape what the output's encoding lacks: a program must get every character."""
    return codecs.lookup(sys.stdout.encoding or "ascii").name != "utf-8"


def guarded(run: Callable[[], None]) -> None:
    """Run a command; every failure becomes one clear sentence and an exit code of its own."""
    write_anywhere()
    try:
        try:
            run()
        finally:
            sys.stdout.flush()  # a full disk shows here, not when Python has ended
    except RimedioError as error:
        fail(error.code, str(error), error.exit_code)
    except KeyboardInterrupt:
        fail("INTERRUPTED", "Interrupted. Nothing was left half-written; run it again to go on.", INTERRUPTED)
    except MemoryError:
        fail("INTERNAL_ERROR", "The memory is used up. Load less at once, or give the machine more.", 1)
    except BrokenPipeError:  # whoever reads has seen enough
        _forget_output()
        raise SystemExit(0) from None
    except Exception as error:  # a fault of ours: the person needs a sentence, whoever mends it the trace
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            _forget_output()
            said = f"There is no space left to write to ({error.strerror}), so what was printed is not whole."
            fail(DiskFull.code, f"{said} Free some, or write it elsewhere.", DiskFull.exit_code)
        if os.environ.get("RIMEDIO_LOG_LEVEL") == "DEBUG":
            raise
        what = f"Rimedio itself failed ({type(error).__name__}: {error})."
        fail("INTERNAL_ERROR", f"{what} RIMEDIO_LOG_LEVEL=DEBUG shows where; please report it.", 1)


def _forget_output() -> None:
    """Let what is still unwritten go nowhere: Python would try, and complain, once more at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def fail(code: str, message: str, exit_code: int) -> None:
    """Say what went wrong on standard error and end."""
    if "--json" in sys.argv:
        told = {"error": {"code": code, "message": message}}
        sys.stderr.write(json.dumps(told, ensure_ascii=_only_ascii()) + "\n")
    else:
        progress_terminal().print(Text.assemble(("Error ", "bold red"), message), soft_wrap=True)
    raise SystemExit(exit_code)
