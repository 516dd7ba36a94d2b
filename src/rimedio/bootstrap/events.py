"""Events, put together: bus, outbox, archive, schemas, schedules, webhooks."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rimedio.bootstrap.laptop import Rimedio


class Eventing:
    """What happens when something has happened."""

    def __init__(self, system: "Rimedio") -> None:
        self._system = system
