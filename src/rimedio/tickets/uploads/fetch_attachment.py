"""An attachment that stands somewhere on the public internet, fetched once, and never from the inside."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rimedio.domain.errors import InvalidInput, Unavailable
from rimedio.security.ssrf import PublicUrl
from rimedio.tickets.uploads.file_name import safe_name

if TYPE_CHECKING:
    import httpx

BYTES_MAX = 20 * 1024 * 1024
SECONDS_MAX = 20.0  # to connect, and between two blocks
TOTAL_SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True)
class FetchAttachment:
    """Fetches a file by HTTP: the judged address alone, no redirect, no cookie, a size and a time limit."""

    check_url: Callable[[str], PublicUrl]
    bytes_max: int = BYTES_MAX
    seconds_max: float = SECONDS_MAX

    def __call__(self, url: str) -> tuple[str, bytes]:
        """Its name and bytes.

        Raises InvalidInput for a URL or file that is not taken, Unavailable when nobody answers in time.
        """
        import httpx

        public = self.check_url(url)
        try:
            with (
                httpx.Client(timeout=self.seconds_max, follow_redirects=False, trust_env=False) as client,
                client.stream(
                    "GET",
                    public.pinned(),
                    headers={**public.headers, "User-Agent": "Rimedio"},
                    extensions=dict(public.extensions),
                ) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    raise InvalidInput(f"{url} answers {response.status_code}; a file answers 200.")
                return safe_name(public.url.partition("?")[0]), self._read(response, url)
        except httpx.HTTPError as error:
            raise Unavailable(f"{url} cannot be fetched ({type(error).__name__}: {error}).") from error

    def _read(self, response: "httpx.Response", url: str) -> bytes:
        data, deadline = bytearray(), time.monotonic() + TOTAL_SECONDS_MAX
        for block in response.iter_bytes():
            data += block
            if len(data) > self.bytes_max:
                raise InvalidInput(f"{url} is larger than {self.bytes_max // 10**6} MB. Upload a part of it.")
            if time.monotonic() > deadline:
                raise Unavailable(f"{url} sends too slowly. Upload the file instead.")
        return bytes(data)
