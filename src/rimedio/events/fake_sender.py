"""A receiver of webhooks in memory, for tests of whoever builds on Rimedio."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rimedio.domain.errors import Unavailable
from rimedio.events.webhook_sender import HttpAnswer
from rimedio.security.ssrf import PublicUrl


@dataclass(frozen=True, slots=True)
class Posted:
    """One request that arrived."""

    url: str
    headers: Mapping[str, str]
    body: bytes


def _accept(_: Posted) -> HttpAnswer | None:
    return HttpAnswer(204, 1.0)


@dataclass
class FakeSender:
    """Keeps what is posted and answers as `answer` says; None stands for no answer at all."""

    answer: Callable[[Posted], HttpAnswer | None] = _accept
    posted: list[Posted] = field(default_factory=list)

    def post(self, url: PublicUrl, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """Keep the request and answer it. Raises Unavailable when told to."""
        request = Posted(url.url, dict(headers), body)
        self.posted.append(request)
        answer = self.answer(request)
        if answer is None:
            raise Unavailable(f"No answer from {url.host}: refused.")
        return answer
