"""The service's errors, by the names and statuses of its API model (`bedrock-runtime`, `bedrock-agent-runtime`)."""

from collections.abc import Mapping
from typing import ClassVar

from rimedio.domain.errors import RimedioError

STATUS: Mapping[str, int] = {
    "ValidationException": 400,
    "ServiceQuotaExceededException": 400,
    "AccessDeniedException": 403,
    "ResourceNotFoundException": 404,
    "ModelTimeoutException": 408,
    "ConflictException": 409,
    "ModelErrorException": 424,
    "ModelStreamErrorException": 424,
    "DependencyFailedException": 424,
    "ThrottlingException": 429,
    "ModelNotReadyException": 429,
    "InternalServerException": 500,
    "BadGatewayException": 502,
    "ServiceUnavailableException": 503,
}


class ServiceError(RimedioError):
    """What the service would answer: one of the exceptions of its API model, with its HTTP status."""

    name: ClassVar[str] = "InternalServerException"

    def __init__(self, message: str, name: str | None = None) -> None:
        super().__init__(message)
        self.error_name = name or self.name
        self.status = STATUS[self.error_name]


class ValidationError(ServiceError):
    """The request breaks a rule of the API; 400."""

    name = "ValidationException"


class UnknownModel(ServiceError):
    """No such model for this operation; 400, in the service's own words where it has some."""

    name = "ValidationException"


class NotReady(ServiceError):
    """The laptop has no such model built; 429, as the service says of a model that is loading."""

    name = "ModelNotReadyException"
