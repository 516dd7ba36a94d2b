"""Deliveries on AWS: the queue brings events and their deliveries, one message each; webhooks are posted signed.

What is told to whom, the log, the steps between retries and the dead letters are the bus's (`events`): a delivery
that failed stays in the queue, invisible until it is due again.
"""

from typing import TYPE_CHECKING

from rimedio.lambdas.functions._batches import BatchResponse, failed, messages_of
from rimedio.lambdas.functions._function import LambdaFunction, Work
from rimedio.lambdas.functions._invocation import Event, Invocation

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio


def build_webhooks(system: "Rimedio") -> Work[BatchResponse]:
    """The deliveries of one system."""
    delivery = system.eventing.delivery  # type: ignore[attr-defined]  # of the home on AWS

    def deliver(event: Event, invocation: Invocation) -> BatchResponse:
        again: list[str] = []
        for message in messages_of(event):
            again += delivery.handle([message.record]) if invocation.has_time else [message.message_id]
        return failed(*again)

    return deliver


handler = LambdaFunction("webhooks", build_webhooks, warm=("rimedio.events.webhook_http",))
