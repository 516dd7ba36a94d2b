"""Request ids: the client's own when it is sane, else a new one; what a gateway's middleware needs."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from rimedio.domain.clock import Ids
from rimedio.observability.correlation import Correlation, bound
from rimedio.observability.traceparent import TraceParent, new_traceparent, parse_traceparent

HEADER = "X-Request-Id"
_SANE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:/-]{3,127}$")  # nothing that could forge a header or a log line


def request_id_of(header: str | None, ids: Ids) -> str:
    """The id of a request: the header's where it is 4 to 128 plain characters, else `req_<uuid>`."""
    return header if header and _SANE.match(header) else ids.new("req")


@contextmanager
def request_scope(
    request_id: str, *, tenant: str | None = None, traceparent: str | None = None
) -> Iterator[Correlation]:
    """Everything done inside belongs to this request, and to the caller's trace where it sent one."""
    parent = parse_traceparent(traceparent) or new_traceparent()
    with bound(
        request_id=request_id, tenant=tenant, trace_id=parent.trace_id, span_id=parent.span_id
    ) as found:
        yield found


def outgoing_traceparent(correlation: Correlation) -> str | None:
    """The header that tells a called service where it stands; None outside any trace."""
    if correlation.trace_id is None or correlation.span_id is None:
        return None
    return TraceParent(correlation.trace_id, correlation.span_id).header
