"""Which fields each state type has, and what they may hold: the grammar of the language as data."""

import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    """Bounds of a numeric field."""

    low: float
    high: float = sys.float_info.max
    whole: bool = True


COMMON = frozenset({"Type", "Comment", "QueryLanguage"})

_MOVES = {"Next", "End"}
_FAULTS = {"Retry", "Catch"}
_IO_PATHS = {"InputPath", "OutputPath"}
_RESULT_PATHS = {"Parameters", "ResultSelector", "ResultPath"}

FOR_BOTH: dict[str, set[str]] = {
    "Pass": {"Assign", *_MOVES},
    "Task": {"Resource", "Credentials", "TimeoutSeconds", "HeartbeatSeconds", "Assign", *_MOVES, *_FAULTS},
    "Choice": {"Choices", "Default", "Assign"},
    "Wait": {"Seconds", "Timestamp", "Assign", *_MOVES},
    "Succeed": set(),
    "Fail": {"Error", "Cause"},
    "Parallel": {"Branches", "Assign", *_MOVES, *_FAULTS},
    "Map": {
        "ItemProcessor", "Iterator", "ItemSelector", "ItemReader", "ItemBatcher", "ResultWriter", "Label",
        "MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage", "Assign", *_MOVES, *_FAULTS,
    },
}  # fmt: skip

FOR_JSONPATH: dict[str, set[str]] = {
    "Pass": {"Result", "Parameters", "ResultPath", *_IO_PATHS},
    "Task": {"TimeoutSecondsPath", "HeartbeatSecondsPath", *_IO_PATHS, *_RESULT_PATHS},
    "Choice": {*_IO_PATHS},
    "Wait": {"SecondsPath", "TimestampPath", *_IO_PATHS},
    "Succeed": {*_IO_PATHS},
    "Fail": {"ErrorPath", "CausePath"},
    "Parallel": {*_IO_PATHS, *_RESULT_PATHS},
    "Map": {
        "ItemsPath", "MaxConcurrencyPath", "ToleratedFailureCountPath", "ToleratedFailurePercentagePath",
        *_IO_PATHS, *_RESULT_PATHS,
    },
}  # fmt: skip

FOR_JSONATA: dict[str, set[str]] = {
    "Pass": {"Output"},
    "Task": {"Arguments", "Output"},
    "Choice": {"Output"},
    "Wait": {"Output"},
    "Succeed": {"Output"},
    "Fail": set(),
    "Parallel": {"Arguments", "Output"},
    "Map": {"Items", "Output"},
}

REQUIRED: dict[str, tuple[str, ...]] = {
    "Task": ("Resource",),
    "Choice": ("Choices",),
    "Parallel": ("Branches",),
}

ONE_OF: dict[str, tuple[tuple[str, ...], ...]] = {
    "Wait": (("Seconds", "SecondsPath", "Timestamp", "TimestampPath"),),
    "Map": (("ItemProcessor", "Iterator"),),
}

EXCLUSIVE: dict[str, tuple[tuple[str, ...], ...]] = {
    "Task": (("TimeoutSeconds", "TimeoutSecondsPath"), ("HeartbeatSeconds", "HeartbeatSecondsPath")),
    "Fail": (("Error", "ErrorPath"), ("Cause", "CausePath")),
    "Map": (
        ("Parameters", "ItemSelector"),
        ("MaxConcurrency", "MaxConcurrencyPath"),
        ("ToleratedFailureCount", "ToleratedFailureCountPath"),
        ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ),
    "ReaderConfig": (("MaxItems", "MaxItemsPath"),),
    "ItemBatcher": (
        ("MaxItemsPerBatch", "MaxItemsPerBatchPath"),
        ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"),
    ),
}

NUMBERS: dict[str, Number] = {
    "TimeoutSeconds": Number(1, 99_999_999),
    "HeartbeatSeconds": Number(1, 99_999_999),
    "Seconds": Number(0, 99_999_999),
    "MaxConcurrency": Number(0),
    "ToleratedFailureCount": Number(0),
    "ToleratedFailurePercentage": Number(0, 100, whole=False),
    "MaxItems": Number(0, 100_000_000),
    "MaxItemsPerBatch": Number(1),
    "MaxInputBytesPerBatch": Number(1, 262_144),
    "IntervalSeconds": Number(1, 99_999_999),
    "MaxAttempts": Number(0, 99_999_999),
    "BackoffRate": Number(1, whole=False),
    "MaxDelaySeconds": Number(1, 31_622_399),
}

STRINGS = frozenset(
    {"Comment", "Error", "Cause", "Default", "Next", "Resource", "Label", "Timestamp", "StartAt"}
)
TEMPLATES = frozenset({"Parameters", "ResultSelector", "ItemSelector", "Assign", "BatchInput"})
EXPRESSION_OBJECTS = frozenset({"Arguments", "ItemSelector", "BatchInput", "Credentials"})
PATHS = frozenset({"InputPath", "OutputPath"})
REFERENCE_PATHS = frozenset(
    {
        "ItemsPath",
        "SecondsPath",
        "TimestampPath",
        "TimeoutSecondsPath",
        "HeartbeatSecondsPath",
        "MaxConcurrencyPath",
        "MaxItemsPath",
        "MaxItemsPerBatchPath",
        "MaxInputBytesPerBatchPath",
        "ToleratedFailureCountPath",
        "ToleratedFailurePercentagePath",
    }
)

MACHINE = frozenset({"Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"})
BRANCH = frozenset({"Comment", "StartAt", "States"})
PROCESSOR = BRANCH | {"ProcessorConfig"}
RETRIER = frozenset(
    {
        "ErrorEquals",
        "IntervalSeconds",
        "MaxAttempts",
        "BackoffRate",
        "MaxDelaySeconds",
        "JitterStrategy",
        "Comment",
    }
)
CATCHER = {"JSONPath": frozenset({"ErrorEquals", "Next", "ResultPath", "Assign", "Comment"}),
           "JSONata": frozenset({"ErrorEquals", "Next", "Output", "Assign", "Comment"})}  # fmt: skip
READER = frozenset({"Resource", "Parameters", "Arguments", "ReaderConfig", "Bucket"})
READER_CONFIG = frozenset({"InputType", "Transformation", "CSVDelimiter", "CSVHeaderLocation", "CSVHeaders",
                           "MaxItems", "MaxItemsPath", "ItemsPointer", "ManifestType"})  # fmt: skip
BATCHER = frozenset({"MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch",
                     "MaxInputBytesPerBatchPath", "BatchInput"})  # fmt: skip
WRITER = frozenset({"Resource", "Parameters", "Arguments", "WriterConfig"})
WRITER_CONFIG = frozenset({"OutputType", "Transformation"})

PROCESSOR_MODES = {"Mode": ("INLINE", "DISTRIBUTED"), "ExecutionType": ("STANDARD", "EXPRESS")}
RETRIER_WORDS = {"JitterStrategy": ("FULL", "NONE")}
READER_WORDS = {
    "InputType": ("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET"),
    "Transformation": ("NONE", "LOAD_AND_FLATTEN"),
    "CSVDelimiter": ("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"),
    "CSVHeaderLocation": ("FIRST_ROW", "GIVEN"),
    "ManifestType": ("ATHENA_DATA", "S3_INVENTORY"),
}
WRITER_WORDS = {"OutputType": ("JSON", "JSONL"), "Transformation": ("NONE", "COMPACT", "FLATTEN")}


def language_fields(kind: str, language: str) -> set[str]:
    """Fields of a state type that belong to one query language only."""
    return (FOR_JSONATA if language == "JSONata" else FOR_JSONPATH)[kind]
