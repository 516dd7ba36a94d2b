"""The API: every route of every topic behind one handler of API Gateway proxy events.

A topic is a module of `lambdas.routes`. Topics are imported when an API is built, so that a Lambda function
that serves some of them starts without the rest: its cold start is what it uses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from rimedio.lambdas.binding import Event
from rimedio.lambdas.router import Api

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

ROUTES = "rimedio.lambdas.routes"
TOPICS = (
    "account",
    "ask",
    "conversation",
    "documents",
    "equipment",
    "events",
    "gaps_articles",
    "health",
    "insights",
    "learning",
    "moves",
    "openapi",
    "passages",
    "reviews",
    "run",
    "schedules",
    "session",
    "tickets",
    "uploads",
    "webhooks",
)


@dataclass(frozen=True, slots=True)
class ApiHandler:
    """Answers proxy events of API Gateway REST APIs (payload version 1); safe to call from many threads.

    `event["path"]` is percent-decoded. The authorizer has put `tenant_id`, `subject`, `roles` and `tier` into
    `event["requestContext"]["authorizer"]`; without them only public routes answer.
    """

    api: Api

    def __call__(self, event: Event, context: object = None) -> dict[str, Any]:
        """`{statusCode, body, isBase64Encoded, multiValueHeaders}`."""
        return self.api.resolve(event, context)


def build_api(
    system: "Rimedio", topics: Sequence[str] = TOPICS, *, file_bytes_max: int | None = None
) -> ApiHandler:
    """The API on one system: all of it, or some of its topics. `file_bytes_max`: what one answer can carry."""
    api = Api(system.clock, system.ids, file_bytes_max)
    for topic in topics:
        import_module(f"{ROUTES}.{topic}").register(api, system)
    return ApiHandler(api)
