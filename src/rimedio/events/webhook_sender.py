"""The port of what posts webhooks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from rimedio.security.ssrf import PublicUrl


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What the server said; `reply` is the beginning of its body."""

    status: int
    latency_ms: float
    reply: str = ""
    retry_after_seconds: float | None = None


class WebhookSender(Protocol):
    """Posts a body to a URL that was judged before."""

    def post(self, url: PublicUrl, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """The answer, whatever its status. Raises Unavailable when there is none in time."""
        ...
