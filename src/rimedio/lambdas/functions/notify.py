"""Tells people: an EventBridge rule brings an event, a notice goes out through SNS, once an event."""

from typing import TYPE_CHECKING, TypedDict

from rimedio.events.event import Event as DomainEvent
from rimedio.events.eventbridge_events import received_event
from rimedio.events.notices import Notice, NoticeBoard, notice_of
from rimedio.lambdas.functions._function import LambdaFunction, Work
from rimedio.lambdas.functions._idempotency import idempotent
from rimedio.lambdas.functions._invocation import Event, Invocation
from rimedio.storage.idempotency import IdempotencyStore

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

SCOPE = "notify"


class Notified(TypedDict):
    """The message's id; none where people need not know."""

    message_id: str | None


def build_notify(system: "Rimedio", board: NoticeBoard | None = None) -> Work[Notified]:
    """The notices of one system, through SNS unless another board is given."""
    posting = board or system.eventing.notices  # type: ignore[attr-defined]  # of the home on AWS
    store = IdempotencyStore(system.table, system.clock, system.ids)

    def identity(told: tuple[DomainEvent, Notice]) -> tuple[str, str, object]:
        return told[0].account, told[0].id, told[0].detail_type

    @idempotent(store, SCOPE, identity)
    def post(told: tuple[DomainEvent, Notice]) -> str:
        return posting.post(told[1])

    def notify(event: Event, _: Invocation) -> Notified:
        happened = received_event(event)
        notice = notice_of(happened)
        return {"message_id": None if notice is None else str(post((happened, notice)))}

    return notify


def what_happened(event: Event) -> dict[str, str | None]:
    """The event's id, for the log."""
    named = event.get("id")
    return {"request_id": named if isinstance(named, str) else None}


handler = LambdaFunction("notify", build_notify, correlate=what_happened, warm=("rimedio.events.sns_topic",))
