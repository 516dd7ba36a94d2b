"""The service's use cases around a ticket, put together: reviews, uploads, duplicates, live answers, the run."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rimedio.bootstrap.laptop import Rimedio


class Desk:
    """What an operator's desk works with."""

    def __init__(self, system: "Rimedio") -> None:
        self._system = system
