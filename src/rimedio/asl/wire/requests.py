"""What each operation's request may hold: members, their types and limits, checked before anything is done.

The tables say what the service's own model says (botocore's `stepfunctions/2016-11-23`; a test compares them).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from rimedio.asl.jsontext import JSON, kind_of
from rimedio.asl.wire.faults import Fault, invalid

PAYLOAD_MAX = 262_144
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
class Text:
    """A string of so many characters, of a pattern, or one of some words; complaints do not repeat a hidden one."""

    low: int = 0
    high: int | None = None
    pattern: str = ""
    words: tuple[str, ...] = ()
    hidden: bool = False


@dataclass(frozen=True)
class Number:
    """A number within bounds."""

    low: int = 0
    high: int | None = None
    whole: bool = True


@dataclass(frozen=True)
class Flag:
    """True or false."""


@dataclass(frozen=True)
class Rows:
    """A list of values of one type."""

    of: str
    low: int = 0
    high: int | None = None


@dataclass(frozen=True)
class Structure:
    """An object: member → type and whether it must be there."""

    members: Mapping[str, tuple[str, bool]] = field(default_factory=dict)

    @classmethod
    def of(cls, line: str) -> "Structure":
        """Out of a line of the table."""
        parts = (member.partition(":") for member in line.split())
        return cls({name: (kind.rstrip("!"), kind.endswith("!")) for name, _, kind in parts})


Shape: TypeAlias = Text | Number | Flag | Rows | Structure


def _words(*words: str) -> Text:
    return Text(words=words)


SHAPES: Mapping[str, Shape] = {
    "Alias": Text(1, 80, r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$"),
    "AnyText": Text(),
    "Arn": Text(1, 256),
    "Cause": Text(0, 32_768, hidden=True),
    "ClientToken": Text(1, 64, "[!-~]+"),
    "Configuration": Structure.of(
        "retrierRetryCount:Count errorCausedByState:Name mapIterationFailureCount:Count mapItemReaderData:Payload"
    ),
    "Count": Number(),
    "Definition": Text(1, 1_048_576, hidden=True),
    "Description": Text(0, 256, hidden=True),
    "Destination": Structure.of("cloudWatchLogsLogGroup:LogGroup"),
    "Destinations": Rows("Destination"),
    "Encryption": Structure.of("kmsKeyId:LongText kmsDataKeyReusePeriodSeconds:Reuse type:Encrypted!"),
    "Encrypted": _words("AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY"),
    "Error": Text(0, 256, hidden=True),
    "FewRows": Number(0, 100),
    "Flag": Flag(),
    "Included": _words("ALL_DATA", "METADATA_ONLY"),
    "Kind": _words("STANDARD", "EXPRESS"),
    "Level": _words("INFO", "DEBUG", "TRACE"),
    "LogGroup": Structure.of("logGroupArn:Arn"),
    "LogLevel": _words("ALL", "ERROR", "FATAL", "OFF"),
    "Logging": Structure.of("level:LogLevel includeExecutionData:Flag destinations:Destinations"),
    "LongArn": Text(1, 2_000),
    "LongPageToken": Text(1, 3_096),
    "LongText": Text(1, 2_048),
    "Mock": Structure.of("result:Payload errorOutput:MockedError fieldValidationMode:Validation"),
    "MockedError": Structure.of("error:Error cause:Cause"),
    "Name": Text(1, 80),
    "PageSize": Number(0, 1_000),
    "PageToken": Text(1, 1_024),
    "Payload": Text(0, PAYLOAD_MAX, hidden=True),
    "Percentage": Number(0, 100, whole=False),
    "Redriven": _words("REDRIVEN", "NOT_REDRIVEN"),
    "Reuse": Number(60, 900),
    "Route": Structure.of("stateMachineVersionArn:Arn! weight:Weight!"),
    "Routes": Rows("Route", 1, 2),
    "Severity": _words("ERROR", "WARNING"),
    "Status": _words("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"),
    "Tag": Structure.of("key:TagKey value:TagValue"),
    "TagKey": Text(1, 128),
    "TagKeys": Rows("TagKey"),
    "TagValue": Text(0, 256),
    "Tags": Rows("Tag"),
    "Token": Text(1, 2_048),
    "Trace": Text(0, 256, r"\p{ASCII}*"),
    "Tracing": Structure.of("enabled:Flag"),
    "Validation": _words("STRICT", "PRESENT", "NONE"),
    "Weight": Number(0, 100),
}
REQUESTS: Mapping[str, Structure] = {name: Structure.of(line) for name, line in OPERATIONS.items()}


def check(operation: str, body: Mapping[str, JSON]) -> None:
    """Raises SerializationException for a member of another type, ValidationException for all broken limits at once."""
    found = list(_of_structure(REQUESTS[operation], body, ""))
    if found:
        raise invalid("; ".join(found), len(found))
    role = body.get("roleArn")
    if role is not None and not str(role).startswith("arn:"):
        raise Fault("InvalidArn", f"Invalid Role Arn: '{role}'")


def _of_structure(shape: Structure, body: Mapping[str, JSON], where: str) -> Iterator[str]:
    for name, (kind, required) in shape.members.items():
        value, at = body.get(name), f"{where}.{name}".lstrip(".")
        if value is not None:
            yield from _complaints(SHAPES[kind], value, at)
        elif required:
            yield f"Value null at '{at}' failed to satisfy constraint: Member must not be null"


def _complaints(shape: Shape, value: JSON, where: str) -> Iterator[str]:
    if isinstance(shape, Structure):
        if not isinstance(value, dict):
            raise _serialization(value, "a structure")
        yield from _of_structure(shape, value, where)
    elif isinstance(shape, Rows):
        if not isinstance(value, list):
            raise _serialization(value, "a list")
        yield from _outside(shape, len(value), f"Value '{_shown(value)}' at '{where}'", "length")
        for number, row in enumerate(value, 1):
            yield from _complaints(SHAPES[shape.of], row, f"{where}.{number}.member")
    elif isinstance(shape, Text):
        if not isinstance(value, str):
            raise _serialization(value, "a String")
        yield from _of_text(
            shape, value, f"Value at '{where}'" if shape.hidden else f"Value '{value}' at '{where}'"
        )
    elif isinstance(shape, Number):
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or (shape.whole and value != int(value))
        ):
            raise _serialization(value, "an Integer" if shape.whole else "a Float")
        yield from _outside(shape, value, f"Value '{value}' at '{where}'", "value")
    elif not isinstance(value, bool):
        raise _serialization(value, "a Boolean")


def _of_text(shape: Text, value: str, what: str) -> Iterator[str]:
    yield from _outside(shape, len(value), what, "length")
    if shape.words and value not in shape.words:
        wanted = ", ".join(shape.words)
        yield f"{what} failed to satisfy constraint: Member must satisfy enum value set: [{wanted}]"
    if shape.pattern and not re.fullmatch(shape.pattern.replace(r"\p{ASCII}", r"[\x00-\x7f]"), value):
        yield f"{what} failed to satisfy constraint: Member must satisfy regular expression pattern: {shape.pattern}"


def _outside(shape: Text | Number | Rows, size: float, what: str, measure: str) -> Iterator[str]:
    if size < shape.low:
        yield f"{what} failed to satisfy constraint: Member must have {measure} greater than or equal to {shape.low}"
    if shape.high is not None and size > shape.high:
        yield f"{what} failed to satisfy constraint: Member must have {measure} less than or equal to {shape.high}"


def _shown(rows: list[JSON]) -> str:
    return f"[{', '.join(map(str, rows))}]"


def _serialization(value: JSON, wanted: str) -> Fault:
    sent = {"string": "STRING_VALUE", "number": "NUMBER_VALUE", "boolean": f"{value}_VALUE".upper()}
    found = sent.get(kind_of(value), f"Start of {kind_of(value)}")
    return Fault("SerializationException", f"{found} can not be converted to {wanted}")
