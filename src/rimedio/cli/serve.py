"""`rimedio serve`: the API, the console and everything in the background, in one process."""

import os
import signal
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from rimedio.bootstrap import LaptopRimedio
from rimedio.cli.address import forgotten_at_the_end, note_address
from rimedio.cli.demo import bring_taxonomy, load_demo, open_samples
from rimedio.cli.output import program, terminal
from rimedio.cli.session import session_of
from rimedio.listening import listening
from rimedio.security.permissions import Role

OWNER = "owner"
FIRST_ROLE = Role.ADMIN
LOOP_NAME = "loop "  # how the service names the threads of its background


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.", show_default="8787")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo's manuals and tickets first.")] = False,
    examples: Annotated[Path, typer.Option(help="Folder with the demo.")] = Path("examples"),
) -> None:
    """Start the service: API, console, executions and all that runs in the background."""
    session = session_of(context)
    settings = session.settings()
    host, port = host or settings.http_host, settings.http_port if port is None else port
    with listening(host, port):
        pass  # a port that is taken is said at once, not after the demo was loaded
    if demo:
        bring_taxonomy(settings.data_dir, examples)
    with session.open() as rimedio:
        if demo:
            load_demo(rimedio, examples)
            open_samples(rimedio, examples)
        from rimedio.http.server import run_server  # the web server: no other command needs it
        from rimedio.http.service import Service

        # The web server hands the signal that ended it on, once it has drained: both end in the same way.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        service = Service(rimedio)
        with suppress(KeyboardInterrupt), forgotten_at_the_end(rimedio.folder.path), service.running():
            run_server(
                rimedio,
                service,
                host=host,
                port=port,
                on_ready=lambda address: _welcome(rimedio, address),
            )
    terminal().print("Stopped. Everything is stored; start it again to go on.")
    if still_working(threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def still_working(threads: Iterable[threading.Thread]) -> bool:
    """Whether a loop of the background did not end in time.

    It may be within the embedding model, whose native code aborts the process when Python ends around it; what
    it had not stored is done again after the next start.
    """
    return any(thread.name.startswith(LOOP_NAME) and thread.is_alive() for thread in threads)


def _welcome(rimedio: LaptopRimedio, address: str) -> None:
    """Say where it is and how to sign in."""
    note_address(rimedio.folder.path, address)
    code = rimedio.identity.codes.make(OWNER, rimedio.tenant, [FIRST_ROLE])
    console = terminal()
    console.print()
    console.print(Text.assemble(("Rimedio is running at ", "bold"), (address, "bold cyan")))
    console.print()
    console.print("Open this link to sign in (it works once, within 15 minutes):")
    console.print(Text(f"  {address}/?code={code}", style="cyan"), soft_wrap=True)
    again = f"Another link, also for another role:  {program()} sign-in --role operator"
    console.print(Text(again, style="dim"), soft_wrap=True)
    console.print(Text("Stop with Ctrl-C; nothing is lost.", style="dim"))
    sys.stdout.flush()
