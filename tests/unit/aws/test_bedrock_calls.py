"""Which failures of Bedrock are tried again, when, and how often."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from urllib3.exceptions import ProtocolError

from rimedio.aws.bedrock_calls import CallFailure, FailedAttempt, Fate, Retries, RetryPolicy, failure_of
from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import GenerationFailed, ModelUnavailable, Throttled

POLICY = RetryPolicy(attempts=3, base_seconds=1.0, cap_seconds=8.0, budget_seconds=20.0)


def refused(code: str, status: int = 400, headers: dict[str, str] | None = None) -> ClientError:
    meta = {"HTTPStatusCode": status, "HTTPHeaders": headers or {}}
    return ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": meta}, "Converse")  # type: ignore[arg-type]


class Server:
    """Raises its errors in order, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def retries(clock: FakeClock, chance: float = 0.5, policy: RetryPolicy = POLICY) -> Retries:
    return Retries(clock, policy, lambda: chance)


@pytest.mark.parametrize(
    ("error", "fate"),
    [
        (refused("ThrottlingException", 429), Fate.THROTTLED),
        (refused("throttlingException"), Fate.THROTTLED),
        (refused("ModelNotReadyException", 429), Fate.THROTTLED),
        (refused("InternalServerException", 500), Fate.FAILED),
        (refused("internalServerException"), Fate.FAILED),
        (refused("serviceUnavailableException"), Fate.FAILED),
        (refused("ModelTimeoutException", 408), Fate.FAILED),
        (refused("modelStreamErrorException"), Fate.FAILED),
        (refused("ModelErrorException", 424), Fate.FAILED),
        (refused("ValidationException"), Fate.REFUSED),
        (refused("AccessDeniedException", 403), Fate.REFUSED),
        (refused("ServiceQuotaExceededException"), Fate.REFUSED),
        (ReadTimeoutError(endpoint_url="http://x"), Fate.UNANSWERED),
        (ConnectionClosedError(endpoint_url="http://x"), Fate.UNANSWERED),
        (ProtocolError("broken"), Fate.UNANSWERED),
        (ConnectionResetError("gone"), Fate.UNANSWERED),
        (ConnectTimeoutError(endpoint_url="http://x"), Fate.UNSENT),
        (NoCredentialsError(), Fate.REFUSED),
        (ParamValidationError(report="wrong"), Fate.REFUSED),
    ],
)
def test_every_failure_says_what_became_of_the_call(error: Exception, fate: Fate) -> None:
    failure = failure_of(error)

    assert failure is not None
    assert failure.fate is fate


def test_an_error_of_our_own_making_is_no_failed_call() -> None:
    server = Server(ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        retries(FakeClock()).call("it", server)
    assert server.calls == 1


def test_a_throttled_call_is_tried_again_after_a_wait_that_chance_shortens() -> None:
    clock = FakeClock()
    server = Server(refused("ThrottlingException", 429), refused("ThrottlingException", 429))
    started = clock.monotonic()

    assert retries(clock, chance=0.5).call("it", server) == "answer"
    assert clock.monotonic() - started == pytest.approx(0.5 * 1 + 0.5 * 2)


def test_the_server_s_own_wish_to_wait_is_kept_even_if_chance_says_less() -> None:
    clock = FakeClock()
    started = clock.monotonic()
    retries(clock, chance=0.0).call("it", Server(refused("ThrottlingException", 429, {"retry-after": "7"})))

    assert clock.monotonic() - started == pytest.approx(7)


def test_after_the_last_attempt_the_error_says_how_often_it_was_tried() -> None:
    server = Server(*[refused("ThrottlingException", 429)] * 9)

    with pytest.raises(Throttled, match="3 attempts"):
        retries(FakeClock()).call("it", server)
    assert server.calls == 3


def test_no_wait_begins_that_would_end_past_the_budget_of_time() -> None:
    clock = FakeClock()
    server = Server(*[refused("ThrottlingException", 429, {"retry-after": "15"})] * 9)

    with pytest.raises(Throttled):
        retries(clock).call("it", server)
    assert server.calls == 2  # 15 s fit into 20, 30 do not


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ValidationException", GenerationFailed),
        ("AccessDeniedException", ModelUnavailable),
        ("ResourceNotFoundException", ModelUnavailable),
        ("ServiceQuotaExceededException", Throttled),
    ],
)
def test_what_is_wrong_in_itself_is_asked_once(code: str, kind: type[Exception]) -> None:
    server = Server(refused(code))

    with pytest.raises(kind):
        retries(FakeClock()).call("it", server)
    assert server.calls == 1


def test_a_call_that_may_have_run_is_not_repeated_unless_it_may_run_twice() -> None:
    twice, once = Server(ReadTimeoutError(endpoint_url="x")), Server(ReadTimeoutError(endpoint_url="x"))

    assert retries(FakeClock()).call("it", twice, idempotent=True) == "answer"
    with pytest.raises(ModelUnavailable):
        retries(FakeClock()).call("it", once, idempotent=False)
    assert (twice.calls, once.calls) == (2, 1)


def test_a_call_that_never_left_is_repeated_whatever_it_does() -> None:
    server = Server(ConnectTimeoutError(endpoint_url="x"))

    assert retries(FakeClock()).call("it", server, idempotent=False) == "answer"


def test_every_failed_attempt_is_told_once_the_last_one_too() -> None:
    heard: list[FailedAttempt] = []
    server = Server(*[refused("InternalServerException", 500)] * 9)

    with pytest.raises(ModelUnavailable):
        retries(FakeClock()).call("it", server, on_failure=heard.append)
    assert [attempt.number for attempt in heard] == [1, 2, 3]
    assert {attempt.failure.fate for attempt in heard} == {Fate.FAILED}


def test_waits_never_pass_their_cap() -> None:
    assert POLICY.wait(30, 0, lambda: 0.999) < 8


def test_a_message_tells_what_to_do_next() -> None:
    said = str(CallFailure(Fate.REFUSED, "AccessDeniedException", "denied").error("Converse with m"))

    assert "Converse with m" in said
    assert "enable it in this region" in said
