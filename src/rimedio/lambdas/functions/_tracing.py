"""The X-Ray header of a call as a place in an OpenTelemetry trace.

Lambda puts `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1` into the environment variable
_X_AMZN_TRACE_ID; the two parts of the root after its version are the W3C trace id
(https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader).
"""

import os
import re

from rimedio.observability.traceparent import TraceParent, parse_traceparent

VARIABLE = "_X_AMZN_TRACE_ID"
_ROOT = re.compile(r"(?:^|;)Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?:;|$)")
_PARENT = re.compile(r"(?:^|;)Parent=([0-9a-f]{16})(?:;|$)")
_UNSAMPLED = re.compile(r"(?:^|;)Sampled=0(?:;|$)")


def parse_xray_header(header: str | None) -> TraceParent | None:
    """The place that an X-Ray tracing header names; None when it is absent, or has no parent yet."""
    root, parent = _ROOT.search(header or ""), _PARENT.search(header or "")
    if root is None or parent is None:
        return None
    made = TraceParent(root[1] + root[2], parent[1], _UNSAMPLED.search(header or "") is None)
    return parse_traceparent(made.header)  # by the same rules: no id of zeros


def current_place() -> TraceParent | None:
    """Where the call stands that is worked on now."""
    return parse_xray_header(os.environ.get(VARIABLE))
