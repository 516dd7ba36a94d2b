"""Every error that Rimedio raises on purpose.

    RimedioError
    ├── InvalidInput            the caller sent something that cannot be accepted
    │   ├── InvalidTicket
    │   ├── InvalidDocument     empty, binary, password-protected, too large, no text
    │   ├── InvalidSetting
    │   └── UnknownCursor       a list has no such place; the API says NOT_FOUND
    ├── NotFound
    ├── Conflict                the thing exists, but not in the state that was expected
    │   ├── ConditionFailed     a conditional write found another value
    │   └── IllegalMove         a ticket cannot go from this status to that one
    ├── Unauthorized            nobody knows who asks: no token, or one that does not count
    ├── PolicyRefused           a guardrail or a budget says no
    │   ├── BudgetReached       the month's money is spent or put aside
    │   └── Forbidden           the one who asks may not do this
    ├── Unavailable             a part is missing or broken now; the same call may work later
    │   ├── ModelUnavailable
    │   ├── GenerationFailed
    │   └── Throttled
    └── StorageFailed
        ├── DataFolderLocked    another process works on the same data folder
        ├── DatabaseCorrupt
        └── DiskFull

A message names what was wrong, with which value, and what to do next.
"""

from typing import ClassVar


class RimedioError(Exception):
    """Base of the tree. `code` is the API's error code, `exit_code` what the command line ends with."""

    code: ClassVar[str] = "INTERNAL_ERROR"
    exit_code: ClassVar[int] = 1


class InvalidInput(RimedioError):
    """The caller sent something that cannot be accepted."""

    code = "VALIDATION_ERROR"
    exit_code = 2


class InvalidTicket(InvalidInput):
    """A ticket breaks a rule of the domain."""


class InvalidDocument(InvalidInput):
    """A file cannot become knowledge: empty, binary, password-protected, too large, or without text."""


class InvalidSetting(InvalidInput):
    """A setting has a value that its rule refuses."""


class UnknownCursor(InvalidInput):
    """A cursor of another list, or a damaged one: behind it there is no page."""

    code = "NOT_FOUND"


class NotFound(RimedioError):
    """Nothing is stored under that name."""

    code = "NOT_FOUND"
    exit_code = 3


class Conflict(RimedioError):
    """The thing exists, but not in the state that was expected."""

    code = "CONFLICT"
    exit_code = 4


class ConditionFailed(Conflict):
    """A conditional write found another value than the one it asked for.

    `failed` holds the positions, from 0, of the actions of a transaction that were refused.
    """

    def __init__(self, message: str, failed: tuple[int, ...] = ()) -> None:
        super().__init__(message)
        self.failed = failed


class IllegalMove(Conflict):
    """A ticket cannot go from its status to the one asked for."""


class Unauthorized(RimedioError):
    """Nobody knows who asks: there is no token, or one that does not count."""

    code = "UNAUTHORIZED"
    exit_code = 5


class PolicyRefused(RimedioError):
    """A guardrail or a budget says no."""

    code = "FORBIDDEN"
    exit_code = 5


class Forbidden(PolicyRefused):
    """The one who asks may not do this."""


class BudgetReached(PolicyRefused):
    """The month's money is spent or put aside for calls under way; a cheaper way, or a person, goes on."""


class Unavailable(RimedioError):
    """A part is missing or broken now; the same call may work later."""

    code = "SERVICE_UNAVAILABLE"
    exit_code = 6


class ModelUnavailable(Unavailable):
    """A model file or endpoint is missing or does not answer."""


class GenerationFailed(Unavailable):
    """A generator gave no usable draft."""


class Throttled(Unavailable):
    """A model or service asks to slow down; retry with backoff."""

    code = "RATE_LIMITED"


class StorageFailed(RimedioError):
    """The data folder cannot be read or written."""

    exit_code = 7


class DataFolderLocked(StorageFailed):
    """Another process works on the same data folder."""


class DatabaseCorrupt(StorageFailed):
    """The database file is damaged."""


class DiskFull(StorageFailed):
    """The disk has no room left; nothing was half-written."""
