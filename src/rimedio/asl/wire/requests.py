"""What each operation's request may hold: members, their types and limits, checked before anything is done.

The tables say what the service's own model says (botocore's `stepfunctions/2016-11-23`; a test compares them).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rimedio.asl.jsontext import JSON, PAYLOAD_BYTES_MAX, kind_of
from rimedio.asl.wire.faults import Fault, invalid

PAGES = "maxResults:PageSize nextToken:PageToken"
CONFIGURATIONS = (
    "loggingConfiguration:Logging tracingConfiguration:Tracing encryptionConfiguration:Encryption"
)

OPERATIONS: Mapping[str, str] = {  # member:type, with ! where it has to be there
    "CreateActivity": "name:Name! tags:Tags encryptionConfiguration:Encryption",
    "CreateStateMachine": "name:Name! definition:Definition! roleArn:Arn! type:Kind tags:Tags publish:Flag"
    f" versionDescription:Description {CONFIGURATIONS}",
    "CreateStateMachineAlias": "name:Alias! description:Description routingConfiguration:Routes!",
    "DeleteActivity": "activityArn:Arn!",
    "DeleteStateMachine": "stateMachineArn:Arn!",
    "DeleteStateMachineAlias": "stateMachineAliasArn:Arn!",
    "DeleteStateMachineVersion": "stateMachineVersionArn:LongArn!",
    "DescribeActivity": "activityArn:Arn!",
    "DescribeExecution": "executionArn:Arn! includedData:Included",
    "DescribeMapRun": "mapRunArn:LongArn!",
    "DescribeStateMachine": "stateMachineArn:Arn! includedData:Included",
    "DescribeStateMachineAlias": "stateMachineAliasArn:Arn!",
    "DescribeStateMachineForExecution": "executionArn:Arn! includedData:Included",
    "GetActivityTask": "activityArn:Arn! workerName:Name",
    "GetExecutionHistory": f"executionArn:Arn! reverseOrder:Flag includeExecutionData:Flag {PAGES}",
    "ListActivities": PAGES,
    "ListExecutions": "stateMachineArn:Arn statusFilter:Status mapRunArn:LongArn redriveFilter:Redriven"
    " maxResults:PageSize nextToken:LongPageToken",
    "ListMapRuns": f"executionArn:Arn! {PAGES}",
    "ListStateMachineAliases": f"stateMachineArn:Arn! {PAGES}",
    "ListStateMachineVersions": f"stateMachineArn:Arn! {PAGES}",
    "ListStateMachines": PAGES,
    "ListTagsForResource": "resourceArn:Arn!",
    "PublishStateMachineVersion": "stateMachineArn:Arn! revisionId:AnyText description:Description",
    "RedriveExecution": "executionArn:Arn! clientToken:ClientToken",
    "SendTaskFailure": "taskToken:Token! error:Error cause:Cause",
    "SendTaskHeartbeat": "taskToken:Token!",
    "SendTaskSuccess": "taskToken:Token! output:Payload!",
    "StartExecution": "stateMachineArn:Arn! name:Name input:Payload traceHeader:Trace",
    "StartSyncExecution": "stateMachineArn:Arn! name:Name input:Payload traceHeader:Trace includedData:Included",
    "StopExecution": "executionArn:Arn! error:Error cause:Cause",
    "TagResource": "resourceArn:Arn! tags:Tags!",
    "TestState": "definition:Definition! roleArn:Arn input:Payload inspectionLevel:Level revealSecrets:Flag"
    " variables:Payload stateName:Name mock:Mock context:Payload stateConfiguration:Configuration",
    "UntagResource": "resourceArn:Arn! tagKeys:TagKeys!",
    "UpdateMapRun": "mapRunArn:LongArn! maxConcurrency:Count toleratedFailurePercentage:Percentage"
    " toleratedFailureCount:Count",
    "UpdateStateMachine": "stateMachineArn:Arn! definition:Definition roleArn:Arn publish:Flag"
    f" versionDescription:Description {CONFIGURATIONS}",
    "UpdateStateMachineAlias": "stateMachineAliasArn:Arn! description:Description routingConfiguration:Routes",
    "ValidateStateMachineDefinition": "definition:Definition! type:Kind severity:Severity maxResults:FewRows",
}


@dataclass(frozen=True)
class Shape:
    """What a member may be: its JSON type; limits of a text's length, a number or the elements of an array.

    A text may have a pattern or be one of some words, and when it is hidden complaints do not repeat it. An array has
    elements of one shape, an object members with their shapes, which may have to be there.
    """

    type: str
    low: int = 0
    high: int | None = None
    pattern: str = ""
    words: tuple[str, ...] = ()
    hidden: bool = False
    whole: bool = True
    of: str = ""
    members: Mapping[str, tuple[str, bool]] = field(default_factory=dict)


def _object(line: str) -> Shape:
    """Out of a line of the table."""
    parts = (member.partition(":") for member in line.split())
    return Shape("object", members={name: (kind.rstrip("!"), kind.endswith("!")) for name, _, kind in parts})


def _words(*words: str) -> Shape:
    return Shape("string", words=words)


SHAPES: Mapping[str, Shape] = {
    "Alias": Shape("string", 1, 80, pattern=r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$"),
    "AnyText": Shape("string"),
    "Arn": Shape("string", 1, 256),
    "Cause": Shape("string", 0, 32_768, hidden=True),
    "ClientToken": Shape("string", 1, 64, pattern="[!-~]+"),
    "Configuration": _object(
        "retrierRetryCount:Count errorCausedByState:Name mapIterationFailureCount:Count mapItemReaderData:Payload"
    ),
    "Count": Shape("number"),
    "Definition": Shape("string", 1, 1_048_576, hidden=True),
    "Description": Shape("string", 0, 256, hidden=True),
    "Destination": _object("cloudWatchLogsLogGroup:LogGroup"),
    "Destinations": Shape("array", of="Destination"),
    "Encryption": _object("kmsKeyId:LongText kmsDataKeyReusePeriodSeconds:Reuse type:Encrypted!"),
    "Encrypted": _words("AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY"),
    "Error": Shape("string", 0, 256, hidden=True),
    "FewRows": Shape("number", 0, 100),
    "Flag": Shape("boolean"),
    "Included": _words("ALL_DATA", "METADATA_ONLY"),
    "Kind": _words("STANDARD", "EXPRESS"),
    "Level": _words("INFO", "DEBUG", "TRACE"),
    "LogGroup": _object("logGroupArn:Arn"),
    "LogLevel": _words("ALL", "ERROR", "FATAL", "OFF"),
    "Logging": _object("level:LogLevel includeExecutionData:Flag destinations:Destinations"),
    "LongArn": Shape("string", 1, 2_000),
    "LongPageToken": Shape("string", 1, 3_096),
    "LongText": Shape("string", 1, 2_048),
    "Mock": _object("result:Payload errorOutput:MockedError fieldValidationMode:Validation"),
    "MockedError": _object("error:Error cause:Cause"),
    "Name": Shape("string", 1, 80),
    "PageSize": Shape("number", 0, 1_000),
    "PageToken": Shape("string", 1, 1_024),
    "Payload": Shape("string", 0, PAYLOAD_BYTES_MAX, hidden=True),
    "Percentage": Shape("number", 0, 100, whole=False),
    "Redriven": _words("REDRIVEN", "NOT_REDRIVEN"),
    "Reuse": Shape("number", 60, 900),
    "Route": _object("stateMachineVersionArn:Arn! weight:Weight!"),
    "Routes": Shape("array", 1, 2, of="Route"),
    "Severity": _words("ERROR", "WARNING"),
    "Status": _words("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"),
    "Tag": _object("key:TagKey value:TagValue"),
    "TagKey": Shape("string", 1, 128),
    "TagKeys": Shape("array", of="TagKey"),
    "TagValue": Shape("string", 0, 256),
    "Tags": Shape("array", of="Tag"),
    "Token": Shape("string", 1, 2_048),
    "Trace": Shape("string", 0, 256, pattern=r"\p{ASCII}*"),
    "Tracing": _object("enabled:Flag"),
    "Validation": _words("STRICT", "PRESENT", "NONE"),
    "Weight": Shape("number", 0, 100),
}
REQUESTS: Mapping[str, Shape] = {name: _object(line) for name, line in OPERATIONS.items()}


def check(operation: str, body: Mapping[str, JSON]) -> None:
    """Raises SerializationException for a member of another type, ValidationException for all broken limits at once."""
    found = list(_of_members(REQUESTS[operation], body, ""))
    if found:
        raise invalid("; ".join(found), len(found))
    role = body.get("roleArn")
    if role is not None and not str(role).startswith("arn:"):
        raise Fault("InvalidArn", f"Invalid Role Arn: '{role}'")


def _of_members(shape: Shape, body: Mapping[str, JSON], where: str) -> Iterator[str]:
    for name, (kind, required) in shape.members.items():
        value, at = body.get(name), f"{where}.{name}".lstrip(".")
        if value is not None:
            yield from _of_value(SHAPES[kind], value, at)
        elif required:
            yield f"Value null at '{at}' failed to satisfy constraint: Member must not be null"


def _of_value(shape: Shape, value: JSON, where: str) -> Iterator[str]:
    if kind_of(value) != shape.type or (isinstance(value, float) and shape.whole):
        raise _serialization(value, shape)
    shown = "" if shape.hidden or isinstance(value, (list, dict)) else f" '{value}'"
    what = f"Value{shown} at '{where}' failed to satisfy constraint: Member must"
    size, measure = (value, "value") if isinstance(value, (int, float)) else (len(value or ""), "length")
    if size < shape.low:
        yield f"{what} have {measure} greater than or equal to {shape.low}"
    if shape.high is not None and size > shape.high:
        yield f"{what} have {measure} less than or equal to {shape.high}"
    if shape.words and value not in shape.words:
        yield f"{what} satisfy enum value set: [{', '.join(shape.words)}]"
    if shape.pattern and not re.fullmatch(shape.pattern.replace(r"\p{ASCII}", r"[\x00-\x7f]"), str(value)):
        yield f"{what} satisfy regular expression pattern: {shape.pattern}"
    if isinstance(value, dict):
        yield from _of_members(shape, value, where)
    for number, element in enumerate(value if isinstance(value, list) else (), 1):
        yield from _of_value(SHAPES[shape.of], element, f"{where}.{number}.member")


def _serialization(value: JSON, shape: Shape) -> Fault:
    wanted = {
        "string": "a String",
        "number": "an Integer" if shape.whole else "a Float",
        "boolean": "a Boolean",
    }
    sent = {"string": "STRING_VALUE", "number": "NUMBER_VALUE", "boolean": f"{value}_VALUE".upper()}
    found = sent.get(kind_of(value), f"Start of {kind_of(value)}")
    return Fault(
        "SerializationException", f"{found} can not be converted to {wanted.get(shape.type, shape.type)}"
    )
