"""AWS's errors in Rimedio's words, so that nothing above an adapter knows botocore."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rimedio.domain.errors import Forbidden, NotFound, RimedioError, Throttled, Unavailable

THROTTLES = frozenset(
    {
        "ConcurrentModificationException",  # another change of the same thing is under way: later it will do
        "ExecutionLimitExceeded",
        "KmsThrottlingException",
        "LimitExceededException",
        "ModelNotReadyException",
        "OperationAborted",  # S3: a conditional write of the same key is under way
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ServiceQuotaExceededException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
MISSING = frozenset(
    {
        "404",
        "ExecutionDoesNotExist",
        "NoSuchBucket",
        "NoSuchKey",
        "NotFound",
        "NotFoundException",
        "ResourceNotFoundException",
        "StateMachineDoesNotExist",
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
    }
)
REFUSED = frozenset(
    {"AccessDenied", "AccessDeniedException", "AccessDeniedForException", "UnauthorizedOperation"}
)
EXISTS = frozenset({"ConflictException", "ResourceAlreadyExistsException"})
SERVER_ERROR = 500
TURNS = 4  # of one who creates what another removes at the same time


def error_code(error: BaseException) -> str:
    """The code of a botocore ClientError, such as `ThrottlingException`; empty for other errors."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return ""
    found = response.get("Error")
    return str(found.get("Code", "")) if isinstance(found, dict) else ""


@contextmanager
def translated(service: str, doing: str, otherwise: type[RimedioError] = Unavailable) -> Iterator[None]:
    """Raise Throttled, Forbidden, NotFound or Unavailable for what botocore raises; `otherwise` for the rest.

    `doing` completes the sentence "Amazon DynamoDB failed while …". Errors of Rimedio pass as they are.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _kind(error, otherwise)(_message(service, doing, error)) from error
    except BotoCoreError as error:  # no connection, a timeout, a reply cut off: AWS said nothing
        raise Unavailable(_message(service, doing, error)) from error


def create_or_update(create: Callable[[], object], update: Callable[[], object], *, known: bool) -> None:
    """Create something, or update what is there: `known` says how it was a moment ago.

    Who finds that it was made or removed meanwhile does the other. Raises what botocore raises otherwise, and the
    last such error after `TURNS`.
    """
    from botocore.exceptions import ClientError

    for turn in range(TURNS):
        try:
            update() if known else create()
            return
        except ClientError as error:
            code = error_code(error)
            if turn + 1 == TURNS or (code not in MISSING if known else code not in EXISTS):
                raise
        known = not known


def _kind(error: BaseException, otherwise: type[RimedioError]) -> type[RimedioError]:
    code = error_code(error)
    kinds = ((THROTTLES, Throttled), (MISSING, NotFound), (REFUSED, Forbidden))
    for codes, kind in kinds:
        if code in codes:
            return kind
    return Unavailable if _status(error) >= SERVER_ERROR else otherwise


def _status(error: BaseException) -> int:
    response = getattr(error, "response", None)
    found = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    return int(found.get("HTTPStatusCode", 0))


def _message(service: str, doing: str, error: BaseException) -> str:
    return f"{service} failed while {doing}: {error}"
