"""Objects in S3: one bucket, a folder a tenant, the SHA-256 of each content beside it."""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from tempfile import SpooledTemporaryFile
from typing import Any

from rimedio.aws import Client, error_code, translated
from rimedio.domain.errors import InvalidInput, NotFound, RimedioError, StorageFailed, Unavailable
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
)

SERVICE = "Amazon S3"
PREFIX = "objects"  # the bucket holds the published index and models beside them
PART_BYTES = 16 * 1024 * 1024  # of a multipart upload: S3 takes 5 MB to 5 GB, at most 10,000 of them
READ_ATTEMPTS = 4  # of one content; each goes on where the one before broke off
HASH = "sha256"  # the metadata that holds it: S3's own checksum of a multipart upload is one of its parts
_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
_BEYOND = frozenset({"416", "InvalidRange"})


class S3ObjectStore:
    """An `ObjectStore` over a bucket. `kms_key` encrypts under that key; without it the bucket's default counts.

    The role needs `s3:ListBucket` too: without it S3 answers 403, not 404, for what is absent.
    """

    def __init__(
        self,
        client: Client,
        bucket: str,
        *,
        kms_key: str | None = None,
        prefix: str = PREFIX,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._part_bytes = part_bytes
        self._encryption: dict[str, object] = {}
        if kms_key is not None:
            self._encryption = {
                "ServerSideEncryption": "aws:kms",
                "SSEKMSKeyId": kms_key,
                "BucketKeyEnabled": True,  # one call to KMS for many objects
            }

    def put(self, tenant_id: str, name: str, content: bytes | Iterable[bytes]) -> StoredObject:
        key = self._key(tenant_id, name)
        hashed = hashlib.sha256()
        with SpooledTemporaryFile(max_size=self._part_bytes) as whole:
            for block in blocks_of(content):  # to its end before anything is sent: it may break off
                hashed.update(block)
                whole.write(block)
            size = whole.tell()
            whole.seek(0)
            about = {
                "Bucket": self._bucket,
                "Key": key,
                "Metadata": {HASH: hashed.hexdigest()},
                **self._encryption,
            }
            if size <= self._part_bytes:
                self._put_small(about, whole.read(), hashed.digest())
            else:
                self._put_large(about, iter(lambda: whole.read(self._part_bytes), b""))
        return StoredObject(name, size, hashed.hexdigest())

    def get(self, tenant_id: str, name: str) -> bytes:
        return b"".join(self.stream(tenant_id, name))

    def stream(self, tenant_id: str, name: str, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
        key = self._key(tenant_id, name)
        begun = _Begun()
        for attempt in range(1, READ_ATTEMPTS + 1):
            try:
                yield from self._blocks(key, name, block_bytes, begun)
            except Unavailable:
                if attempt == READ_ATTEMPTS:
                    raise
            else:
                return

    def part(self, tenant_id: str, name: str, start: int, end: int) -> ObjectPart:
        key = self._key(tenant_id, name)
        checked_bounds(name, start, end)
        for attempt in range(1, READ_ATTEMPTS + 1):
            try:
                answer, data = self._range(key, name, start, end)
                break
            except Unavailable:
                if attempt == READ_ATTEMPTS:
                    raise
        size = int(str(answer["ContentRange"]).rpartition("/")[2])
        return ObjectPart(data, StoredObject(name, size, self._hash(tenant_id, name, answer)))

    def head(self, tenant_id: str, name: str) -> StoredObject | None:
        found = self._head(self._key(tenant_id, name))
        if found is None:
            return None
        return StoredObject(name, int(found["ContentLength"]), self._hash(tenant_id, name, found))

    def exists(self, tenant_id: str, name: str) -> bool:
        return self._head(self._key(tenant_id, name)) is not None

    def delete(self, tenant_id: str, name: str) -> None:
        key = self._key(tenant_id, name)
        with _explained("removing an object"):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def list(
        self, tenant_id: str, prefix: str = "", *, limit: int = 1000, after: str | None = None
    ) -> ObjectPage:
        folder = f"{self._prefix}/{checked_tenant(tenant_id)}/"
        start = {} if after is None else {"StartAfter": folder + after}
        with _explained("listing objects"):
            answer = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=folder + prefix, MaxKeys=checked_limit(limit), **start
            )
        objects = tuple(
            ListedObject(str(found["Key"]).removeprefix(folder), int(found["Size"]))
            for found in answer.get("Contents", ())
        )
        return ObjectPage(objects, objects[-1].name if objects and answer.get("IsTruncated") else None)

    def place_of(self, key: str) -> tuple[str, str] | None:
        """The tenant and the name behind a key of the bucket, as an event of S3 gives it; None for other keys."""
        tenant_id, _, name = key.removeprefix(f"{self._prefix}/").partition("/")
        if not key.startswith(f"{self._prefix}/"):
            return None
        try:
            return checked_tenant(tenant_id), checked_name(name)
        except InvalidInput:
            return None

    def _key(self, tenant_id: str, name: str) -> str:
        return f"{self._prefix}/{checked_tenant(tenant_id)}/{checked_name(name)}"

    def _head(self, key: str) -> Mapping[str, Any] | None:
        from botocore.exceptions import ClientError

        with _explained("looking at an object"):
            try:
                found: Mapping[str, Any] = self._client.head_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error_code(error) in _ABSENT:
                    return None
                raise
            return found

    def _hash(self, tenant_id: str, name: str, about: Mapping[str, Any]) -> str:
        """SHA-256 of a content that S3 told of."""
        known = about.get("Metadata", {}).get(HASH)
        if known is not None:
            return str(known)
        hashed = hashlib.sha256()  # put there by something else
        for block in self.stream(tenant_id, name):
            hashed.update(block)
        return hashed.hexdigest()

    def _range(self, key: str, name: str, start: int, end: int) -> tuple[Mapping[str, Any], bytes]:
        """What S3 tells of an object, and some of its bytes."""
        from botocore.exceptions import ClientError

        wanted = f"bytes={start}-{end - 1}"
        with _explained("reading an object"):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=key, Range=wanted)
            except ClientError as error:
                if error_code(error) in _BEYOND:
                    raise InvalidInput(
                        f"There are no bytes {start} to {end} in the object {name!r}. Ask for others."
                    ) from None
                raise _reading(error, name) from error
            with closing(answer["Body"]) as body:
                return answer, body.read()

    def _put_small(self, about: Mapping[str, object], content: bytes, digest: bytes) -> None:
        with _explained("writing an object"):
            self._client.put_object(**about, Body=content, ChecksumSHA256=base64.b64encode(digest).decode())

    def _put_large(self, about: Mapping[str, object], parts: Iterator[bytes]) -> None:
        """In parts, of which nothing is seen until the last call; S3 checks each part's own hash."""
        where = {"Bucket": about["Bucket"], "Key": about["Key"]}
        with _explained("beginning a large object"):
            where["UploadId"] = self._client.create_multipart_upload(**about, ChecksumAlgorithm="SHA256")[
                "UploadId"
            ]
        try:
            done = [self._put_part(where, number, part) for number, part in enumerate(parts, 1)]
            self._end_large(where, about, done)
        except BaseException:
            with suppress(RimedioError), _explained("giving up a large object"):
                self._client.abort_multipart_upload(**where)
            raise

    def _end_large(
        self, where: Mapping[str, object], about: Mapping[str, Any], done: Sequence[Mapping[str, object]]
    ) -> None:
        """Make the parts one object; a second try finds no upload where only the answer to the first was lost."""
        from botocore.exceptions import ClientError

        with _explained("ending a large object"):
            try:
                self._client.complete_multipart_upload(**where, MultipartUpload={"Parts": done})
            except ClientError as error:
                found = self._head(str(about["Key"])) if error_code(error) == "NoSuchUpload" else None
                if found is None or found.get("Metadata") != about["Metadata"]:
                    raise

    def _put_part(self, where: Mapping[str, object], number: int, part: bytes) -> dict[str, object]:
        checksum = base64.b64encode(hashlib.sha256(part).digest()).decode()
        with _explained("writing a part of an object"):
            answer = self._client.upload_part(**where, PartNumber=number, Body=part, ChecksumSHA256=checksum)
        return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}

    def _blocks(self, key: str, name: str, block_bytes: int, begun: "_Begun") -> Iterator[bytes]:
        """The content from where `begun` stands, the same version of it."""
        from botocore.exceptions import ClientError

        if begun.size is not None and begun.read >= begun.size:
            return
        with _explained("reading an object"):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=key, **begun.arguments())
            except ClientError as error:
                raise _reading(error, name) from error
        begun.opened(str(answer["ETag"]), int(answer["ContentLength"]))
        with closing(answer["Body"]) as body:
            while True:
                with _explained("reading an object"):
                    block: bytes = body.read(block_bytes)
                if not block:
                    return
                begun.read += len(block)
                yield block


