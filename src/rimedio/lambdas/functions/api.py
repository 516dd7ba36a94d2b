"""The API behind API Gateway: every route of every topic, streams among them, by the handler of the gateway at home."""

from collections.abc import Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

from rimedio.domain.errors import RimedioError
from rimedio.lambdas.api import ROUTES, TOPICS, ApiHandler, build_api
from rimedio.lambdas.cors import CrossOrigin
from rimedio.lambdas.functions._function import LambdaFunction, Work
from rimedio.lambdas.functions._invocation import Event, Invocation
from rimedio.lambdas.gateway_event import FILE_BYTES_MAX, checked_answer, handler_event
from rimedio.lambdas.long_poll import LongPoll
from rimedio.lambdas.response_headers import API_HEADERS
from rimedio.lambdas.sse import StreamCall
from rimedio.observability.observed_requests import observed_requests

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

Answer = dict[str, Any]
NO_ROUTE = "none"


class ApiFunction:
    """Answers one request at a time, as Lambda sends them."""

    def __init__(self, system: "Rimedio", handler: ApiHandler, streams: LongPoll) -> None:
        self._system = system
        self._api = handler.api
        self._streams = streams
        self._seconds_left = 0.0
        self._api.serve_streams(self._document)
        self._handle = observed_requests(handler, system.accounts.tracer)
        self._cross_origin = CrossOrigin(system.settings.cors_origins.split(","))

    def __call__(self, event: Event, invocation: Invocation) -> Answer:
        """The proxy response; also to what is no request of anybody's."""
        self._seconds_left, started = invocation.seconds_left, perf_counter()
        route = NO_ROUTE
        try:
            request = handler_event(event, self._system.settings.api_base_path)
            found = self._api.resolver.find(request["httpMethod"], request["path"])
            if found is not None:  # API Gateway may know one resource only, `/v1/{proxy+}`
                request["resource"], request["pathParameters"] = found
                route = f"{request['httpMethod']} {found[0]}"
            answer = dict(self._handle(request))
            checked_answer(answer)
        except RimedioError as error:
            answer = self._api.refuse(event, error)
        answer["multiValueHeaders"] |= {**API_HEADERS, **self._allowed(event)}
        self._system.accounts.observe_request(route, int(answer["statusCode"]), perf_counter() - started)
        return answer

    def _allowed(self, event: Event) -> dict[str, list[str]]:
        """What lets the pages of another site read the answer; API Gateway answers their preflights."""
        given = event.get("headers") or {}
        origin = next((str(value) for name, value in given.items() if name.lower() == "origin"), None)
        found = self._cross_origin.headers(origin)
        return {name.decode("latin-1"): [value.decode("latin-1")] for name, value in found}

    def _document(self, route: str, call: StreamCall) -> bytes:
        return self._streams.document(route, call, self._seconds_left)


def build_api_function(system: "Rimedio") -> Work[Answer]:
    """The API of one system."""
    from rimedio.lambdas.live_feeds import QUEUE, openers_of

    handler = build_api(system, file_bytes_max=FILE_BYTES_MAX)
    openers = openers_of(system, handler.api.operations)
    streams = LongPoll(openers, system.clock, frozenset({QUEUE}), system.settings.stream_wait_seconds)
    return ApiFunction(system, handler, streams)


def who_calls(event: Event) -> Mapping[str, str | None]:
    """The request's id and its tenant, as API Gateway and the authorizer say them."""
    context = event.get("requestContext") or {}
    return {
        "request_id": context.get("requestId"),
        "tenant": (context.get("authorizer") or {}).get("tenant_id"),
    }


handler = LambdaFunction(
    "api",
    build_api_function,
    correlate=who_calls,
    objectives=True,
    warm=("rimedio.lambdas.live_feeds", *(f"{ROUTES}.{topic}" for topic in TOPICS)),
)
