"""Errors of a function: logged once, counted, and raised without anything personal in them.

Lambda writes an error's message into the log and into the dead letter, past Rimedio's redaction. So what leaves a
function is an error of the same class with a clean message: Step Functions' Retry and Catch know it by the
class's name, and whoever reads the log does not see a customer's words.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from rimedio.domain.errors import Conflict, InvalidInput, NotFound, PolicyRefused, RimedioError, Unauthorized
from rimedio.observability import get_logger

Given = ParamSpec("Given")
Result = TypeVar("Result")
Clean = Callable[[str], str]

HOPELESS = (
    InvalidInput,
    NotFound,
    PolicyRefused,
    Unauthorized,
)  # the same call fails again, whenever it comes
MESSAGE_CHARS_MAX = 1000
LOG = get_logger(__name__)


class FunctionFailed(RimedioError):
    """Something that nobody expected; the log has its traceback."""


def can_be_retried(error: BaseException) -> bool:
    """Whether the same call may work later. A conflict is one with another call, which ends."""
    return isinstance(error, Conflict) or not isinstance(error, HOPELESS)


def handle_errors(
    clean: Clean, passed: tuple[type[BaseException], ...] = ()
) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """Decorator: an error is logged once and raised again with a message that `clean` has seen.

    Errors of `passed` classes are answers, not failures (an authorizer's "Unauthorized"): they leave as they are.
    """

    def decorate(function: Callable[Given, Result]) -> Callable[Given, Result]:
        @wraps(function)
        def guarded(*args: Given.args, **kwargs: Given.kwargs) -> Result:
            try:
                return function(*args, **kwargs)
            except passed:
                raise
            except Exception as error:
                LOG.error(
                    "The function failed",
                    error=error,
                    error_type=type(error).__name__,
                    retryable=can_be_retried(error),
                )
                raise cleaned(error, clean) from None

        return guarded

    return decorate


def cleaned(error: Exception, clean: Clean) -> Exception:
    """An error of the same class with a clean message; FunctionFailed for what is not Rimedio's own."""
    if not isinstance(error, RimedioError):
        return FunctionFailed(f"{type(error).__name__}: see the log for the traceback.")
    message = clean(str(error))[:MESSAGE_CHARS_MAX]
    try:
        return type(error)(message)
    except TypeError:  # a class that wants more than a message
        return FunctionFailed(f"{type(error).__name__}: {message}")
