"""The tenants that are here: what works through the night for everybody must know who everybody is."""

from threading import Lock

from rimedio.storage.keys import TENANT, TENANTS
from rimedio.storage.table import Table

PAGE = 200


class TenantStore:
    """Remembers every tenant that ever wrote. Every method may raise StorageFailed."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._noted: set[str] = set()
        self._lock = Lock()

    def note(self, tenant_id: str) -> None:
        """Remember a tenant; costs nothing after the first time in this process."""
        if tenant_id in self._noted:
            return
        self._table.put({**TENANT.attributes(tenant=tenant_id), "tenant_id": tenant_id})
        with self._lock:
            self._noted.add(tenant_id)

    def all(self) -> tuple[str, ...]:
        """Every tenant, by name."""
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = self._table.query(TENANTS.query(limit=PAGE, cursor=cursor))
            found += [str(item["tenant_id"]) for item in page.items]
            cursor = page.cursor
            if cursor is None:
                return tuple(found)
