"""W3C Trace Context: the `traceparent` header in and out (https://www.w3.org/TR/trace-context/, level 1).

The header is read and written here without OpenTelemetry, because trace ids belong in logs and webhooks also
where no span is ever recorded.
"""

import os
import re
from dataclasses import dataclass

HEADER = "traceparent"
_FORM = re.compile(r"^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
_VERSION, _FORBIDDEN_VERSION = "00", "ff"


@dataclass(frozen=True, slots=True)
class TraceParent:
    """A place in a trace."""

    trace_id: str  # 32 hexadecimal digits, not all zero
    span_id: str  # 16 hexadecimal digits, not all zero
    sampled: bool = True

    @property
    def header(self) -> str:
        """As it is sent."""
        return f"{_VERSION}-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


def parse_traceparent(header: str | None) -> TraceParent | None:
    """What a caller sent; None when it is absent or breaks the rules, as the standard asks."""
    match = _FORM.match(header.strip()) if header else None
    if match is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    if version == _FORBIDDEN_VERSION or (version == _VERSION and more):
        return None
    if trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return TraceParent(trace_id, span_id, bool(int(flags, 16) & 1))


def new_traceparent(trace_id: str | None = None) -> TraceParent:
    """A new place, in a new trace or in the one given."""
    return TraceParent(trace_id or _random_hex(16), _random_hex(8))


def trace_of_ticket(ticket_id: str) -> str:
    """The trace of a ticket's whole way: the digits of its UUID.

    Work on a ticket goes on after crashes, days and other processes; an id that follows from the ticket needs
    nobody to remember it.
    """
    digits = ticket_id.partition("_")[2].replace("-", "").lower()
    return digits if re.fullmatch(r"[0-9a-f]{32}", digits) and digits != _NO_TRACE else _random_hex(16)


def ticket_place(ticket_id: str) -> TraceParent:
    """Where all work on a ticket belongs: the trace of its id, below a root that follows from it as well."""
    trace_id = trace_of_ticket(ticket_id)
    root = trace_id[16:] if trace_id[16:].strip("0") else trace_id[:16]
    return TraceParent(trace_id, root)


def ticket_headers(ticket_id: object) -> dict[str, str]:
    """What tells a called service, such as a webhook's receiver, which ticket's trace it is in; else nothing."""
    return {HEADER: ticket_place(ticket_id).header} if isinstance(ticket_id, str) and ticket_id else {}


def _random_hex(size: int) -> str:
    while True:
        found = os.urandom(size)
        if any(found):
            return found.hex()
