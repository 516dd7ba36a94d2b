"""AWS JSON 1.0 over HTTP: one POST a request, the operation in `X-Amz-Target`."""

import json
import logging
import sys
import threading
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Protocol

import orjson

from rimedio.asl.jsontext import JSON
from rimedio.asl.wire.api import Api
from rimedio.asl.wire.faults import Fault

CONTENT_TYPE = "application/x-amz-json-1.0"
TARGET = "AWSStepFunctions."
BODY_BYTES_MAX = 8 * 1024 * 1024
OK, SERVER_ERROR = 200, 500

_log = logging.getLogger("rimedio.asl.wire")


class Interference(Protocol):
    """May refuse, delay or change what a request would do: throttling and outages on demand, in tests."""

    def __call__(self, operation: str, answer: "Answer") -> JSON:
        """The answer to give; `answer()` does the work. Raises Fault, or ConnectionError to hang up."""
        ...


class Answer(Protocol):
    """Does what was asked for."""

    def __call__(self) -> JSON: ...


class StepFunctionsServer:
    """Serves an Api on loopback and works on its executions, as long as the context lasts."""

    def __init__(
        self,
        api: Api,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        threads: int = 4,
        interfere: Interference | None = None,
    ) -> None:
        """Port 0: a free one. Raises OSError when the port is taken."""
        self.api = api
        self._threads = threads
        self._http = _Server((host, port), _Requests)
        self._http.api, self._http.interfere = api, interfere
        self._context = ExitStack()
        self.url = f"http://{host}:{self._http.server_address[1]}"

    def __enter__(self) -> "StepFunctionsServer":
        self.api.engine.resume()
        self._context.callback(self._http.server_close)
        self._context.enter_context(self.api.engine.workers(self._threads))
        self._context.enter_context(self.api)
        thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="asl-wire", daemon=True)
        thread.start()
        self._context.callback(thread.join)
        self._context.callback(self._http.shutdown)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a client may keep its connection open for ever
    request_queue_size = 128
    api: Api
    interfere: Interference | None = None

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away in the middle is no news."""
        level = logging.DEBUG if isinstance(sys.exc_info()[1], ConnectionError) else logging.ERROR
        _log.log(level, "A connection broke off.", exc_info=True)


class _Requests(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120.0
    server: _Server

    def do_POST(self) -> None:
        """Answer one request."""
        request_id = str(uuid.uuid4())
        try:
            body = self._answered()
            status = OK
        except Fault as fault:
            status, body = fault.status, fault.body
        except ConnectionError:
            self.close_connection = True
            return
        except Exception:
            _log.exception("The request %s failed.", request_id)
            status = SERVER_ERROR
            body = {"__type": "InternalFailure", "message": "The request failed; the server's log says why."}
        self._send(status, request_id, body)

    def _answered(self) -> JSON:
        fields = self._fields()
        target = self.headers.get("X-Amz-Target", "")
        operation = target.removeprefix(TARGET)
        if not target.startswith(TARGET) or operation not in self.server.api.operations:
            raise Fault("UnknownOperationException", f"There is no operation {target!r} here.")
        interfere = self.server.interfere
        if interfere is None:
            return self.server.api(operation, fields)
        return interfere(operation, lambda: self.server.api(operation, fields))

    def _fields(self) -> Mapping[str, JSON]:
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            raise Fault("ValidationException", f"The request has {length} bytes, more than {BODY_BYTES_MAX}.")
        try:
            body = orjson.loads(self.rfile.read(length) or b"{}")
        except ValueError as error:
            raise Fault("SerializationException", f"The request is not JSON: {error}") from error
        if not isinstance(body, dict):
            raise Fault("SerializationException", "The request is not a JSON object.")
        return body

    def _send(self, status: int, request_id: str, body: JSON) -> None:
        data = json.dumps(body, ensure_ascii=False).encode()
        reason = self.responses.get(status, ("", ""))[0]
        head = (
            f"HTTP/1.1 {status} {reason}\r\nContent-Type: {CONTENT_TYPE}\r\n"
            f"Content-Length: {len(data)}\r\nx-amzn-RequestId: {request_id}\r\n\r\n"
        )
        self.wfile.write(head.encode() + data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        """Say nothing: one line a request is noise."""
