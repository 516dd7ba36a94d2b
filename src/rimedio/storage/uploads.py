"""The register of uploads: what was announced, which pieces have arrived."""

from collections.abc import Iterator
from datetime import datetime

from rimedio.domain.errors import ConditionFailed, NotFound
from rimedio.domain.upload import Upload, UploadPart
from rimedio.storage import keys
from rimedio.storage.codec import from_item, to_attributes
from rimedio.storage.conditions import Condition, Equals, NotExists
from rimedio.storage.fanout import query_shards
from rimedio.storage.keys import shard_of, stamp
from rimedio.storage.table import Action, Changes, Check, Delete, SortBetween, Table, Update

PARTS_MAX = 1000
PAGE = 100


class UploadStore:
    """Keeps the register; the bytes are in the object store. May raise StorageFailed."""

    def __init__(self, table: Table, *, shards: int = 1) -> None:
        self._table = table
        self._shards = shards

    def put(self, upload: Upload, condition: Condition | None = None) -> None:
        """Write an upload. Raises ConditionFailed."""
        self._table.put(
            to_attributes(upload)
            | keys.UPLOAD.attributes(
                tenant=upload.tenant_id,
                upload=upload.upload_id,
                created=stamp(upload.created_at),
                shard=shard_of(upload.upload_id, self._shards),
            ),
            condition,
        )

    def get(self, tenant_id: str, upload_id: str) -> Upload:
        """The upload. Raises NotFound, also for another tenant's and for one that was given up."""
        found = self.find(tenant_id, upload_id)
        if found is None:
            raise NotFound(f"There is no upload {upload_id}. It was given up, or is older than a day.")
        return found

    def find(self, tenant_id: str, upload_id: str) -> Upload | None:
        """The upload, or None; None also for one that was given up."""
        item = self._table.get(keys.UPLOAD.key(tenant=tenant_id, upload=upload_id))
        found = None if item is None else from_item(Upload, item)
        return None if found is None or found.given_up else found

    def put_part(self, tenant_id: str, upload_id: str, part: UploadPart) -> None:
        """Remember that a piece has arrived; again replaces."""
        self._table.put(
            to_attributes(part)
            | keys.UPLOAD_PART.attributes(tenant=tenant_id, upload=upload_id, number=f"{part.number:05d}")
        )

    def parts(self, tenant_id: str, upload_id: str) -> tuple[UploadPart, ...]:
        """Pieces that have arrived, by number."""
        query = keys.PARTS_OF_UPLOAD.query(limit=PARTS_MAX, tenant=tenant_id, upload=upload_id)
        return tuple(from_item(UploadPart, item) for item in self._table.query(query).items)

    def give_up(self, upload: Upload, *, unless_linked: tuple[str, str] | None) -> bool:
        """Mark it as given up; False, and nothing changes, when a link of this kind and name is there.

        Raises ConditionFailed when it was completed or dropped meanwhile.
        """
        key = keys.UPLOAD.key(tenant=upload.tenant_id, upload=upload.upload_id)
        as_read = Equals("status", upload.status.value)
        actions: list[Action] = [Update(key, Changes(set={"given_up": True}), as_read)]
        if unless_linked is not None:
            kind, name = unless_linked
            link = keys.LINK.key(tenant=upload.tenant_id, kind=kind, name=name)
            actions.append(Check(link, NotExists("pk")))
        try:
            self._table.transact_write(actions)
        except ConditionFailed as refused:
            if refused.failed == (1,):
                return False
            raise
        return True

    def forget_parts(self, tenant_id: str, upload_id: str) -> None:
        """Drop what is known of the pieces."""
        wanted = [
            Delete(keys.UPLOAD_PART.key(tenant=tenant_id, upload=upload_id, number=f"{part.number:05d}"))
            for part in self.parts(tenant_id, upload_id)
        ]
        for start in range(0, len(wanted), PAGE):
            self._table.transact_write(wanted[start : start + PAGE])

    def forget(self, tenant_id: str, upload_id: str) -> None:
        """Drop an upload and its pieces. Nothing happens when it is absent."""
        self.forget_parts(tenant_id, upload_id)
        self._table.delete(keys.UPLOAD.key(tenant=tenant_id, upload=upload_id))

    def older_than(self, tenant_id: str, before: datetime) -> Iterator[Upload]:
        """Uploads announced before an instant, oldest first."""
        cursor = None
        while True:
            queries = [
                keys.UPLOADS_BY_TIME.query(
                    sort=SortBetween("0", stamp(before)),
                    limit=PAGE,
                    cursor=cursor,
                    tenant=tenant_id,
                    shard=shard,
                )
                for shard in range(self._shards)
            ]
            page = query_shards(self._table, queries)
            yield from (from_item(Upload, item) for item in page.items)
            cursor = page.cursor
            if cursor is None:
                return
