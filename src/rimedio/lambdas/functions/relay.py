"""The outbox on AWS: a DynamoDB stream wakes it, and what was written is told on the event bus."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rimedio.lambdas.functions._batches import BatchResponse, work_off_changes
from rimedio.lambdas.functions._function import LambdaFunction, Work
from rimedio.lambdas.functions._invocation import Event, Invocation
from rimedio.storage.streams import Change

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio


def build_relay(system: "Rimedio") -> Work[BatchResponse]:
    """The relay of one system: the same translation as the loop at home."""
    from rimedio.events.outbox import relay_changes
    from rimedio.storage.dynamodb_records import change_of

    bus, note = (
        system.eventing.bus,
        getattr(system.feed, "note", None),
    )  # at home the feed reads the changes itself

    def apply(changes: Sequence[Change]) -> None:
        relay_changes(changes, bus)
        if note is not None:
            note(changes)

    def relay(event: Event, invocation: Invocation) -> BatchResponse:
        return work_off_changes(event, invocation, change_of, apply)

    return relay


handler = LambdaFunction(
    "relay", build_relay, warm=("rimedio.events.outbox", "rimedio.storage.dynamodb_records")
)
