"""The one door to OpenSearch: requests, their retries with jitter, and its failures in Rimedio's words.

Every request that Rimedio sends may be repeated: documents are written under ids of their own, deletions name
what they delete, and the one counter there is moves by compare-and-set. So a lost answer costs a second
request, never a second document.
"""

import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar
from urllib.parse import urlsplit

import orjson

from rimedio.domain.clock import Clock
from rimedio.domain.errors import (
    Conflict,
    Forbidden,
    NotFound,
    RimedioError,
    StorageFailed,
    Throttled,
    Unavailable,
)

Json: TypeAlias = dict[str, Any]  # bodies of requests and replies, inside this room only
T = TypeVar("T")
TIMEOUT_SECONDS = 8.0
ATTEMPTS = 4
PAUSE_SECONDS = 0.1  # before the second attempt at most; doubled for each one that follows
PAUSE_SECONDS_MAX = 2.0
POOL = 25  # connections kept open
TRANSIENT = frozenset({502, 503, 504})
JSON = {"content-type": "application/json"}
LINES = {"content-type": "application/x-ndjson"}
BLOCKED = (
    "The index is blocked: a disk above the flood-stage mark makes it read-only. Free or add disk space, then "
    "set index.blocks.read_only_allow_delete to null."
)


class Signer(Protocol):
    """Signs a request: (method, url, body, headers) to headers."""

    def __call__(
        self, method: str, url: str, body: Any, headers: dict[str, str] | None = None
    ) -> dict[str, str]: ...


class OpenSearchClient:
    """Sends requests. Safe to use from many threads.

    `attempts` counts all tries of a request that fails in passing: no connection, no answer in time, 429, 502,
    503, 504. Waits grow with full jitter (each uniformly between zero and the bound), so that many functions
    throttled at once do not come back at once.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        signer: Signer | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        attempts: int = ATTEMPTS,
        chance: random.Random | None = None,
    ) -> None:
        from opensearchpy import OpenSearch, Urllib3HttpConnection  # 250 ms: only its users pay for it

        self._timeout = timeout_seconds
        self._attempts = attempts
        self._clock = clock
        self._chance = chance or random.Random()  # noqa: S311 - jitter is no secret
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        self._inner = OpenSearch(
            hosts=[{"host": parts.hostname, "port": parts.port or (443 if secure else 80)}],
            url_prefix=parts.path.strip("/"),
            http_auth=signer,
            use_ssl=secure,
            verify_certs=secure,
            http_compress=True,
            connection_class=Urllib3HttpConnection,
            pool_maxsize=POOL,
            max_retries=0,  # its own retries know neither pauses nor jitter
            timeout=timeout_seconds,
            serializer=_Orjson(),
        )

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def call(
        self, doing: str, method: str, path: str, body: Json | None = None, *, seconds: float | None = None
    ) -> Json:
        """Send a request and return its reply; `doing` completes "OpenSearch failed while …".

        `seconds` is the longest wait for one answer. Raises Throttled, Unavailable, Forbidden, NotFound,
        Conflict (a version was another one), StorageFailed for what the server refuses as wrong.
        """
        return self._repeated(lambda: self._sent(doing, method, path, body, seconds=seconds))

    def lines(self, doing: str, path: str, lines: Sequence[bytes], *, attempts: int | None = None) -> Json:
        """POST lines of JSON (`_bulk`, `_msearch`). Raises as `call` does, but looks into no item."""
        body = b"\n".join(lines) + b"\n"
        return self._repeated(lambda: self._sent(doing, "POST", path, body), attempts)

    def searches(self, doing: str, index: str, bodies: Sequence[Json]) -> list[Json]:
        """Several searches in one request. Raises as `call` does, also for the failure of a single one."""
        if not bodies:
            return []

        def sent() -> list[Json]:
            lines = [line for body in bodies for line in (b"{}", encoded(body))]
            reply = self._sent(doing, "POST", f"/{index}/_msearch", b"\n".join(lines) + b"\n")
            return [_whole(doing, found) for found in reply["responses"]]

        return self._repeated(sent)

    def search(self, doing: str, index: str, body: Json) -> Json:
        """One search, whole: the failure of a part of it is a failure. Raises as `call` does."""
        return self.searches(doing, index, [body])[0]

    def documents(self, doing: str, path: str, body: Json) -> list[Json]:
        """Documents by id (`_mget`), each with `found` if it is there. Raises as `call` does.

        An item whose shard did not answer is a failure in passing: it is not absent, however the reply is 200. An
        index that is not there holds nothing.
        """

        def sent() -> list[Json]:
            found: list[Json] = self._sent(doing, "POST", path, body)["docs"]
            errors = [item["error"] for item in found if "error" in item]
            for error in errors:
                if error["type"] != "index_not_found_exception":
                    raise _Passing(
                        Unavailable(f"OpenSearch failed while {doing}: {error['reason']}. Try again.")
                    )
            return found

        return self._repeated(sent)

    def pause(self, attempt: int) -> None:
        """Wait before trying again what failed for the `attempt`th time, from 1."""
        bound = min(PAUSE_SECONDS_MAX, PAUSE_SECONDS * 2 ** (attempt - 1))
        self._clock.sleep(self._chance.uniform(0, bound))

    def _repeated(self, send: Callable[[], T], attempts: int | None = None) -> T:
        left = attempts or self._attempts
        attempt = 1
        while True:
            try:
                return send()
            except _Passing as passing:
                if attempt >= left:
                    raise passing.error from passing.error.__cause__
            self.pause(attempt)
            attempt += 1

    def _sent(
        self,
        doing: str,
        method: str,
        path: str,
        body: Json | bytes | None,
        *,
        seconds: float | None = None,
    ) -> Json:
        from opensearchpy.exceptions import ConnectionTimeout, OpenSearchException, TransportError

        waited = seconds or self._timeout
        headers = LINES if isinstance(body, bytes) else JSON
        try:
            found = self._inner.transport.perform_request(
                method, path, body=body, headers=dict(headers), params={"request_timeout": waited}
            )
        except ConnectionTimeout as error:
            raise _Passing(_silent(doing, waited), error) from error
        except TransportError as error:
            status = error.status_code if isinstance(error.status_code, int) else 0
            raise failure(doing, status, _reason(error.info)) from error
        except OpenSearchException as error:
            raise Unavailable(f"OpenSearch failed while {doing}: {error}. Try again.") from error
        return found if isinstance(found, dict) else {}


class Blocked(Unavailable):
    """The index can only be read; waiting does not help."""


class _Passing(Exception):
    """Carries an error that may be gone at the next try; never leaves this module."""

    def __init__(self, error: RimedioError, cause: BaseException | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        error.__cause__ = cause


class _Orjson:
    """Bodies in and out, faster than json on vectors; bytes pass as they are."""

    mimetype = "application/json"

    def loads(self, text: str) -> Any:
        """A reply's body."""
        return orjson.loads(text.encode(errors="replace") if isinstance(text, str) else text)

    def dumps(self, data: Any) -> Any:
        """A request's body."""
        return data if isinstance(data, str | bytes) else encoded(data)


