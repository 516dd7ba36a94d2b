"""One call to DynamoDB: its errors in the port's words, and a patient second try where DynamoDB asks for one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rimedio.aws import Client, error_code, translated
from rimedio.domain.clock import Clock
from rimedio.domain.errors import InvalidInput, StorageFailed, Throttled

SERVICE = "Amazon DynamoDB"
ATTEMPTS_MAX = 8
BACKOFF_SECONDS = 0.05
BACKOFF_SECONDS_MAX = 2.0
CONFLICT = "TransactionConflictException"
CANCELED = "TransactionCanceledException"
CONDITION = "ConditionalCheckFailedException"
_INVALID = frozenset(
    {"ValidationException", "ItemCollectionSizeLimitExceededException", "SerializationException"}
)
_PASSING = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "TransactionInProgress"}
)
_IN_PROGRESS = "TransactionInProgressException"
_REPLICATED = (
    "ReplicatedWriteConflictException"  # another region writes the item of a strongly consistent table
)
_REFUSED = "ConditionalCheckFailed"
Response = dict[str, Any]  # JSON of DynamoDB's API


class Refused(Exception):
    """A condition did not hold.

    `items` are the stored items by the position of their action, as far as DynamoDB showed them; `unsure` when
    botocore had sent the request more than once: the first one may have been carried out, its answer lost.
    """

    def __init__(self, failed: tuple[int, ...], items: Mapping[int, Response], *, unsure: bool) -> None:
        super().__init__("a condition did not hold")
        self.failed = failed
        self.items = items
        self.unsure = unsure


class DynamoDbCalls:
    """Calls operations of a client. `jitter` gives numbers from 0 to 1."""

    def __init__(self, client: Client, clock: Clock, jitter: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._jitter = jitter

    def call(self, operation: str, doing: str, **arguments: object) -> Response:
        """What the operation (`get_item`) answers.

        Waits and repeats while another transaction works on the item. Raises Refused, InvalidInput,
        StorageFailed, Throttled or Unavailable.
        """
        attempt = 0
        while True:
            try:
                return self._once(operation, doing, arguments)
            except _Passing as passing:
                attempt += 1
                if attempt >= ATTEMPTS_MAX:
                    raise Throttled(str(passing)) from passing.__cause__
                self.wait(attempt)

    def wait(self, attempt: int) -> None:
        """Wait before another try: full jitter under a bound that doubles from 50 ms to 2 s."""
        bound = min(BACKOFF_SECONDS_MAX, BACKOFF_SECONDS * 2**attempt)
        self._clock.sleep(bound * self._jitter())

    def _once(self, operation: str, doing: str, arguments: Mapping[str, object]) -> Response:
        from botocore.exceptions import ClientError, ParamValidationError

        with translated(SERVICE, doing, StorageFailed):
            try:
                answer: Response = getattr(self._client, operation)(**arguments)
            except ClientError as error:
                if (explained := _explained(error, doing)) is not None:
                    raise explained from error
                raise
            except ParamValidationError as error:
                raise InvalidInput(f"{SERVICE} cannot take this while {doing}: {error}") from error
        return answer


class _Passing(Exception):
    """Another transaction holds the item, or a transaction was throttled: soon it will be otherwise."""


def _explained(error: Any, doing: str) -> Exception | None:
    """The exception that a ClientError means; None where `translated` knows it."""
    code, response = error_code(error), error.response
    message = f"{SERVICE} failed while {doing}: {error}"
    unsure = int(response.get("ResponseMetadata", {}).get("RetryAttempts", 0)) > 0
    if code == CONDITION:
        item = response.get("Item")
        return Refused((0,), {} if item is None else {0: item}, unsure=unsure)
    if code == CANCELED:
        return _canceled(response.get("CancellationReasons", []), message, unsure)
    if code in (CONFLICT, _IN_PROGRESS, _REPLICATED):
        return _Passing(message)
    if code in _INVALID:
        return InvalidInput(f"{SERVICE} refuses this while {doing}: {_detail(response)}")
    if code == "ResourceNotFoundException":
        return StorageFailed(f"{message} Is the table's name right, and is it in this region?")
    return None


def _canceled(reasons: Sequence[Response], message: str, unsure: bool) -> Exception:
    codes = [str(reason.get("Code", "None")) for reason in reasons]
    if any(code in _PASSING for code in codes):
        return _Passing(message)
    if _REFUSED in codes:
        failed = tuple(place for place, code in enumerate(codes) if code == _REFUSED)
        items = {place: reasons[place]["Item"] for place in failed if reasons[place].get("Item")}
        return Refused(failed, items, unsure=unsure)
    said = "; ".join(str(reason.get("Message")) for reason in reasons if reason.get("Message"))
    if set(codes) <= {"None", "ValidationError", "ItemCollectionSizeLimitExceeded"}:
        return InvalidInput(f"{SERVICE} refuses this transaction: {said or message}")
    return StorageFailed(message)


def _detail(response: Response) -> str:
    return str(response.get("Error", {}).get("Message", "no reason was given"))
