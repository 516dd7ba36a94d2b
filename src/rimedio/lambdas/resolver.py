"""Powertools' REST resolver, made safe for several threads and quick to find a route.

The resolver keeps the request in class attributes, which is right in Lambda, where a process serves one
request at a time, and wrong in a gateway with a pool of threads. Here each thread has its own.
"""

import re
import threading
from collections.abc import Mapping
from functools import cached_property
from itertools import chain
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.api_gateway import ApiGatewayResolver, ResponseBuilder, Route
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

WHOLE_PATH = r"^{}\Z"


class _Request(threading.local):
    """What one thread works on."""

    def __init__(self) -> None:
        self.event: APIGatewayProxyEvent = APIGatewayProxyEvent({})
        self.lambda_context: Any = None
        self.context: dict[str, Any] = {}


class ThreadedRestResolver(APIGatewayRestResolver):
    """The same resolver, one request a thread instead of one a process."""

    def __init__(self) -> None:
        self._request = _Request()
        super().__init__(debug=False)

    @staticmethod
    def _compile_regex(rule: str, base_regex: str = WHOLE_PATH) -> re.Pattern[str]:
        """The rule as an expression of the whole path.

        Powertools lets slashes or a line break follow, where the gateway finds no route and asks no authorizer.
        """
        found: re.Pattern[str] = ApiGatewayResolver._compile_regex(rule, base_regex)  # noqa: SLF001 - their hook
        return found

    @property  # type: ignore[override]  # narrowed, as Powertools' own class does
    def current_event(self) -> APIGatewayProxyEvent:
        """The event this thread works on."""
        return self._request.event

    @current_event.setter
    def current_event(self, value: APIGatewayProxyEvent) -> None:
        self._request.event = value

    @property
    def lambda_context(self) -> Any:
        """The Lambda context this thread was given."""
        return self._request.lambda_context

    @lambda_context.setter
    def lambda_context(self, value: Any) -> None:
        self._request.lambda_context = value

    @property
    def context(self) -> dict[str, Any]:
        """Values that belong to this thread's request."""
        return self._request.context

    @context.setter
    def context(self, value: dict[str, Any]) -> None:
        self._request.context = value

    def resolve(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """The API Gateway proxy response to an API Gateway proxy event."""
        request = self._request
        request.event = APIGatewayProxyEvent(dict(event))
        request.lambda_context = context
        request.context = {}
        try:
            return self._build_response(self._resolve())
        finally:
            request.context = {}
            request.event = APIGatewayProxyEvent({})

    def _resolve(self) -> ResponseBuilder:  # type: ignore[type-arg]
        """The route that API Gateway names as `resource`; else the first of the method that fits the path."""
        event = self._request.event.raw_event
        method, path = str(event["httpMethod"]).upper(), str(event["path"])
        named = self._named.get((method, str(event.get("resource"))))
        for route in chain((named,) if named else (), self._routes_of(method)):
            match = route.rule.match(path)
            if match:
                self._request.context.update(_route=route, _path=path)
                return self._call_route(route, match.groupdict())
        return self._handle_not_found(method=method, path=path)

    @cached_property
    def _named(self) -> Mapping[tuple[str, str], Route]:
        """Routes by method and path template; trying dozens of expressions would cost more than the rest."""
        every = self._static_routes + self._dynamic_routes
        return {(route.method, route.openapi_path.replace("\\.", ".")): route for route in every}

    @cached_property
    def _by_method(self) -> Mapping[str, tuple[Route, ...]]:
        every = self._static_routes + self._dynamic_routes
        return {name: tuple(r for r in every if r.method == name) for name in {r.method for r in every}}

    def _routes_of(self, method: str) -> tuple[Route, ...]:
        return self._by_method.get(method, ())

    def find(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        """Template and parameters of the route at a path, or None."""
        for route in self._routes_of(method):
            match = route.rule.match(path)
            if match:
                return route.openapi_path.replace("\\.", "."), match.groupdict()
        return None

    def methods_at(self, path: str) -> tuple[str, ...]:
        """Methods that some route takes at this path; none when there is no such path."""
        every = self._static_routes + self._dynamic_routes
        return tuple(sorted({r.method for r in every if r.rule.match(path)}))
