"""Serves the gateway on a port: uvicorn with httptools and uvloop, limits, and an end that loses nothing."""

import resource
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import uvicorn

from rimedio.bootstrap import Rimedio
from rimedio.domain.errors import Unavailable
from rimedio.http.authorization import Authorization
from rimedio.http.body_schemas import BodySchemas
from rimedio.http.console_files import ConsoleFiles
from rimedio.http.gateway import Gateway, GatewayParts
from rimedio.http.guarded_protocol import GuardedProtocol
from rimedio.http.rates import RateLimiter, overrides_of
from rimedio.http.routes import RouteTable
from rimedio.http.service import Service
from rimedio.http.streams import Streams
from rimedio.lambdas.api import build_api
from rimedio.lambdas.authorizer import build_authorizer
from rimedio.lambdas.cors import CrossOrigin
from rimedio.lambdas.document import build_document
from rimedio.lambdas.live_feeds import changed_topics, openers_of, ticket_feed
from rimedio.listening import address_of, listening
from rimedio.observability.observed_requests import observed_requests

CONSOLE = Path(str(files("rimedio"))) / "console"
BACKLOG = 2048
CONNECTIONS_MAX = 4096
KEEP_ALIVE_SECONDS = 30
DRAIN_SECONDS_MAX = 15
START_SECONDS_MAX = 30.0
# With Python's own 5 ms the event loop may wait that long for a thread that computes, several times a request.
SWITCH_SECONDS = 0.0005


def build_gateway(system: Rimedio) -> Gateway:
    """The gateway in front of one system."""
    handler = build_api(system)
    operations = handler.api.operations
    document = build_document(operations, system.taxonomy, system.settings)
    streams = Streams(
        openers_of(system, operations), changed_topics(ticket_feed(system)), now=system.clock.now
    )
    return Gateway(
        GatewayParts(
            handler=observed_requests(handler, system.accounts.tracer),
            routes=RouteTable((operation.method, operation.path) for operation in operations),
            bodies=BodySchemas(document),
            authorization=Authorization(build_authorizer(system)),
            limiter=RateLimiter(overrides_of(system.settings.rate_overrides)),
            cross_origin=CrossOrigin(system.settings.cors_origins.split(",")),
            console=ConsoleFiles(CONSOLE),
            streams=streams,
            clock=system.clock,
            ids=system.ids,
            observe=system.accounts.observe_request,
        )
    )


def run_server(
    system: Rimedio,
    service: Service | None = None,
    *,
    host: str,
    port: int,
    on_ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until Ctrl-C or SIGTERM, then finish what is at hand. `on_ready` is told the address.

    Raises InvalidInput when the port is taken or the host is not one of this machine.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    _allow_open_files()
    with listening(host, port) as listener:
        server = _Server(build_gateway(system), lambda: on_ready(address_of(listener)))
        server.run(sockets=[listener])


@contextmanager
def serving(system: Rimedio, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve on a thread of its own as long as the context lasts; gives the address."""
    with listening(host, port) as listener:
        ready = threading.Event()
        server = _Server(build_gateway(system), ready.set)
        thread = threading.Thread(target=server.run, args=([listener],), name="http server", daemon=True)
        thread.start()
        try:
            if not ready.wait(START_SECONDS_MAX):
                raise Unavailable(f"The server did not start within {START_SECONDS_MAX:.0f} seconds.")
            yield address_of(listener)
        finally:
            server.should_exit = True
            thread.join(DRAIN_SECONDS_MAX + 5)


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it is ready and ends the streams before it waits for connections."""

    def __init__(self, gateway: Gateway, on_ready: Callable[[], object]) -> None:
        self._gateway = gateway
        self._on_ready = on_ready
        super().__init__(
            uvicorn.Config(
                gateway,
                http=GuardedProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",  # strangers who send nonsense must not fill the log
                access_log=False,
                server_header=False,
                proxy_headers=False,  # nobody may say for himself what his address is
                backlog=BACKLOG,
                limit_concurrency=CONNECTIONS_MAX,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=DRAIN_SECONDS_MAX,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let requests finish, tell streams to come back later."""
        self._gateway.stop_streams()
        await super().shutdown(sockets)
        self._gateway.close()


def _allow_open_files() -> None:
    """As many open files as connections may come: shells often start a process with 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS_MAX
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
