"""AWS Lambda functions, a module each: what wakes it, one use case, a typed answer.

Every module has `build_NAME(system)`, which makes the function on any system, and `handler(event, context)`, the
entry point that AWS calls: the same on the system that the environment's settings describe. `handler` is a
`LambdaFunction` (`_function.py`): logs, correlation, metrics, spans, errors and time are its business, so that a
module here is only about its event.

_function      the template around every function: one log line, one span, one measurement a call
_system        the system on AWS, made at the first call and kept: later calls reuse its connections
_invocation    what AWS says about a call: its id, and how long it may still last
_errors        the decorator that logs an error once, without personal data, and says whether to try again
_logging       JSON lines with the fields that Powertools' logger has
_tracing       the X-Ray header of a call as a place in an OpenTelemetry trace
_restoring     hooks of SnapStart: warm before the snapshot, nothing shared after a restore
_idempotency   an event that comes twice is worked on once
_batches       partial batch answers: messages of SQS, changes of a DynamoDB stream
"""

FUNCTIONS = (
    "api",
    "authorizer",
    "follow",
    "housekeeping",
    "ingest",
    "notify",
    "publish_index",
    "redrive",
    "relay",
    "rotate",
    "task",
    "webhooks",
)
