"""The transactional outbox: the table's change stream is the outbox, this relay empties it onto the bus.

What is written to the table and the event that tells of it are one transaction, for the stream is written with
the item. The relay acknowledges after the bus has accepted; what it read before a crash it reads again, and the
bus knows those events by their ids. On AWS the same translation runs in a Lambda function behind the stream.
"""

import logging
from dataclasses import dataclass

from rimedio.events.bus import EventBus
from rimedio.events.translation import events_of
from rimedio.storage.streams import ChangeStream

CONSUMER = "event-outbox"
READ_AT_ONCE = 200

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
        events = [event for change in changes for event in events_of(change)]
        for result in self.bus.put_events(events) if events else ():
            if result.error is not None:  # it would be refused again: say so, and go on
                _log.error("The bus refused event %s: %s", result.event_id, result.error)
        self.stream.acknowledge(self.consumer, changes[-1])
        return len(changes)
