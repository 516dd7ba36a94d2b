"""Log lines of a function: JSON on standard output, with the fields that Powertools' logger has.

`function_request_id` tells the call, `correlation_id` the request or event that it works for: one CloudWatch
Logs Insights query follows a ticket through all functions.
"""

import logging
import sys
from contextvars import ContextVar
from logging import LogRecord

from rimedio.lambdas.functions._invocation import LambdaContext
from rimedio.observability.correlation import current
from rimedio.observability.logs import ROOT, JsonFormatter, Redact, configure_logs

_FUNCTION: ContextVar[dict[str, object]] = ContextVar("rimedio_function", default={})  # noqa: B039 - never changed


class FunctionFormatter(JsonFormatter):
    """Adds what is known of the function and its call to every line."""

    def fields(self, record: LogRecord) -> dict[str, object]:
        """The caller's own fields, and the function's."""
        known = _FUNCTION.get()
        found: dict[str, object] = {**known, **super().fields(record)}
        correlation = current().request_id
        if known and correlation is not None:
            found.setdefault("correlation_id", correlation)
        return found


def configure_function_logs(level: str, redact: Redact | None) -> None:
    """Send Rimedio's log lines to standard output, where Lambda takes them from."""
    configure_logs(level, stream=sys.stdout, as_json=True, redact=redact)
    for handler in logging.getLogger(ROOT).handlers:
        handler.setFormatter(FunctionFormatter(redact))


def describe_function(context: LambdaContext, *, cold_start: bool) -> None:
    """From now on, every line tells this call."""
    _FUNCTION.set(
        {
            "cold_start": cold_start,
            "function_name": context.function_name,
            "function_memory_size": context.memory_limit_in_mb,
            "function_arn": context.invoked_function_arn,
            "function_request_id": context.aws_request_id,
        }
    )


def redact_personal(text: str) -> str:
    """The text without personal data; what knows how is imported with the first line that needs it."""
    from rimedio.llm.guardrails.pii import redact

    return redact(text).text
