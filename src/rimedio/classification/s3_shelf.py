"""The registry's versions in a bucket, for functions that have no disk of their own.

    classifiers/registry.json       the pointer: replaced by a conditional write, so two promotions cannot cross
    classifiers/v0001/.claimed      whoever makes it owns the number
    classifiers/v0001/model.bin …   the files, never changed
    classifiers/v0001/.complete     written last: names and SHA-256 of the files; without it there is no version

Source of the conditional writes: PutObject's `If-Match` and `If-None-Match` (412 PreconditionFailed, and 409
ConditionalRequestConflict while another write is under way).
"""

import hashlib
import json
import shutil
import tempfile
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from rimedio.aws import Client, error_code, translated
from rimedio.classification.shelves import ABSENT, REGISTRY_FILE, Alter, Stamp
from rimedio.domain.clock import Clock, Ids, RandomIds
from rimedio.domain.errors import Conflict, NotFound, StorageFailed, Unavailable

PREFIX = "classifiers"
FRESH_SECONDS = 10.0  # so long may a promotion take to be noticed; each question would cost a call otherwise
ATTEMPTS = 5
CLAIMS_MAX = 1000
CHANGE = "change"  # the metadata that tells which change an object is of
_COMPLETE, _CLAIMED = ".complete", ".claimed"
_FASTER = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})
_UNCHANGED = frozenset({"304", "NotModified"})
_ABSENT_CODES = frozenset({"NoSuchKey", "404", "NotFound"})
_SERVICE = "Amazon S3"


@dataclass(frozen=True, slots=True)
class _Seen:
    """The registry's file when it was looked at. `etag` is None where there was none; `change` is who made it."""

    content: bytes | None
    etag: str | None
    at: float
    change: str = ""


