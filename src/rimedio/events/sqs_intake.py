"""Takes events off the queue that EventBridge fills, and hands deliveries to their targets: the bus's other half.

One deployed rule brings every event of Rimedio to this queue. An event is written into the log under its own id,
so that what the bus brings twice is told once; then one delivery a rule and target is written, and each of them has
a message of its own in the same queue. Schedules send their runs here directly.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from rimedio.domain.clock import Clock
from rimedio.domain.errors import InvalidInput, RimedioError
from rimedio.events.backoff import ExponentialBackoff, SteppedBackoff, Waits
from rimedio.events.delivery_queue import DIRECT, LOCAL, WEBHOOK, Invocation, lane_of
from rimedio.events.dispatch import Deliverer, TargetRegistry
from rimedio.events.event import Event
from rimedio.events.eventbridge_events import received_event
from rimedio.events.eventbridge_scheduler import is_run, run_of
from rimedio.events.replay_records import ReplayRecords
from rimedio.events.sqs_deliveries import SqsDeliveries, is_dispatch
from rimedio.events.sqs_queue import Message, SqsQueue, message_of
from rimedio.events.table_event_log import TableEventLog
from rimedio.events.table_rules import TableRules

LOOKED_AT_MAX = 1000  # messages of one turn

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EventIntake:
    """Writes events and their deliveries."""

    log: TableEventLog
    rules: TableRules
    replays: ReplayRecords
    deliveries: SqsDeliveries
    learn: Callable[[Event], object] | None = None  # discovers the schemas of new events

    def accept(self, event: Event) -> int:
        """Enqueue an event for whoever listens; how many deliveries. None for one that was told before."""
        if event.replay_name is not None:
            return self._again(event)
        rules = self.rules.for_event(event, orjson.loads(event.as_json()))
        if not self.log.write(event, told=not rules):
            return 0
        if self.learn is not None:
            self.learn(event)
        count = sum(self.deliveries.add(event, (r.tenant_id, r.name), r.targets) for r in rules)
        if rules:
            self.log.told(event)
        return count

    def _again(self, event: Event) -> int:
        """An event of a replay, for the rules that the replay names and the tenant that asked for it."""
        record = self.replays.of_event(event)
        if record is None:
            return 0
        named = event.replayed(record.name)
        rules = self.rules.for_event(event, orjson.loads(named.as_json()), record.rules)
        count = sum(self.deliveries.add(named, (r.tenant_id, r.name), r.targets) for r in rules)
        self.replays.note(record, event)
        return count

    def run(self, body: Mapping[str, Any]) -> None:
        """A schedule is due: its event goes to the schedule's own target, and there alone."""
        event, target = run_of(body)
        self.log.write(event, told=True)
        self.deliveries.add(event, (event.account, DIRECT), (target,))


@dataclass(frozen=True)
class SqsDelivery:
    """Works through messages: those that a function is given, or those it asks for."""

    queue: SqsQueue
    intake: EventIntake
    deliveries: SqsDeliveries
    targets: TargetRegistry
    clock: Clock
    waits: Mapping[str, Waits] = field(
        default_factory=lambda: {LOCAL: ExponentialBackoff(), WEBHOOK: SteppedBackoff()}
    )
    given_up: Callable[[Invocation, str], None] | None = None  # told of each new dead letter of a webhook

    def handle(self, records: Sequence[Mapping[str, Any]]) -> list[str]:
        """Work through the records of a Lambda event; ids of the messages that must stay in the queue."""
        self.deliveries.put_off()  # of an earlier call
        messages = [message_of(dict(record)) for record in records]
        failed = [m.message_id for m in messages if self._worked(m) is None]
        return [*failed, *sorted(self.deliveries.put_off() - {*failed})]

    def run_once(self) -> int:
        """Work through what the queue has; how many deliveries were tried and events told."""
        done, seen = 0, set[str]()
        while len(seen) < LOOKED_AT_MAX:
            messages = self.queue.receive()
            fresh = [message for message in messages if message.message_id not in seen]
            for message in messages:
                if message.message_id in seen:  # put off, and not for long: not for this turn
                    self.queue.put_off(message, 0)
            if not fresh:
                break
            seen |= {message.message_id for message in fresh}
            done += sum(self._worked(message) or 0 for message in fresh)
        return done

    def _worked(self, message: Message) -> int | None:
        """One message; None when that failed. One that fails must not hold up the others."""
        try:
            return self.work(message)
        except RimedioError:
            _log.exception("The message %s cannot be worked on now; it comes again.", message.message_id)
            return None

    def work(self, message: Message) -> int:
        """One message; 1 when something was done. Raises what the stores raise; then it comes again."""
        body = _read(message)
        if is_dispatch(body):
            return self._deliver(message)
        if body is None:
            _log.error("The message %s is no event; it goes to the dead letters.", message.message_id)
            raise InvalidInput("The message is no JSON object. Look at it among the dead letters.")
        if is_run(body):
            self.intake.run(body)
        else:
            self.intake.accept(received_event(body))
        self.queue.delete((message,))
        return 1

    def _deliver(self, message: Message) -> int:
        invocation = self.deliveries.take(message)
        if invocation is None:
            return 0
        lane = lane_of(invocation.target)
        given_up = self.given_up if lane == WEBHOOK else None
        deliverer = Deliverer(self.deliveries, self.targets, self.clock, self.waits[lane], given_up)
        try:
            deliverer.work(invocation)
        except BaseException:
            self.deliveries.release(invocation)
            raise
        return 1


def _read(message: Message) -> dict[str, Any] | None:
    try:
        found = orjson.loads(message.body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
