"""Calls to Bedrock that fail: what a failure says about the call, and when it is tried again.

botocore's own retries are off for these calls (`attempts=1`): two layers of retries would multiply, and only
this one knows whether a call may have been executed, and so paid for, although no answer came.

    unsent      never left this machine                               tried again
    throttled   turned away before any work, 429                      tried again, never sooner than Retry-After
    failed      the server says that it failed, 5xx, 408, 424         tried again
    unanswered  sent, and then silence: a timeout, a broken line      tried again if the step is idempotent
    refused     wrong in itself: 400, 403, 404, no credentials        never tried again
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from rimedio.aws.failures import MISSING, REFUSED, THROTTLES, error_code
from rimedio.domain.clock import Clock
from rimedio.domain.errors import GenerationFailed, ModelUnavailable, RimedioError, Throttled

T = TypeVar("T")
Randomness = Callable[[], float]  # 0 ≤ x < 1
# The system's own: a generator seeded before a snapshot would make every restored function wait alike.
system_randomness: Randomness = random.SystemRandom().random
QUOTA = "ServiceQuotaExceededException"
INVALID = "ValidationException"
RETRY_AFTER_SECONDS_MAX = 60.0
MESSAGE_CHARS_MAX = 300
_FAILED_CODES = frozenset({"ModelTimeoutException", "ModelErrorException", "ModelStreamErrorException"})
_THROTTLED_STATUS, _SERVER_STATUS = 429, 500


class Fate(StrEnum):
    """What became of a call that gave no answer."""

    UNSENT = "unsent"
    THROTTLED = "throttled"
    FAILED = "failed"
    UNANSWERED = "unanswered"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class CallFailure:
    """A failed call. `retry_after_seconds` is what the server asks for, 0 if it asks for nothing."""

    fate: Fate
    code: str
    message: str
    retry_after_seconds: float = 0.0

    def error(self, doing: str) -> RimedioError:
        """The failure in the words of Rimedio's tree; `doing` is what was asked, such as "Converse with m"."""
        said = f"Bedrock did not answer {doing}: {self.code}: {self.message}".rstrip(": .")
        if self.fate is Fate.THROTTLED or self.code == QUOTA:
            return Throttled(f"{said}. Ask later, or have the quota of this model raised.")
        if self.code in REFUSED:
            return ModelUnavailable(f"{said}. Let the role invoke this model, and enable it in this region.")
        if self.code in MISSING:
            return ModelUnavailable(f"{said}. Check the model's id and that this region has it.")
        if self.fate is Fate.REFUSED:
            return GenerationFailed(f"{said}. Check the request against the model's limits.")
        return ModelUnavailable(f"{said}. Look at the service's health; another model may answer.")


def failure_of(error: BaseException) -> CallFailure | None:
    """What `error`, raised by botocore or by the connection under it, says of the call; None for other errors."""
    from botocore.eventstream import ParserError
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError as BrokenLine

    if isinstance(error, ClientError):
        return _answered(error)
    if isinstance(error, BotoCoreError):
        return CallFailure(_fate_of_line(error), type(error).__name__, _short(error))
    if isinstance(
        error, BrokenLine | OSError | ParserError | ResponseParserError
    ):  # an answer, but in pieces
        return CallFailure(Fate.UNANSWERED, type(error).__name__, _short(error))
    return None


def _answered(error: BaseException) -> CallFailure:
    """A failure that the server itself tells; in an event stream the code begins with a small letter."""
    code = error_code(error)
    code = code[:1].upper() + code[1:]
    response = getattr(error, "response", {})
    meta = response.get("ResponseMetadata") or {}
    status = int(meta.get("HTTPStatusCode") or 0)
    message = " ".join(str((response.get("Error") or {}).get("Message", "")).split())[:MESSAGE_CHARS_MAX]
    if code == QUOTA:
        fate = Fate.REFUSED
    elif code in THROTTLES or status == _THROTTLED_STATUS:
        fate = Fate.THROTTLED
    elif code in _FAILED_CODES or status >= _SERVER_STATUS or code.startswith(("Internal", "ServiceUnav")):
        fate = Fate.FAILED
    else:
        fate = Fate.REFUSED
    return CallFailure(fate, code, message, _seconds((meta.get("HTTPHeaders") or {}).get("retry-after")))


