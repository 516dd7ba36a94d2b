"""What goes wrong with a request, under the names that Step Functions gives it."""

from collections.abc import Iterator
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

BAD_REQUEST = 400
NAMES: dict[type[AslError], str] = {
    ActivityDoesNotExist: "ActivityDoesNotExist",
    ExecutionAlreadyExists: "ExecutionAlreadyExists",
    ExecutionDoesNotExist: "ExecutionDoesNotExist",
    InvalidDefinition: "InvalidDefinition",
    InvalidInput: "InvalidExecutionInput",
    InvalidToken: "InvalidToken",
    NotRedrivable: "ExecutionNotRedrivable",
    StateMachineDoesNotExist: "StateMachineDoesNotExist",
    TaskTimedOut: "TaskTimedOut",
}


class Fault(Exception):
    """An answer other than 200: the exception's name and its message."""

    def __init__(self, name: str, message: str, status: int = BAD_REQUEST) -> None:
        super().__init__(message)
        self.name = name
        self.status = status


@contextmanager
def faults() -> Iterator[None]:
    """Raise the engine's errors as Faults."""
    try:
        yield
    except AslError as error:
        name = next((name for kind, name in NAMES.items() if isinstance(error, kind)), "ValidationException")
        raise Fault(name, str(error)) from error
