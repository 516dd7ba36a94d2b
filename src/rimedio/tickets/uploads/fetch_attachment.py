"""An attachment that stands somewhere on the public internet, fetched once, and never from the inside."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rimedio.domain.errors import InvalidInput, Unavailable
from rimedio.security.ssrf import PublicUrl
from rimedio.tickets.uploads.file_name import safe_name

if TYPE_CHECKING:
    import httpcore

BYTES_MAX = 20 * 1024 * 1024
CONNECT_SECONDS = 10.0
TOTAL_SECONDS = 60.0  # from the first byte asked to the last received
STATUS_OK = 200


@dataclass(frozen=True, slots=True)
class FetchAttachment:
    """Fetches a file by HTTP: the judged address alone, no redirect, no cookie, a size and a time limit."""

    check_url: Callable[[str], PublicUrl]
    bytes_max: int = BYTES_MAX
    total_seconds: float = TOTAL_SECONDS

    def __call__(self, url: str) -> tuple[str, bytes]:
        """Its name and bytes.

        Raises InvalidInput for a URL or file that is not taken, Unavailable when nobody answers in time.
        """
        import httpcore

        public = self.check_url(url)
        try:
            return safe_name(public.url.partition("?")[0]), self._fetch(public)
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            said = str(error) or type(error).__name__
            raise Unavailable(f"{url} cannot be fetched ({said}). Upload the file instead.") from error

    def _fetch(self, public: PublicUrl) -> bytes:
        """The body, as it travels: what was packed could unpack to any size, so it is asked for plain."""
        import httpcore

        from rimedio.security.deadline import DeadlineBackend, trusted_certificates

        pinned = httpcore.URL(public.pinned())
        given = {
            **public.headers,
            "User-Agent": "Rimedio",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        timeouts = {"connect": CONNECT_SECONDS, "read": self.total_seconds, "write": self.total_seconds}
        with (
            httpcore.HTTPConnection(
                pinned.origin,
                ssl_context=trusted_certificates() if public.scheme == "https" else None,
                network_backend=DeadlineBackend(time.monotonic() + self.total_seconds),
            ) as connection,
            connection.stream(
                "GET",
                pinned,
                headers=[(name.encode(), value.encode()) for name, value in given.items()],
                extensions={"timeout": timeouts, **public.extensions},
            ) as response,
        ):
            _require_file(response, public.url)
            return self._read(response.iter_stream(), public.url)

    def _read(self, blocks: Iterable[bytes], url: str) -> bytes:
        data = bytearray()
        for block in blocks:
            data += block
            if len(data) > self.bytes_max:
                raise InvalidInput(f"{url} is larger than {self.bytes_max // 10**6} MB. Upload a part of it.")
        return bytes(data)


def _require_file(response: "httpcore.Response", url: str) -> None:
    """Raises InvalidInput unless the answer is a file as it stands."""
    if response.status != STATUS_OK:
        raise InvalidInput(f"{url} answers {response.status}; a file answers 200.")
    packed = [value for name, value in response.headers if name.lower() == b"content-encoding"]
    if any(value.strip().lower() != b"identity" for value in packed):
        said = b", ".join(packed).decode("latin-1")[:50]
        raise InvalidInput(
            f"{url} is sent packed ({said}), which was not asked for. Upload the file instead."
        )
