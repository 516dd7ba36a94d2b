"""What AWS says about one call of a function: which one it is, and how long it may still last."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

Event: TypeAlias = Mapping[str, Any]

RESERVE_MS = 3000  # kept back to write logs and measurements, and to hand back what is not done


class LambdaContext(Protocol):
    """The part of the runtime's context object that is used.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    @property
    def aws_request_id(self) -> str:
        """Which call this is; a retry of an asynchronous call has the same."""
        ...

    @property
    def function_name(self) -> str:
        """The deployed function."""
        ...

    @property
    def memory_limit_in_mb(self) -> int | str:
        """What it was given."""
        ...

    @property
    def invoked_function_arn(self) -> str:
        """With the alias or version that was called."""
        ...

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until AWS ends the call."""
        ...


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call. A function asks `has_time` before each piece of work, and hands back what it cannot finish."""

    context: LambdaContext
    reserve_ms: int = RESERVE_MS

    @property
    def request_id(self) -> str:
        """Which call this is."""
        return self.context.aws_request_id

    @property
    def seconds_left(self) -> float:
        """Until the reserve begins; 0 when it has begun."""
        return max(0.0, (self.context.get_remaining_time_in_millis() - self.reserve_ms) / 1000)

    @property
    def has_time(self) -> bool:
        """Whether another piece of work may begin."""
        return self.seconds_left > 0


@dataclass
class FakeContext:
    """A context for tests and for calls at home: `remaining_ms` stays as it is set."""

    aws_request_id: str = "00000000-0000-4000-8000-000000000001"
    function_name: str = "rimedio-dev-function"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-south-1:000000000000:function:rimedio-dev-function:live"
    remaining_ms: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        """What `remaining_ms` says."""
        return self.remaining_ms
