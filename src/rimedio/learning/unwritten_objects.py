"""Objects for a run that must leave no trace: reads what is there, forgets what is put."""

from collections.abc import Iterable, Iterator

from rimedio.storage.objects import BLOCK_BYTES, ObjectPage, ObjectStore, StoredObject, blocks_of, etag_of


class UnwrittenObjects:
    """An `ObjectStore` over another one, in which writing has no effect."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def put(self, _tenant_id: str, name: str, content: bytes | Iterable[bytes]) -> StoredObject:
        """What would have been stored."""
        whole = b"".join(blocks_of(content))
        return StoredObject(name, len(whole), etag_of(whole))

    def get(self, tenant_id: str, name: str) -> bytes:
        """The content. Raises NotFound."""
        return self._store.get(tenant_id, name)

    def stream(self, tenant_id: str, name: str, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
        """The content in blocks. Raises NotFound at the first block."""
        return self._store.stream(tenant_id, name, block_bytes)

    def head(self, tenant_id: str, name: str) -> StoredObject | None:
        """Size and hash, or None."""
        return self._store.head(tenant_id, name)

    def exists(self, tenant_id: str, name: str) -> bool:
        """Whether there is such an object."""
        return self._store.exists(tenant_id, name)

    def delete(self, tenant_id: str, name: str) -> None:
        """Nothing happens."""

    def list(
        self, tenant_id: str, prefix: str = "", *, limit: int = 1000, after: str | None = None
    ) -> ObjectPage:
        """Objects whose name begins with `prefix`."""
        return self._store.list(tenant_id, prefix, limit=limit, after=after)
