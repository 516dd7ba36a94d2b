"""Works through a dead-letter queue of SQS: what no function could take goes back to where it came from.

Two kinds end here: messages that the queue of deliveries gave up after too many receives, and events that
EventBridge could not hand to a target (their attributes say which rule, and why). Both are sent to the queue of
deliveries again; the log of events and the deliveries in the table know what was done already. What has been here
too often stays, to be looked at: it is not deleted, and `left` counts it.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from rimedio.aws import Client, translated
from rimedio.events.sqs_queue import Message, Outgoing, SqsQueue

SERVICE = "Amazon SQS"
LOOKED_AT_MAX = 1000
RECEIVES_MAX = 5  # of the dead-letter queue itself, so that what never works does not go round for ever

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Redriven:
    """What a run did."""

    sent: int
    left: int


@dataclass(frozen=True, slots=True)
class DeadLetterRedrive:
    """Moves messages from a dead-letter queue back to the queue of deliveries."""

    dead_letters: SqsQueue
    deliveries: SqsQueue

    def run_once(self) -> int:
        """Send back what is there; how many."""
        return self.run().sent

    def run(self) -> Redriven:
        """Send back what is there, each at most `RECEIVES_MAX` times. Raises Unavailable; nothing is lost."""
        sent, left, seen = 0, 0, set[str]()
        while len(seen) < LOOKED_AT_MAX:
            fresh = [m for m in self.dead_letters.receive() if m.message_id not in seen]
            if not fresh:
                break
            seen |= {message.message_id for message in fresh}
            good = [m for m in fresh if m.receives <= RECEIVES_MAX and _is_object(m)]
            self.deliveries.send([Outgoing(message.body) for message in good])  # first: twice is no harm
            self.dead_letters.delete(good)
            sent, left = sent + len(good), left + len(fresh) - len(good)
        if left:
            _log.error("%d dead letters stay: they failed too often, or are no events. Look at them.", left)
        return Redriven(sent, left)


def start_redrive(client: Client, dead_letter_arn: str, per_second: int = 50) -> str:
    """Let SQS itself move everything back to its sources, as fast as they bear; the task's handle.

    Only for messages that a queue moved here: SQS does not know the source of what EventBridge sent.
    """
    with translated(SERVICE, "starting a redrive"):
        answer: Mapping[str, str] = client.start_message_move_task(
            SourceArn=dead_letter_arn, MaxNumberOfMessagesPerSecond=per_second
        )
    return answer["TaskHandle"]


def _is_object(message: Message) -> bool:
    try:
        return isinstance(orjson.loads(message.body), dict)
    except orjson.JSONDecodeError:
        return False
