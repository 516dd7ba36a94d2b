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
    """Who calls, by the token of a request. Used by one thread: the event loop's."""

    def __init__(
        self,
        authorizer: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._authorizer = authorizer
        self._now = now
        self._known: OrderedDict[str, tuple[AuthorizerContext, float]] = OrderedDict()  # and until when

    def of(self, request: Request) -> AuthorizerContext:
        """The caller's context: tenant_id, subject, roles, tier, expires_at. Raises Unauthorized."""
        now = self._now()
        header = request.headers.get("authorization", "")
        known = self._known.get(header)
        if known is not None and known[1] > now:
            return known[0]
        self._known.pop(header, None)
        try:
            answer = self._authorizer(authorizer_event(request, now))
        except UnauthorizedRequest as refusal:
            raise Unauthorized(refusal.reason) from None
        context: AuthorizerContext = answer["context"]
        until = min(now + CACHE_SECONDS_MAX, float(context["expires_at"]))
        self._known[header] = (context, until)
        if len(self._known) > TOKENS_MAX:
            self._known.popitem(last=False)
        return context
