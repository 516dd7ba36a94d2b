"""Tells when a tenant's budget comes to another level, once for each time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rimedio.cost.budgets import Budgets, BudgetState, Level
from rimedio.observability.logs import get_logger
from rimedio.storage import keys
from rimedio.storage.table import Table

ANNOUNCED = "ANNOUNCED"
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LevelChange:
    """A budget has come to another level. `key` names the happening: told again, it is the same one."""

    tenant_id: str
    previous: Level
    state: BudgetState
    key: str


class LevelWatch:
    """A loop's turn looks at every tenant's budget; the event goes out before it is noted that it did."""

    def __init__(
        self,
        table: Table,
        budgets: Budgets,
        tenants: Callable[[], Iterable[str]],
        announce: Callable[[LevelChange], None],
    ) -> None:
        self._table = table
        self._budgets = budgets
        self._tenants = tenants
        self._announce = announce

    def run_once(self) -> int:
        """Settle calls of processes that died, then tell of levels; how much of both. Raises StorageFailed."""
        tenants = tuple(self._tenants())
        recovered = self._budgets.recover(tenants)
        return recovered + sum(self._look(tenant_id) for tenant_id in tenants)

    def _look(self, tenant_id: str) -> bool:
        state = self._budgets.state(tenant_id)
        key = keys.BUDGET.key(tenant=tenant_id, kind=ANNOUNCED)
        item = self._table.get(key) or {}
        previous = Level(str(item.get("level", Level.FULL.value)))
        if state.settled_level is previous:
            return False
        number = item.get("number", 0)
        following = (number if isinstance(number, int) else 0) + 1
        self._announce(LevelChange(tenant_id, previous, state, f"level-{following}"))
        log.warning("Budget level changed", tenant=tenant_id, level=state.settled_level.value)
        told = keys.BUDGET.attributes(tenant=tenant_id, kind=ANNOUNCED)
        self._table.put({**told, "level": state.settled_level.value, "number": following})
        return True
