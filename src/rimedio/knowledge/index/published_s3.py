"""The shelf of published indexes in S3: the manifest moves by conditional writes (`If-Match`, `If-None-Match`)."""

from collections.abc import Iterator
from pathlib import Path

from rimedio.aws import Client, error_code, translated
from rimedio.domain.errors import ConditionFailed, NotFound, Unavailable

SERVICE = "Amazon S3"
PREFIX = "knowledge"
BLOCK = 1024 * 1024
LOST_RACE = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})


class S3Shelf:
    """A `Shelf` below `prefix` of a bucket; the bucket's own encryption and lifecycle rules apply."""

    def __init__(self, client: Client, bucket: str, prefix: str = PREFIX) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def read(self, name: str) -> tuple[bytes, str] | None:
        """A small file and its ETag, or None."""
        try:
            with translated(SERVICE, f"reading {name}"):
                reply = self._client.get_object(**self._place(name))
                with reply["Body"] as body:
                    return body.read(), str(reply["ETag"])
        except NotFound:
            return None

    def stream(self, name: str) -> Iterator[bytes]:
        """A large file in blocks. Raises NotFound, and Unavailable when it breaks off."""
        with translated(SERVICE, f"downloading {name}"):
            reply = self._client.get_object(**self._place(name))
            left = int(reply["ContentLength"])
            with reply["Body"] as body:
                while block := body.read(BLOCK):
                    left -= len(block)
                    yield block
        if left:
            raise Unavailable(f"{SERVICE} broke off {left} bytes before the end of {name}. Try again.")

    def put(self, name: str, path: Path) -> None:
        """Store a file of up to 5 GB under a name that nobody used before."""
        with path.open("rb") as file, translated(SERVICE, f"uploading {name}"):
            self._client.put_object(**self._place(name), Body=file)

    def swap(self, name: str, content: bytes, expected: str | None) -> str:
        """Store a small file where its ETag still is `expected`. Raises ConditionFailed."""
        from botocore.exceptions import ClientError

        condition = {"IfMatch": expected} if expected else {"IfNoneMatch": "*"}
        with translated(SERVICE, f"publishing {name}"):
            try:
                reply = self._client.put_object(**self._place(name), Body=content, **condition)
            except ClientError as error:
                if error_code(error) not in LOST_RACE:
                    raise
                msg = f"Another writer published {name} first. Begin again from its version."
                raise ConditionFailed(msg) from error
        return str(reply["ETag"])

    def delete(self, name: str) -> None:
        """Remove a file; nothing happens when it is absent."""
        with translated(SERVICE, f"deleting {name}"):
            self._client.delete_object(**self._place(name))

    def list(self, prefix: str) -> list[str]:
        """Names that begin with `prefix`."""
        found: list[str] = []
        wanted = f"{self._prefix}/{prefix}"
        with translated(SERVICE, "listing versions"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=wanted)
            for page in pages:
                found += [entry["Key"].removeprefix(f"{self._prefix}/") for entry in page.get("Contents", ())]
        return found

    def _place(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}/{name}"}
