"""Live: a ticket's progress and answer, event by event; the queue; a question answered while one watches.

Nothing here blocks or keeps a thread: who serves events asks `changes_since` again and again, with the
position of the last event. Positions are texts that a client sends back as Last-Event-ID.
"""

from rimedio.tickets.live.events import (
    Body,
    Chunk,
    Cited,
    Complete,
    Failed,
    LiveChanges,
    LiveEvent,
    Progress,
    ProgressStatus,
    QueueChange,
    Start,
)

__all__ = [
    "Body",
    "Chunk",
    "Cited",
    "Complete",
    "Failed",
    "LiveChanges",
    "LiveEvent",
    "Progress",
    "ProgressStatus",
    "QueueChange",
    "Start",
]
