"""Which other sites' pages may call the API (Fetch standard, "CORS protocol"); by default none."""

from collections.abc import Iterable, Mapping

Headers = list[tuple[bytes, bytes]]

METHODS = b"GET, POST, PUT, DELETE"
REQUEST_HEADERS = (
    b"authorization, content-type, idempotency-key, if-match, if-none-match, if-range, last-event-id, range, "
    b"x-request-id"
)
EXPOSED = (
    b"x-request-id, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, retry-after, "
    b"idempotency-replayed, content-disposition, accept-ranges, content-range, etag"
)
MAX_AGE_SECONDS = b"600"


class CrossOrigin:
    """Answers to pages of the allowed origins. Tokens travel in a header, so no credentials are allowed."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = {origin.strip().rstrip("/").lower() for origin in origins if origin.strip()}

    def headers(self, origin: str | None) -> Headers:
        """What an answer to a page of `origin` carries."""
        if not self._origins:
            return []
        vary = [(b"vary", b"origin")]
        if origin is None or origin.lower() not in self._origins:
            return vary
        return [
            *vary,
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-expose-headers", EXPOSED),
        ]

    def preflight(self, headers: Mapping[str, str]) -> Headers | None:
        """The answer's headers to a preflight; None when the request is none, or the origin not allowed."""
        origin = headers.get("origin")
        if "access-control-request-method" not in headers or origin is None:
            return None
        if origin.lower() not in self._origins:
            return None
        return [
            *self.headers(origin),
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", REQUEST_HEADERS),
            (b"access-control-max-age", MAX_AGE_SECONDS),
        ]
