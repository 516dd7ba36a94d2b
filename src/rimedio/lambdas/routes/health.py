"""Is the service alive, and does every part of it really work?"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from rimedio import __version__
from rimedio.bootstrap import Rimedio
from rimedio.lambdas.router import Api

TAG = "health"


class Health(StrEnum):
    """How the service is."""

    OK = "ok"
    DEGRADED = "degraded"


class Alive(BaseModel):
    """That the process answers at all."""

    model_config = ConfigDict(frozen=True)

    status: Health
    version: str


def register(api: Api, system: Rimedio) -> None:
    """Routes of health."""

    @api.get("/v1/health", summary="Is the service alive?", tag=TAG)
    def get_health() -> Alive:
        return Alive(status=Health.OK, version=__version__)