class S3Shelf:
    """A prefix of a bucket; what is asked for is copied into `folder` once and checked."""

    def __init__(
        self, client: Client, bucket: str, folder: Path, clock: Clock, *, prefix: str = PREFIX,
        fresh_seconds: float = FRESH_SECONDS, ids: Ids | None = None,
    ) -> None:  # fmt: skip
        self._folder = folder
        self._ids = ids or RandomIds()
        self._client = client
        self._bucket = bucket
        self._clock = clock
        self._prefix = prefix
        self._fresh_seconds = fresh_seconds
        self._seen: _Seen | None = None
        self._lock = threading.RLock()

    @property
    def folder(self) -> Path:
        """The scratch folder; made when it is first asked for, since a function starts without one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    @property
    def name(self) -> str:
        """Where it is, for messages."""
        return f"s3://{self._bucket}/{self._prefix}"

    def read(self) -> bytes | None:
        """The registry's file, or None; at most `fresh_seconds` old. Raises Unavailable, Forbidden."""
        return self._look(self._fresh_seconds).content

    def changing(self) -> AbstractContextManager[object]:
        """Keeps this process's other threads out; other processes are kept out by the conditional write."""
        return self._lock

    def change(self, alter: Alter) -> None:
        """Replace the registry's file. Raises Conflict where others are always faster."""
        change = self._ids.new("change")
        for _ in range(ATTEMPTS):
            seen = self._look(0.0)
            if seen.change == change:
                return  # it was made; only the answer was lost, and the repeated request refused
            content = alter(seen.content)
            condition = {"IfMatch": seen.etag} if seen.etag else {"IfNoneMatch": "*"}
            etag = self._put(REGISTRY_FILE, content, {CHANGE: change}, **condition)
            if etag is not None:
                with self._lock:
                    self._seen = _Seen(content, etag, self._clock.monotonic(), change)
                return
        msg = f"The registry at {self.name} was changed {ATTEMPTS} times at once by others. Try again."
        raise Conflict(msg)

    def claim(self, first: int) -> int:
        """The first number from `first` on that nobody has. Raises Conflict."""
        for number in range(first, first + CLAIMS_MAX):
            if self._put(f"v{number:04d}/{_CLAIMED}", b"", IfNoneMatch="*") is not None:
                return number
        raise Conflict(f"No number of a version is free at {self.name} from {first} on.")

    def keep(self, staged: Path, version: str) -> None:
        """Upload a folder; the list of its files goes last, and only then there is a version."""
        files = sorted(p for p in staged.rglob("*") if p.is_file())
        listed: dict[str, str] = {}
        for path in files:
            content = path.read_bytes()
            relative = path.relative_to(staged).as_posix()
            listed[relative] = hashlib.sha256(content).hexdigest()
            self._put(f"{version}/{relative}", content)
        self._put(f"{version}/{_COMPLETE}", json.dumps(listed, indent=1).encode())

    def path(self, version: str) -> Path:
        """The version's files on this machine, copied at the first question. Raises NotFound, StorageFailed."""
        target = self.folder / version
        with self._lock:
            if not target.is_dir():
                self._copy(version, target)
        return target

    def stamp(self) -> Stamp:
        """Changes when the registry does, noticed after `fresh_seconds` at the latest."""
        etag = self._look(self._fresh_seconds).etag
        if etag is None:
            return ABSENT
        return int.from_bytes(hashlib.sha256(etag.encode()).digest()[:8], "big"), 1

    def inner(self, name: str) -> "S3Shelf":
        """A longer prefix, and a folder inside this one's."""
        return S3Shelf(
            self._client, self._bucket, self._folder / name, self._clock, prefix=f"{self._prefix}/{name}",
            fresh_seconds=self._fresh_seconds, ids=self._ids,
        )  # fmt: skip

    def _copy(self, version: str, target: Path) -> None:
        found = self._get(f"{version}/{_COMPLETE}")
        if found is None:
            raise NotFound(f"The files of classifier {version} are missing at {self.name}.")
        listed: dict[str, str] = json.loads(found)
        scratch = Path(tempfile.mkdtemp(dir=self.folder, prefix=f".{version}-"))
        try:
            for relative, digest in listed.items():
                content = self._get(f"{version}/{relative}")
                if content is None or hashlib.sha256(content).hexdigest() != digest:
                    raise StorageFailed(
                        f"{self.name}/{version}/{relative} is missing or damaged. Restore it."
                    )
                path = scratch / relative
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            scratch.rename(target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _look(self, seconds: float) -> _Seen:
        with self._lock:
            seen, now = self._seen, self._clock.monotonic()
            if seen is not None and now - seen.at < seconds:
                return seen
            try:
                self._seen = self._read(seen, now)
            except Unavailable:
                if seen is None or not seconds:
                    raise
                self._seen = replace(seen, at=now)  # the champion goes on answering while the bucket does not
            return self._seen

    def _read(self, before: _Seen | None, now: float) -> _Seen:
        from botocore.exceptions import ClientError

        known = {"IfNoneMatch": before.etag} if before and before.etag else {}
        key = f"{self._prefix}/{REGISTRY_FILE}"
        with translated(_SERVICE, "reading the classifiers' registry"):
            try:
                found = self._client.get_object(Bucket=self._bucket, Key=key, **known)
                change = str(found.get("Metadata", {}).get(CHANGE, ""))
                return _Seen(found["Body"].read(), str(found["ETag"]), now, change)
            except ClientError as error:
                if error_code(error) in _UNCHANGED and before is not None:
                    return replace(before, at=now)
                if error_code(error) in _ABSENT_CODES:
                    return _Seen(None, None, now)
                raise

    def _get(self, name: str) -> bytes | None:
        from botocore.exceptions import ClientError

        with translated(_SERVICE, "reading a classifier"):
            try:
                found = self._client.get_object(Bucket=self._bucket, Key=f"{self._prefix}/{name}")
                content: bytes = found["Body"].read()
            except ClientError as error:
                if error_code(error) in _ABSENT_CODES:
                    return None
                raise
        return content

    def _put(
        self, name: str, content: bytes, metadata: Mapping[str, str] | None = None, **condition: str
    ) -> str | None:
        """The new object's ETag, or None where the condition did not hold."""
        from botocore.exceptions import ClientError

        with translated(_SERVICE, "keeping a classifier"):
            try:
                key = f"{self._prefix}/{name}"
                made = self._client.put_object(
                    Bucket=self._bucket, Key=key, Body=content, Metadata=dict(metadata or {}), **condition
                )
            except ClientError as error:
                if condition and error_code(error) in _FASTER:
                    return None
                raise
        return str(made["ETag"])
