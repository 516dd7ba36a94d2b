"""Calls the Lambda authorizer and keeps its answers, as API Gateway does: by token, at most 300 seconds."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from rimedio.domain.errors import Unauthorized
from rimedio.http.proxy_event import authorizer_event
from rimedio.http.request import Request
from rimedio.lambdas.authorizer import CACHE_SECONDS_MAX, UnauthorizedRequest

TOKENS_MAX = 10_000
AuthorizerContext = Mapping[str, str]


class Authorization:
    """Who calls, by the token of a request. The cache is used by one thread: the event loop's."""

    def __init__(
        self,
        authorizer: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._authorizer = authorizer
        self._now = now
        self._known: OrderedDict[str, tuple[AuthorizerContext, float]] = OrderedDict()  # and until when

    def known(self, request: Request) -> AuthorizerContext | None:
        """The caller's context (tenant_id, subject, roles, tier, expires_at) out of the cache."""
        header = request.headers.get("authorization", "")
        found = self._known.get(header)
        if found is None:
            return None
        if found[1] > self._now():
            return found[0]
        del self._known[header]
        return None

    def ask(self, request: Request) -> AuthorizerContext:
        """The context from the authorizer; may wait for an issuer's keys, so it belongs on a thread.

        Raises Unauthorized, or Unavailable when the keys cannot be had.
        """
        try:
            answer = self._authorizer(authorizer_event(request, self._now()))
        except UnauthorizedRequest as refusal:
            raise Unauthorized(refusal.reason) from None
        context: AuthorizerContext = answer["context"]
        return context

    def keep(self, request: Request, context: AuthorizerContext) -> None:
        """Remember an answer for the next requests with this token."""
        until = min(self._now() + CACHE_SECONDS_MAX, float(context["expires_at"]))
        self._known[request.headers.get("authorization", "")] = (context, until)
        if len(self._known) > TOKENS_MAX:
            self._known.popitem(last=False)
