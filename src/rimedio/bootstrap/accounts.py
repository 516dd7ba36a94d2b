"""Cost and observability, put together: ledger, budgets, metrics, traces, objectives."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rimedio.bootstrap.laptop import Rimedio


class Accounts:
    """What the answers cost and how well the service runs."""

    def __init__(self, system: "Rimedio") -> None:
        self._system = system
