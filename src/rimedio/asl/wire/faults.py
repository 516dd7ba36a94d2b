"""What goes wrong with a request, under the names and in the words that Step Functions gives it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rimedio.asl.errors import (
    ActivityDoesNotExist,
    AslError,
    ExecutionAlreadyExists,
    ExecutionDoesNotExist,
    InvalidDefinition,
    InvalidInput,
    InvalidToken,
    NotRedrivable,
    StateMachineDoesNotExist,
    TaskTimedOut,
)
from rimedio.asl.jsontext import JSON

BAD_REQUEST = 400
KNOWN: dict[type[AslError], tuple[str, str]] = {  # name, message; members of the request stand in braces
    ActivityDoesNotExist: ("ActivityDoesNotExist", "Activity Does Not Exist: '{activityArn}'"),
    ExecutionAlreadyExists: ("ExecutionAlreadyExists", "Execution Already Exists: '{error.execution_id}'"),
    ExecutionDoesNotExist: ("ExecutionDoesNotExist", "Execution Does Not Exist: '{executionArn}'"),
    InvalidDefinition: ("InvalidDefinition", "Invalid State Machine Definition: '{findings}'"),
    InvalidInput: ("InvalidExecutionInput", "Invalid State Machine Execution Input: '{error}'"),
    InvalidToken: ("InvalidToken", "Invalid Token: 'Invalid token'"),
    NotRedrivable: ("ExecutionNotRedrivable", "{error}"),
    StateMachineDoesNotExist: (
        "StateMachineDoesNotExist",
        "State Machine Does Not Exist: '{stateMachineArn}'",
    ),
    TaskTimedOut: ("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'"),
}


class Fault(Exception):
    """An answer other than 200: the exception's name, its message, and for some a reason."""

    def __init__(self, name: str, message: str, status: int = BAD_REQUEST, reason: str | None = None) -> None:
        super().__init__(message)
        self.name = name
        self.status = status
        self.reason = reason

    @property
    def body(self) -> JSON:
        """As it is sent."""
        told: dict[str, JSON] = {"__type": self.name, "message": str(self)}
        return told | ({"reason": self.reason} if self.reason else {})


def invalid(message: str, count: int = 1) -> Fault:
    """A ValidationException about a request's members, worded as AWS's."""
    errors = "error" if count == 1 else "errors"
    return Fault("ValidationException", f"{count} validation {errors} detected: {message}")


@contextmanager
def faults(request: Mapping[str, JSON]) -> Iterator[None]:
    """Raise the engine's errors about a request as Faults."""
    try:
        yield
    except AslError as error:
        found = (told for kind, told in KNOWN.items() if isinstance(error, kind))
        name, message = next(found, ("ValidationException", "{error}"))
        findings = ", ".join(map(str, getattr(error, "diagnostics", ())))
        told = str(error)
        values = defaultdict(lambda: told, {**request, "error": error, "findings": findings})
        raise Fault(name, message.format_map(values)) from error
