"""The transactional outbox: the table's change stream is the outbox, this relay empties it onto the bus.

What is written to the table and the event that tells of it are one transaction, for the stream is written with
the item. The relay acknowledges after the bus has accepted; what it read before a crash it reads again, and the
bus knows those events by their ids. On AWS the same translation runs in a Lambda function behind the stream.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from rimedio.domain.errors import InvalidInput
from rimedio.events.bus import EventBus
from rimedio.events.event import Event
from rimedio.events.translation import events_of
from rimedio.storage.streams import Change, ChangeStream

CONSUMER = "event-outbox"
READ_AT_ONCE = 50  # changes: one transaction of some 30 ms, for others write meanwhile

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OutboxRelay:
    """Moves changes onto the bus, in their order."""

    stream: ChangeStream
    bus: EventBus
    consumer: str = CONSUMER
    at_once: int = READ_AT_ONCE

    def run_once(self) -> int:
        """Relay one batch; how many changes were read.

        Raises what the bus raises; then nothing of the batch counts as relayed.
        """
        changes = self.stream.read(self.consumer, self.at_once)
        if not changes:
            return 0
        relay_changes(changes, self.bus)
        self.stream.acknowledge(self.consumer, changes[-1])
        return len(changes)


def relay_changes(changes: Sequence[Change], bus: EventBus) -> None:
    """Put the events of these changes onto the bus: the work of the loop at home and of the function on AWS.

    Raises what the bus raises; then the same changes are relayed again.
    """
    events = [event for change in changes for event in _told(change)]
    for result in bus.put_events(events) if events else ():
        if result.error is not None:  # it would be refused again: say so, and go on
            _log.error("The bus refused event %s: %s", result.event_id, result.error)


def _told(change: Change) -> Sequence[Event]:
    """The events of a change. One that cannot be read must not hold back all that come after it."""
    try:
        return events_of(change)
    except InvalidInput:
        _log.exception("The change %s of %s cannot be told as an event.", change.sequence, change.key.pk)
        return ()
