"""Structured logs: JSON for machines, one readable line for a terminal, nothing personal and no secret in either.

The standard library's logging with a formatter of our own: Powertools' logger costs 64 ms of import and
structlog adds a second pipeline, while both end in these fifteen fields. The names of the fields are Powertools',
so that one CloudWatch Logs Insights query reads both homes.

A line's ids come from `correlation`. Free text passes the redactor that bootstrap plugs in (personal data
belongs to a room above this one) and the scrubber of `secrets`, which is always there.
"""

import json
import logging
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import TextIO

from rimedio.observability.correlation import current
from rimedio.observability.secrets import scrubbed, scrubbed_field

ROOT = "rimedio"
SERVICE = "rimedio"
FIELDS = "rimedio_fields"
TEXT_CHARS_MAX = 4000
MESSAGES_KEPT = 256

Redact = Callable[[str], str]

# Ids and measures that Rimedio itself made: nothing personal can stand in them.
OWN_FIELDS = frozenset(
    {
        *(
            "ticket_id",
            "request_id",
            "execution_id",
            "trace_id",
            "span_id",
            "tenant",
            "step",
            "status",
            "route",
        ),
        *(
            "method",
            "outcome",
            "provider",
            "model",
            "detail_type",
            "webhook_id",
            "delivery_id",
            "document_id",
        ),
        *("solution_id", "metric", "level", "loop", "attempt", "error_type"),
    }
)
_COLOURS: Mapping[str, str] = {"ERROR": "\x1b[31m", "WARNING": "\x1b[33m", "DEBUG": "\x1b[2m"}
_PLAIN = "\x1b[0m"


class StructuredLogger:
    """A logger that takes fields: `log.info("Ticket settled", status="READY", seconds=1.2)`."""

    __slots__ = ("_logger",)

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, message: str, **fields: object) -> None:
        """For whoever looks for a mistake."""
        self._log(logging.DEBUG, message, fields)

    def info(self, message: str, **fields: object) -> None:
        """What happened."""
        self._log(logging.INFO, message, fields)

    def warning(self, message: str, **fields: object) -> None:
        """Something went wrong, and the system has coped."""
        self._log(logging.WARNING, message, fields)

    def error(self, message: str, *, error: BaseException | None = None, **fields: object) -> None:
        """Something went wrong, and somebody should look; `error` brings its traceback."""
        self._log(logging.ERROR, message, fields, error)

    def _log(
        self, level: int, message: str, fields: Mapping[str, object], error: BaseException | None = None
    ) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s", message, exc_info=error, extra={FIELDS: fields}, stacklevel=3)


def get_logger(name: str) -> StructuredLogger:
    """The logger of a module: `log = get_logger(__name__)`."""
    return StructuredLogger(name if name.startswith(ROOT) else f"{ROOT}.{name}")


def configure_logs(
    level: str, *, stream: TextIO | None = None, as_json: bool | None = None, redact: Redact | None = None
) -> None:
    """Send Rimedio's log lines from `level` on to `stream`: JSON, or text where it is a terminal.

    May be called again; the last call counts. Other libraries' loggers are not touched.
    """
    target = sys.stderr if stream is None else stream
    machine = not target.isatty() if as_json is None else as_json
    handler = logging.StreamHandler(target)
    handler.setFormatter(JsonFormatter(redact) if machine else TerminalFormatter(redact))
    logger = logging.getLogger(ROOT)
    for old in list(logger.handlers):
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False


class _Formatter(logging.Formatter):
    """What both formatters share: the fields of a record, clean."""

    def __init__(self, redact: Redact | None = None) -> None:
        super().__init__()
        self._redact = redact
        self._clean_again = lru_cache(MESSAGES_KEPT)(self.clean)

    def message(self, record: logging.LogRecord) -> str:
        """The record's message, clean. Those of a `StructuredLogger` hardly vary: each is cleaned once."""
        text = record.getMessage()
        return self._clean_again(text) if hasattr(record, FIELDS) else self.clean(text)

    def clean(self, text: str) -> str:
        """Without secrets and personal data, and not longer than a log line may be."""
        kept = scrubbed(text[:TEXT_CHARS_MAX])
        return self._redact(kept) if self._redact is not None else kept

    def fields(self, record: logging.LogRecord) -> dict[str, object]:
        """The caller's own fields."""
        given: Mapping[str, object] = getattr(record, FIELDS, {})
        return {name: self._field(name, value) for name, value in given.items()}

    def _field(self, name: str, value: object) -> object:
        kept = scrubbed_field(name, value)
        if kept is None or isinstance(kept, bool | int | float):
            return kept
        text = str(kept)
        return scrubbed(text[:TEXT_CHARS_MAX]) if name in OWN_FIELDS else self.clean(text)


class JsonFormatter(_Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, in ASCII, so that no reader trips over an encoding."""
        line: dict[str, object] = {
            "level": record.levelname,
            "location": f"{record.funcName}:{record.lineno}",
            "message": self.message(record),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "service": SERVICE,
            "logger": record.name,
            **_ids(),
            **self.fields(record),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception_name"] = record.exc_info[0].__name__
            line["exception"] = self.clean(self.formatException(record.exc_info))
        return json.dumps(line, default=str)


class TerminalFormatter(_Formatter):
    """Time, level, message, fields: for people."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, coloured by its level."""
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        shown = _ids() | self.fields(record)
        pairs = " ".join(
            f"{name}={value}" for name, value in shown.items() if name in _SHOWN or name not in _IDS
        )
        colour = _COLOURS.get(record.levelname, "")
        text = f"{at} {colour}{record.levelname:<7}{_PLAIN} {_one_line(self.message(record))}"
        if pairs:
            text += f"  \x1b[2m{_one_line(pairs)}{_PLAIN}"
        if record.exc_info:
            text += "\n" + self.clean(self.formatException(record.exc_info))
        return text


_IDS = ("tenant", "request_id", "ticket_id", "execution_id", "step", "trace_id", "span_id")
_SHOWN = frozenset({"request_id", "ticket_id", "step"})


def _ids() -> dict[str, object]:
    found = current()
    known = ((name, getattr(found, name)) for name in _IDS)
    ids: dict[str, object] = {name: value for name, value in known if value is not None}
    return ids


def _one_line(text: str) -> str:
    """Without line breaks and control characters: a ticket's text must not forge a line or drive a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)
