"""The API: every route of every topic behind one handler of API Gateway proxy events."""

from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rimedio.lambdas.binding import Event
from rimedio.lambdas.router import Api
from rimedio.lambdas.routes import (
    account,
    ask,
    conversation,
    documents,
    equipment,
    events,
    gaps_articles,
    health,
    insights,
    learning,
    moves,
    openapi,
    passages,
    reviews,
    run,
    schedules,
    session,
    tickets,
    uploads,
    webhooks,
)

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

TOPICS: tuple[ModuleType, ...] = (
    account,
    ask,
    conversation,
    documents,
    equipment,
    events,
    gaps_articles,
    health,
    insights,
    learning,
    moves,
    openapi,
    passages,
    reviews,
    run,
    schedules,
    session,
    tickets,
    uploads,
    webhooks,
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


def build_api(system: "Rimedio") -> ApiHandler:
    """The whole API on one system."""
    api = Api(system.clock, system.ids)
    for topic in TOPICS:
        topic.register(api, system)
    return ApiHandler(api)