def encoded(value: Json) -> bytes:
    """JSON on one line; NumPy's float32 in the fewest digits that give the same float32 back."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)


def failure(doing: str, status: int, reason: str) -> Exception:
    """What to raise for a reply's status; those that pass are tried again by `OpenSearchClient`."""
    what = f"OpenSearch failed while {doing} ({status}: {reason})"
    if "cluster_block_exception" in reason:
        return Blocked(f"{what}. {BLOCKED}")
    if status == 429:
        return _Passing(Throttled(f"{what}. It has too much to do; try again later or add nodes."))
    if status == 0:
        return _Passing(
            Unavailable(f"OpenSearch cannot be reached while {doing}: {reason}. Check its address.")
        )
    if status in TRANSIENT:
        return _Passing(Unavailable(f"{what}. Look at the cluster's health; a red index lacks a shard."))
    kinds: dict[int, tuple[type[RimedioError], str]] = {
        401: (Forbidden, "Check the role's access to the domain."),
        403: (Forbidden, "Check the role's access to the domain."),
        404: (NotFound, "Check `opensearch_index`."),
        409: (Conflict, "Somebody else wrote it meanwhile; read it again."),
    }
    if status in kinds:
        kind, advice = kinds[status]
        return kind(f"{what}. {advice}")
    return (Unavailable if status >= 500 else StorageFailed)(f"{what}. Check the mapping and the version.")


def connect(
    url: str, *, region: str, clock: Clock, timeout_seconds: float = TIMEOUT_SECONDS
) -> OpenSearchClient:
    """A client of a domain on AWS, its requests signed (SigV4) with the function's role.

    A plain `http` address is an engine on loopback or in a private test network: nothing is signed there.
    """
    signer = _signer(region) if url.startswith("https:") else None
    return OpenSearchClient(url, clock=clock, signer=signer, timeout_seconds=timeout_seconds)


def _signer(region: str) -> Signer:
    from botocore.session import Session
    from opensearchpy import Urllib3AWSV4SignerAuth

    credentials = Session().get_credentials()
    if credentials is None:
        raise Forbidden(
            "There are no AWS credentials to sign requests to OpenSearch with. Give a role or keys."
        )
    signer: Signer = Urllib3AWSV4SignerAuth(credentials, region, "es")
    return signer


def _silent(doing: str, seconds: float) -> Unavailable:
    return Unavailable(f"OpenSearch did not answer within {seconds:g} s while {doing}. Try again.")


def _whole(doing: str, reply: Json) -> Json:
    if "error" in reply:
        raise failure(doing, int(reply.get("status", 500)), _reason(reply))
    if reply.get("timed_out") or reply.get("_shards", {}).get("failed"):
        raise _Passing(Unavailable(f"OpenSearch answered only in part while {doing}. Look at its health."))
    return reply


def _reason(info: object) -> str:
    """`type: reason` of the first cause, from the body of an error."""
    if not isinstance(info, dict):
        return str(info)[:300]
    error = info.get("error")
    if not isinstance(error, dict):
        return str(error)[:300]
    causes = error.get("root_cause") or [error]
    kinds = dict.fromkeys((str(error.get("type")), str(causes[0].get("type"))))
    return f"{'/'.join(kinds)}: {str(causes[0].get('reason'))[:300]}"
