"""The service's streams: which use case stands behind which route, as feeds and producers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rimedio.lambdas.binding import Contract
from rimedio.lambdas.caller import Caller
from rimedio.lambdas.router import Operation
from rimedio.lambdas.routes.ask import AskBody
from rimedio.lambdas.routes.tickets import StreamHeaders
from rimedio.lambdas.sse import Feed, Opener, SseEvent, StreamCall
from rimedio.security.permissions import Role
from rimedio.storage.ticket_feed import TicketFeed
from rimedio.tickets.live import LiveChanges

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

PROGRESS_SECONDS = 0.3  # the journal of executions is not in the change stream
QUEUE_SETTLE_SECONDS = 0.25  # the use case looks at the store a little more often than that
MOVES_MAX = 500

SOLUTION = "GET /v1/tickets/{ticket_id}/solution/stream"
PROGRESS = "GET /v1/tickets/{ticket_id}/events/stream"
QUEUE = "GET /v1/events/stream"
ASK = "POST /v1/ask/stream"


class PositionFeed:
    """A `Feed` over a use case that is asked with the position of the last event."""

    def __init__(
        self,
        changes_since: Callable[[str | None], LiveChanges],
        topics: frozenset[str],
        after: str | None,
        *,
        every_seconds: float | None = None,
        settle_seconds: float = 0.0,
    ) -> None:
        self.topics = topics
        self.every_seconds = every_seconds
        self.settle_seconds = settle_seconds
        self.ended = False
        self.position = after
        self._changes_since = changes_since

    def poll(self) -> Sequence[SseEvent]:
        """What is new; the position moves on."""
        found = self._changes_since(self.position)
        self.position = found.position
        self.ended = found.done
        return found.events


def openers_of(system: "Rimedio", operations: Sequence[Operation]) -> Mapping[str, Opener]:
    """What opens each of the streamed operations."""
    contracts = {operation.key: operation.contract for operation in operations if operation.streamed}
    known = {
        SOLUTION: _ticket(system, contracts[SOLUTION], answer=True),
        PROGRESS: _ticket(system, contracts[PROGRESS], answer=False),
        QUEUE: _queue(system, contracts[QUEUE]),
        ASK: _ask(system, contracts[ASK]),
    }
    return {route: known[route] for route in contracts}


def changed_topics(feed: TicketFeed) -> Callable[[int | None], tuple[int, frozenset[str]]]:
    """What the hub asks: the newest change, and the topics of tickets that moved since."""

    def changed(after: int | None) -> tuple[int, frozenset[str]]:
        if after is None:
            return feed.newest(), frozenset()
        found = feed.since(after, MOVES_MAX)
        topics = {_tenant_topic(move.tenant_id) for move in found.moves}
        topics |= {_ticket_topic(move.tenant_id, move.ticket_id) for move in found.moves}
        return found.sequence, frozenset(topics)

    return changed


def ticket_feed(system: "Rimedio") -> TicketFeed:
    """Moves of tickets out of the system's own database."""
    return system.feed


def _ticket(system: "Rimedio", contract: Contract, *, answer: bool) -> Opener:
    def open_stream(call: StreamCall) -> Feed:
        arguments = contract.bind(call.event, call.path)
        ticket_id, tenant = str(arguments["ticket_id"]), call.caller.tenant_id
        system.tickets.get(tenant, ticket_id)  # or 404, while a status can still be sent

        def changes_since(position: str | None) -> LiveChanges:
            return system.desk.live.changes_since(
                tenant, ticket_id, position, published_only=_published_only(call.caller), answer=answer
            )

        topics = frozenset({_ticket_topic(tenant, ticket_id)})
        return PositionFeed(changes_since, topics, _after(arguments), every_seconds=PROGRESS_SECONDS)

    return open_stream


def _queue(system: "Rimedio", contract: Contract) -> Opener:
    def open_stream(call: StreamCall) -> Feed:
        arguments, tenant = contract.bind(call.event, call.path), call.caller.tenant_id

        def changes_since(position: str | None) -> LiveChanges:
            return system.desk.queue.changes_since(tenant, position)

        topics = frozenset({_tenant_topic(tenant)})
        return PositionFeed(changes_since, topics, _after(arguments), settle_seconds=QUEUE_SETTLE_SECONDS)

    return open_stream


def _ask(system: "Rimedio", contract: Contract) -> Opener:
    def open_stream(call: StreamCall) -> Iterator[SseEvent]:
        body = contract.bind(call.event, call.path)["body"]
        assert isinstance(body, AskBody)
        return system.desk.ask_live(
            call.caller.tenant_id, body.question, model=body.model, code=body.error_code
        )

    return open_stream


def _published_only(caller: Caller) -> bool:
    return not caller.has(Role.OPERATOR, Role.ADMIN)


def _after(arguments: Mapping[str, object]) -> str | None:
    headers = arguments["headers"]
    assert isinstance(headers, StreamHeaders)
    return headers.last_event_id


def _ticket_topic(tenant_id: str, ticket_id: str) -> str:
    return f"ticket {tenant_id} {ticket_id}"


def _tenant_topic(tenant_id: str) -> str:
    return f"tenant {tenant_id}"
