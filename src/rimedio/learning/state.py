"""How far each part of learning is: one small item a tenant and kind, so that kill -9 forgets nothing."""

from typing import TypeVar

from rimedio.storage import keys
from rimedio.storage.codec import from_item, to_value
from rimedio.storage.table import Table

T = TypeVar("T")
STATE = "state"


class LearningState:
    """Reads and writes the state of a part by its kind. Every method may raise StorageFailed."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self, tenant_id: str, kind: str, type_: type[T]) -> T | None:
        """What was kept under `kind`, or None."""
        item = self._table.get(keys.LEARNING_STATE.key(tenant=tenant_id, kind=kind))
        return None if item is None else from_item(type_, item, STATE)

    def write(self, tenant_id: str, kind: str, value: object) -> None:
        """Keep `value`, a dataclass."""
        attributes = keys.LEARNING_STATE.attributes(tenant=tenant_id, kind=kind)
        self._table.put(attributes | {STATE: to_value(value)})
