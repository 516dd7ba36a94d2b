"""Objects in memory, for tests and for trying things out."""

import threading
from collections.abc import Iterable, Iterator

from rimedio.domain.errors import NotFound
from rimedio.storage.objects import (
    BLOCK_BYTES,
    ListedObject,
    ObjectPage,
    ObjectPart,
    StoredObject,
    blocks_of,
    checked_bounds,
    checked_limit,
    checked_name,
    checked_tenant,
    etag_of,
)


class MemoryObjectStore:
    """An `ObjectStore` that forgets everything with the process."""

    def __init__(self) -> None:
        self._contents: dict[tuple[str, str], bytes] = {}
        self._lock = threading.Lock()

    def put(self, tenant_id: str, name: str, content: bytes | Iterable[bytes]) -> StoredObject:
        key = (checked_tenant(tenant_id), checked_name(name))
        whole = b"".join(blocks_of(content))
        with self._lock:
            self._contents[key] = whole
        return StoredObject(name, len(whole), etag_of(whole))

    def get(self, tenant_id: str, name: str) -> bytes:
        found = self._contents.get((checked_tenant(tenant_id), checked_name(name)))
        if found is None:
            raise NotFound(f"There is no object {name!r}. List the objects to see their names.")
        return found

    def stream(self, tenant_id: str, name: str, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
        whole = self.get(tenant_id, name)
        for start in range(0, len(whole), block_bytes):
            yield whole[start : start + block_bytes]

    def part(self, tenant_id: str, name: str, start: int, end: int) -> ObjectPart:
        whole = self.get(tenant_id, name)
        checked_bounds(name, start, end, len(whole))
        return ObjectPart(whole[start:end], StoredObject(name, len(whole), etag_of(whole)))

    def head(self, tenant_id: str, name: str) -> StoredObject | None:
        found = self._contents.get((checked_tenant(tenant_id), checked_name(name)))
        return None if found is None else StoredObject(name, len(found), etag_of(found))

    def exists(self, tenant_id: str, name: str) -> bool:
        return (checked_tenant(tenant_id), checked_name(name)) in self._contents

    def delete(self, tenant_id: str, name: str) -> None:
        with self._lock:
            self._contents.pop((checked_tenant(tenant_id), checked_name(name)), None)

    def list(
        self, tenant_id: str, prefix: str = "", *, limit: int = 1000, after: str | None = None
    ) -> ObjectPage:
        checked_tenant(tenant_id)
        with self._lock:
            found = sorted(
                ListedObject(name, len(content))
                for (tenant, name), content in self._contents.items()
                if tenant == tenant_id and name.startswith(prefix) and (after is None or name > after)
            )
        shown = tuple(found[: checked_limit(limit)])
        return ObjectPage(shown, shown[-1].name if len(found) > limit else None)
