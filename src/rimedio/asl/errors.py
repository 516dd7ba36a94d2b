"""Everything that can go wrong in the engine.

AslError
├── StatesError            an execution's own failure: an error name such as `States.Timeout`, and a cause
│   └── TaskFailed         raised by a task handler to fail with a name of its choice
├── InvalidDefinition      the state machine does not pass `validate`; carries the diagnostics
├── InvalidInput           an input that is not JSON, or too large
├── ExecutionAlreadyExists the name is taken by a closed execution or one with another input
├── ExecutionDoesNotExist
├── StateMachineDoesNotExist
├── ActivityDoesNotExist
├── InvalidToken           no task waits for this token
├── TaskTimedOut           the task that waited for this token is over
├── JournalUnusable        the file is no journal, or a newer release wrote it
└── NotRedrivable          the execution has not failed, or is no longer there to repeat
"""

from collections.abc import Sequence
from dataclasses import dataclass


class AslError(Exception):
    """Base of all errors of this package."""


class StatesError(AslError):
    """An execution's failure, as AWS reports it: `error` is the name that Retry and Catch match."""

    def __init__(self, error: str | None, cause: str | None = None) -> None:
        super().__init__(f"{error}: {cause}" if cause else str(error))
        self.error = error
        self.cause = cause
        self.location: str | None = None


class TaskFailed(StatesError):
    """A task handler fails with this error name and cause."""


class PathNotFound(StatesError):
    """A JSONPath found nothing where a value is required."""


@dataclass(frozen=True)
class Diagnostic:
    """One finding of `validate`: AWS's code, a message, and a JSON pointer into the definition, where there is one."""

    code: str
    message: str
    location: str | None
    severity: str = "ERROR"

    def __str__(self) -> str:
        return f"{self.code}: {self.message} at {'null' if self.location is None else self.location or '/'}"


class InvalidDefinition(AslError):
    """The state machine definition does not pass validation."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(f"Invalid State Machine Definition: '{', '.join(map(str, diagnostics))}'")
        self.diagnostics = tuple(diagnostics)


class InvalidInput(AslError):
    """An execution input, a task output or a heartbeat that is not JSON or exceeds 262,144 bytes."""


class ExecutionAlreadyExists(AslError):
    """The name is taken."""

    def __init__(self, execution_id: str) -> None:
        super().__init__(
            f"Execution already exists: {execution_id}. Use another name, or describe the one that exists."
        )
        self.execution_id = execution_id


class ExecutionDoesNotExist(AslError):
    """No execution has this id."""


class StateMachineDoesNotExist(AslError):
    """No state machine, version or alias has this name."""


class ActivityDoesNotExist(AslError):
    """No activity has this ARN."""


class InvalidToken(AslError):
    """No task waits for this token."""


class TaskTimedOut(AslError):
    """The task is over: it timed out, was answered already, or its execution was stopped."""


class JournalUnusable(AslError):
    """A file that is no journal, or one of a newer release."""


class NotRedrivable(AslError):
    """Only an execution that failed, timed out or was aborted can be redriven."""
