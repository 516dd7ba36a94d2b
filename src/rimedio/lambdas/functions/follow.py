"""What the system learns and counts from what was written: a DynamoDB stream wakes it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rimedio.lambdas.functions._batches import BatchResponse, work_off_changes
from rimedio.lambdas.functions._function import LambdaFunction, Work
from rimedio.lambdas.functions._invocation import Event, Invocation
from rimedio.storage.streams import Change

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio


def follower(system: "Rimedio") -> Callable[[Sequence[Change]], None]:
    """What is done with changes: the consumers of the change stream that are loops at home."""
    counting, following = system.accounts.counting, system.learning.following

    def apply(changes: Sequence[Change]) -> None:
        counting.apply(changes)
        following.apply(changes)

    return apply


def build_follow(system: "Rimedio") -> Work[BatchResponse]:
    """The follower of one system."""
    from rimedio.storage.dynamodb_records import change_of

    apply = follower(system)

    def follow(event: Event, invocation: Invocation) -> BatchResponse:
        return work_off_changes(event, invocation, change_of, apply)

    return follow


handler = LambdaFunction(
    "follow", build_follow, objectives=True, warm=("rimedio.cost.counting", "rimedio.learning.follow")
)
