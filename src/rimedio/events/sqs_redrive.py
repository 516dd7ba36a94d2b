"""Works through a dead-letter queue of SQS: what no function could take goes back to the queue it came from.

Three kinds end here: messages that the queue of deliveries gave up after too many receives, events that EventBridge
could not hand to it, and documents that could not be read three times. They are sent again; the log of events, the
deliveries in the table and the register of documents know what was done already. A message carries how often it was
sent back: what comes a fourth time stays to be looked at, as does what nobody takes.
"""

import logging
from collections.abc import Callable
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
    """Moves messages from a dead-letter queue back to the queues of deliveries and of documents."""

    dead_letters: SqsQueue
    deliveries: SqsQueue
    documents: SqsQueue | None = None

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
            back = 0
            for queue, belongs in ((self.deliveries, _is_ours), (self.documents, _is_document)):
                if queue is None:
                    continue
                good = [(m, again) for m in fresh if (again := _again(m, belongs)) is not None]
                queue.send([again for _, again in good])  # first: twice is no harm
                self.dead_letters.delete([message for message, _ in good])
                back += len(good)
            sent, left = sent + back, left + len(fresh) - back
        if left:
            _log.error(
                "%d dead letters stay: they failed too often, or nobody takes them. Look at them.", left
            )
        return Redriven(sent, left)


def _again(message: Message, belongs: Callable[[dict[str, Any]], bool]) -> Outgoing | None:
    """The message with its count; None where it must stay."""
    try:
        body = orjson.loads(message.body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(body, dict) or not belongs(body):
        return None
    times = body.get(TIMES, 0)
    if not isinstance(times, int) or times >= TIMES_MAX:
        return None
    return Outgoing(orjson.dumps({**body, TIMES: times + 1}).decode())


def _is_ours(body: dict[str, Any]) -> bool:
    source = body.get("source")
    return is_dispatch(body) or is_run(body) or (isinstance(source, str) and source.startswith(SOURCES))


def _is_document(body: dict[str, Any]) -> bool:
    """What lambdas.functions.ingest takes: a document's name, or that an original was put into the bucket."""
    named = isinstance(body.get("tenant_id"), str) and isinstance(body.get("document_id"), str)
    return named or (body.get("source") == "aws.s3" and "detail" in body)
