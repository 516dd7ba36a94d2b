"""Works through a dead-letter queue of SQS: what no function could take goes back to the queue of deliveries.

Two kinds end here: messages that the queue of deliveries gave up after too many receives, and events that
EventBridge could not hand to it. Both are sent again; the log of events and the deliveries in the table know what was
done already. A message carries how often it was sent back: what comes a fourth time stays to be looked at, as does
what is no event of Rimedio's.
"""

import logging
from dataclasses import dataclass
from typing import Any

import orjson

from rimedio.events.deployed_rules import SOURCES
from rimedio.events.eventbridge_scheduler import is_run
from rimedio.events.sqs_deliveries import is_dispatch
from rimedio.events.sqs_queue import Message, Outgoing, SqsQueue

LOOKED_AT_MAX = 1000
TIMES_MAX = 3
TIMES = "redriven"  # beside the message's own fields, which nobody reads

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
        """Send back what is there, each at most `TIMES_MAX` times. Raises Unavailable; nothing is lost."""
        sent, left, seen = 0, 0, set[str]()
        while len(seen) < LOOKED_AT_MAX:
            fresh = [m for m in self.dead_letters.receive() if m.message_id not in seen]
            if not fresh:
                break
            seen |= {message.message_id for message in fresh}
            good = [(m, again) for m in fresh if (again := _again(m)) is not None]
            self.deliveries.send([again for _, again in good])  # first: twice is no harm
            self.dead_letters.delete([message for message, _ in good])
            sent, left = sent + len(good), left + len(fresh) - len(good)
        if left:
            _log.error("%d dead letters stay: they failed too often, or are no events. Look at them.", left)
        return Redriven(sent, left)


def _again(message: Message) -> Outgoing | None:
    """The message with its count; None where it must stay."""
    try:
        body = orjson.loads(message.body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(body, dict) or not _is_ours(body):
        return None
    times = body.get(TIMES, 0)
    if not isinstance(times, int) or times >= TIMES_MAX:
        return None
    return Outgoing(orjson.dumps({**body, TIMES: times + 1}).decode())


def _is_ours(body: dict[str, Any]) -> bool:
    source = body.get("source")
    return is_dispatch(body) or is_run(body) or (isinstance(source, str) and source.startswith(SOURCES))