class _Begun:
    """How far a content was read, and of which version."""

    def __init__(self) -> None:
        self.read = 0
        self.size: int | None = None
        self.etag = ""

    def opened(self, etag: str, rest: int) -> None:
        self.etag = etag
        self.size = self.read + rest

    def arguments(self) -> dict[str, str]:
        """What GetObject is asked besides the key."""
        return {"Range": f"bytes={self.read}-", "IfMatch": self.etag} if self.read else {}


def _reading(error: Exception, name: str) -> Exception:
    code = error_code(error)
    if code in _ABSENT:
        return NotFound(f"There is no object {name!r}. List the objects to see their names.")
    if code in ("PreconditionFailed", "412"):
        return StorageFailed(f"The object {name!r} was replaced while it was read. Read it again.")
    return error


def _explained(doing: str) -> "_Explained":
    return _Explained(doing)


class _Explained:
    """`translated`, with what S3 adds: a missing bucket is a broken set-up, and bodies break off in their own way."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._inner = translated(SERVICE, doing, StorageFailed)

    def __enter__(self) -> None:
        self._inner.__enter__()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if error is not None and error_code(error) == "NoSuchBucket":
            raise StorageFailed(f"{SERVICE} failed while {self._doing}: {error} Check `bucket`.") from error
        self._inner.__exit__(kind, error, trace)
