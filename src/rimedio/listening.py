"""A port to serve on: taken before anything starts, told as a URL, refused in a sentence."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from rimedio.domain.errors import InvalidInput


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A bound socket as long as the context lasts; port 0 takes a free one. Raises InvalidInput."""
    listener = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise _not_listening(host, port, error) from error
    try:
        yield listener
    finally:
        listener.close()


def _not_listening(host: str, port: int, error: OSError) -> InvalidInput:
    if error.errno == errno.EADDRINUSE:
        msg = (
            f"Port {port} of {host} is taken. Stop what listens there, or choose another: --port {port + 1}."
        )
    elif error.errno == errno.EACCES:
        msg = f"Port {port} is for the administrator. Choose one above 1023, such as --port 8080."
    else:
        msg = f"{host}:{port} cannot be listened on ({error}). Check the address; 127.0.0.1 always works."
    return InvalidInput(msg)


def address_of(listener: socket.socket) -> str:
    """Where a client finds it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
