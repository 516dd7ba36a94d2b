"""One client a service, made at its first use and kept: a Lambda function reuses its connections."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from rimedio.domain.errors import InvalidSetting

Client: TypeAlias = (
    Any  # boto3 makes its clients at run time from the service's model; there is no type to name
)
EVERY_SERVICE = "*"
CONNECT_SECONDS = 3.0
READ_SECONDS = 20.0
POOL = 50  # connections a client keeps open


class AwsConnections:
    """Makes and keeps boto3 clients. Safe to use from many threads, as boto3's clients are.

    `endpoints` replaces the address of a service by another (`*`: of all of them): a local engine in tests.
    Retries are botocore's `standard` mode: exponential, with jitter, at most `attempts` in all. `prepare` gets
    each new client before its first use: tests put faults between it and the network (faults.py).
    """

    def __init__(
        self,
        region: str,
        endpoints: Mapping[str, str] | None = None,
        prepare: Callable[[Client], None] = lambda _: None,
    ) -> None:
        self.region = region
        self._prepare = prepare
        self._endpoints = dict(endpoints or {})
        self._clients: dict[tuple[str, float, int], Client] = {}
        self._lock = threading.Lock()

    def client(self, service: str, *, read_seconds: float = READ_SECONDS, attempts: int = 3) -> Client:
        """The client of a service such as `dynamodb`; the same one for the same arguments."""
        wanted = service, read_seconds, attempts
        with self._lock:
            if wanted not in self._clients:
                self._clients[wanted] = self._made(*wanted)
            return self._clients[wanted]

    def endpoint(self, service: str) -> str | None:
        """The address that stands in for AWS's own, or None."""
        return self._endpoints.get(service, self._endpoints.get(EVERY_SERVICE))

    def close(self) -> None:
        """Close every open connection; a client asked for later is made anew."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _made(self, service: str, read_seconds: float, attempts: int) -> Client:
        import boto3  # 150 ms: only what is used on AWS pays for it
        from botocore.config import Config

        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=read_seconds,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=POOL,
        )
        session = boto3.session.Session(region_name=self.region)
        client = session.client(service, endpoint_url=self.endpoint(service), config=config)
        self._prepare(client)
        return client


def parsed_endpoints(text: str) -> dict[str, str]:
    """`dynamodb=http://127.0.0.1:8000,*=http://127.0.0.1:5000` as a mapping. Raises InvalidSetting."""
    found: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        service, sign, url = part.partition("=")
        if not sign or not url.startswith(("http://", "https://")):
            msg = f"`aws_endpoints` holds {part!r}. Write service=URL, with commas between: dynamodb=http://…"
            raise InvalidSetting(msg)
        found[service.strip()] = url.strip()
    return found
