"""Reads a secret of Secrets Manager and keeps it for a while.

While a secret is rotated, two versions count: AWSCURRENT, and AWSPREVIOUS for whoever is a moment behind. Who finds
that the version at hand no longer works asks for a fresh one, at most every `AGAIN_SECONDS`.
"""

import threading
from dataclasses import dataclass

from rimedio.aws import Client, translated
from rimedio.domain.clock import Clock
from rimedio.domain.errors import NotFound, RimedioError

SERVICE = "AWS Secrets Manager"
FRESH_SECONDS = 300.0
AGAIN_SECONDS = 10.0
CURRENT, PREVIOUS, PENDING = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """One version of a secret."""

    version_id: str
    text: str

    def __repr__(self) -> str:
        return f"SecretVersion({self.version_id}, …)"


class SecretReader:
    """One secret. Thread-safe; an outage shorter than what it keeps goes unnoticed."""

    def __init__(
        self, client: Client, secret: str, clock: Clock, *, fresh_seconds: float = FRESH_SECONDS
    ) -> None:
        self._client = client
        self.secret = secret
        self._clock = clock
        self._fresh_seconds = fresh_seconds
        self._lock = threading.Lock()
        self._held: SecretVersion | None = None
        self._read_at = float("-inf")

    def current(self, *, fresh: bool = False) -> SecretVersion:
        """The current version. `fresh` asks again also before time. Raises NotFound, Forbidden, Unavailable."""
        with self._lock:
            age = self._clock.monotonic() - self._read_at
            if self._held is not None and age < (AGAIN_SECONDS if fresh else self._fresh_seconds):
                return self._held
            try:
                found = read_secret(self._client, self.secret, CURRENT)
            except RimedioError:
                if self._held is None:
                    raise
                return self._held
            self._held, self._read_at = found, self._clock.monotonic()
            return found

    def previous(self) -> SecretVersion | None:
        """The version before the current one, which others may still use; None when there is none."""
        try:
            return read_secret(self._client, self.secret, PREVIOUS)
        except NotFound:
            return None


def read_secret(client: Client, secret: str, stage: str, version: str | None = None) -> SecretVersion:
    """A version by its stage. Raises NotFound when there is none."""
    more = {} if version is None else {"VersionId": version}
    with translated(SERVICE, f"reading the secret {secret}"):
        found = client.get_secret_value(SecretId=secret, VersionStage=stage, **more)
    return SecretVersion(found["VersionId"], found["SecretString"])