def _fate_of_line(error: BaseException) -> Fate:
    from botocore import exceptions as raised

    if isinstance(error, raised.HTTPClientError | raised.IncompleteReadError):
        return Fate.UNANSWERED
    return Fate.UNSENT if isinstance(error, raised.ConnectionError) else Fate.REFUSED


def _seconds(header: object) -> float:
    try:
        return min(RETRY_AFTER_SECONDS_MAX, max(0.0, float(str(header))))
    except ValueError:  # absent, or an HTTP date, which Bedrock does not send
        return 0.0


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:MESSAGE_CHARS_MAX]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, how long. Waits follow "full jitter": uniform between 0 and min(cap, base x 2^n)
    (AWS Architecture Blog, "Exponential Backoff And Jitter"). No wait begins that would end past the budget."""

    attempts: int = 4
    base_seconds: float = 0.25
    cap_seconds: float = 4.0
    budget_seconds: float = 30.0

    def wait(self, failed: int, retry_after_seconds: float, randomness: Randomness) -> float:
        """Seconds before the next attempt, after `failed` of them."""
        jitter = randomness() * min(self.cap_seconds, self.base_seconds * 2.0 ** (failed - 1))
        return max(jitter, retry_after_seconds)


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """One attempt that gave no answer: which one, from 1, how it ended, how long it took."""

    number: int
    failure: CallFailure
    seconds: float


def _nobody(_: FailedAttempt) -> None:
    """Nobody wants to know."""


class Retries:
    """Sends calls until they are answered or not worth another try. Safe to share between threads."""

    def __init__(
        self, clock: Clock, policy: RetryPolicy | None = None, randomness: Randomness = system_randomness
    ) -> None:
        self.policy = policy or RetryPolicy()
        self.clock = clock
        self.randomness = randomness

    def call(
        self,
        doing: str,
        send: Callable[[], T],
        *,
        idempotent: bool = True,
        on_failure: Callable[[FailedAttempt], None] = _nobody,
    ) -> T:
        """What `send` returns. Raises Throttled, ModelUnavailable, GenerationFailed when it is given up, and
        Rimedio's own errors out of `send` as they are.

        `on_failure` hears of every attempt that failed, the last one too, before anything is raised.
        """
        trial = self.trial(doing, idempotent=idempotent, on_failure=on_failure)
        while True:
            try:
                return send()
            except Exception as error:
                trial.failed(error)

    def trial(
        self,
        doing: str,
        *,
        idempotent: bool = True,
        on_failure: Callable[[FailedAttempt], None] = _nobody,
    ) -> "Trial":
        """The attempts at one call, for calls that are no single function, such as streams."""
        return Trial(self, doing, on_failure, idempotent=idempotent)


class Trial:
    """The attempts at one call."""

    def __init__(
        self, retries: Retries, doing: str, on_failure: Callable[[FailedAttempt], None], *, idempotent: bool
    ) -> None:
        self._retries = retries
        self._doing = doing
        self._on_failure = on_failure
        self._idempotent = idempotent
        self._number = 0
        self._started = self._begun = retries.clock.monotonic()

    def failed(self, error: Exception) -> None:
        """Wait for the next attempt, or raise what the last one came to."""
        failure = None if isinstance(error, RimedioError) else failure_of(error)
        if failure is None:
            raise error
        clock, policy = self._retries.clock, self._retries.policy
        self._number += 1
        self._on_failure(FailedAttempt(self._number, failure, clock.monotonic() - self._begun))
        hopeless = failure.fate is Fate.REFUSED or (failure.fate is Fate.UNANSWERED and not self._idempotent)
        wait = policy.wait(self._number, failure.retry_after_seconds, self._retries.randomness)
        late = clock.monotonic() - self._started + wait > policy.budget_seconds
        if hopeless or late or self._number >= policy.attempts:
            tried = f"{self._doing} ({self._number} attempts)" if self._number > 1 else self._doing
            raise failure.error(tried) from error
        clock.sleep(wait)
        self._begun = clock.monotonic()
