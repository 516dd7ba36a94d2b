"""Is the service alive, and does every part of it really work?"""

import threading
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from rimedio import __version__
from rimedio.lambdas.router import Api

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

TAG = "health"
EXAMINED_FOR_SECONDS = 30.0  # the route is public: an examination a half minute, whoever asks


class Health(StrEnum):
    """How the service, or a part of it, is."""

    OK = "ok"
    DEGRADED = "degraded"


class Alive(BaseModel):
    """That the process answers at all."""

    model_config = ConfigDict(frozen=True)

    status: Health
    version: str


class Check(BaseModel):
    """What one part does when it is tried."""

    model_config = ConfigDict(frozen=True)

    name: str
    status: Health
    detail: str
    latency_ms: float = Field(ge=0)


class Examined(BaseModel):
    """What every part does when it is tried; at most half a minute old."""

    model_config = ConfigDict(frozen=True)

    status: Health
    checks: tuple[Check, ...]


class DeepHealth:
    """Runs the canaries, one examination at a time, and keeps the result for a while."""

    def __init__(self, system: "Rimedio") -> None:
        self._system = system
        self._lock = threading.Lock()
        self._last: Examined | None = None
        self._until = 0.0

    def __call__(self) -> Examined:
        """The last examination, or a new one when that is old."""
        with self._lock:
            now = self._system.clock.monotonic()
            if self._last is None or now >= self._until:
                self._last = _examine(self._system)
                self._until = now + EXAMINED_FOR_SECONDS
            return self._last


def register(api: Api, system: "Rimedio") -> None:
    """Routes of health."""
    deep = DeepHealth(system)

    @api.get("/v1/health", summary="Is the service alive?", tag=TAG)
    def get_health() -> Alive:
        return Alive(status=Health.OK, version=__version__)

    @api.get("/v1/health/deep", summary="Does every part really work?", tag=TAG)
    def get_deep_health() -> Examined:
        return deep()


def _examine(system: "Rimedio") -> Examined:
    from rimedio.health import examine

    checks = tuple(
        Check(
            name=finding.check,
            status=Health.OK if finding.ok else Health.DEGRADED,
            detail=finding.detail.replace(str(system.scratch), "…"),  # paths are nobody's business
            latency_ms=finding.latency_ms,
        )
        for finding in examine(system)
    )
    well = all(check.status is Health.OK for check in checks)
    return Examined(status=Health.OK if well else Health.DEGRADED, checks=checks)
