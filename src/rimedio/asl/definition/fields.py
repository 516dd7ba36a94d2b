"""The grammar of the language as data: the fields of every object, what each may hold, in which query language.

`validation` walks a definition along these tables; every kind of value has a check in `field_check`.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

from rimedio.asl.definition.model import JSONATA, JSONPATH
from rimedio.asl.expressions.choice import OPERATORS


@dataclass(frozen=True, slots=True)
class Field:
    """What one field holds.

    `language`: the only query language that has it. `shape`: what an object, or each object of a list, looks like.
    `low`, `high`: bounds of a number, or how many elements a list has at least. `fixed`: no query language computes
    the number. `words`: all that it may be; of a resource, the integrations that fit. `states`: what its expressions
    may read of `$states` beside input and context.
    """

    kind: str
    language: str = ""
    shape: str = ""
    low: float = 0
    high: float = sys.float_info.max
    fixed: bool = False
    words: tuple[str, ...] = ()
    states: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Group:
    """How many of some fields there are: at least, at most. `message` replaces the usual one."""

    names: tuple[str, ...]
    least: int = 1
    most: int = 1
    language: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """An object of the language.

    `needs`: field, value, and the other field that this value requires. A field and its `…Path` never stand together.
    """

    fields: Mapping[str, Field]
    required: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    needs: tuple[tuple[str, str, str], ...] = ()


def _words(*words: str) -> Field:
    return Field("words", words=words)


def _objects(shape: str, least: int = 1) -> Field:
    return Field("objects", shape=shape, low=least)


def _number(name: str, low: float, high: float = sys.float_info.max, kind: str = "whole") -> dict[str, Field]:
    """A number, or the path to it."""
    return {name: Field(kind, low=low, high=high), f"{name}Path": REFERENCE}


def _limit(name: str, low: float, high: float = sys.float_info.max, kind: str = "whole") -> dict[str, Field]:
    """A number of a Map, whose path does not lead into the context."""
    return {**_number(name, low, high, kind), f"{name}Path": Field("reference_in_data", JSONPATH)}


def _fixed(low: float, high: float = sys.float_info.max, kind: str = "whole") -> Field:
    return Field(kind, low=low, high=high, fixed=True)


TEXT, FLAG, TIMESTAMP, RESOURCE, TOLD = map(Field, ("text", "flag", "timestamp", "resource", "told"))
PATH, REFERENCE = Field("path", JSONPATH), Field("reference", JSONPATH)
OUTPUT, ASSIGN, COMPUTED = Field("expression", JSONATA), Field("assign"), Field("computed")
ARGUMENTS, TEMPLATE, PLACE = Field("computed", JSONATA), Field("computed", JSONPATH), Field("place", JSONPATH)
SECONDS_MAX = 99_999_999
DELAY_SECONDS_MAX = 31_622_399


def _seeing(field: Field, member: str) -> Field:
    return replace(field, states=frozenset({member}))


_STATE = {"Type": TEXT, "Comment": TEXT, "QueryLanguage": _words(JSONPATH, JSONATA)}
_MOVES = {"Next": TEXT, "End": FLAG}
_PATHS = {"InputPath": PATH, "OutputPath": PATH}
_PLAIN = {"Output": OUTPUT, "Assign": ASSIGN}
_RESULT = {
    **_PATHS, "Parameters": Field("parameters", JSONPATH), "ResultSelector": TEMPLATE, "ResultPath": PLACE,
    "Output": _seeing(OUTPUT, "result"), "Assign": _seeing(ASSIGN, "result"),
    "Retry": _objects("Retrier", 0), "Catch": _objects("Catcher", 0),
}  # fmt: skip
_NEXT = Group(("Next", "End"))
_S3 = {"Parameters": TEMPLATE, "Arguments": ARGUMENTS}
_READERS, _WRITERS = ("s3:getObject", "s3:listObjectsV2"), ("s3:putObject",)


def _operand(name: str) -> Field:
    """What a comparison operator of a Choice rule compares with."""
    if name.endswith("Path"):
        return REFERENCE
    kinds = {"String": "told", "Numeric": "number", "Timestamp": "timestamp"}
    kind = next((kind for prefix, kind in kinds.items() if name.startswith(prefix)), "flag")
    low = -sys.float_info.max if kind == "number" else 0
    return Field(kind, JSONPATH, low=low)


_RULES = replace(_objects("InnerRule"), language=JSONPATH)
_COMBINERS = {"And": _RULES, "Or": _RULES, "Not": Field("object", JSONPATH, "InnerRule")}
_RULE = {
    "Comment": TEXT,
    "Variable": REFERENCE,
    **_COMBINERS,
    **{name: _operand(name) for name in sorted(OPERATORS)},
}
_RULE_GROUPS = (
    Group((*_COMBINERS, *sorted(OPERATORS)), language=JSONPATH,
          message="A choice rule has exactly one comparison operator"),
    Group(("Variable", *_COMBINERS), language=JSONPATH),
)  # fmt: skip
_GRAPH = {"Comment": TEXT, "StartAt": TEXT, "States": Field("states")}

STATE_TYPES: dict[str, Shape] = {
    "Pass": Shape({**_STATE, **_MOVES, **_PATHS, **_PLAIN, "Parameters": Field("parameters", JSONPATH),
                   "Result": Field("static", JSONPATH), "ResultPath": PLACE}, groups=(_NEXT,)),
    "Task": Shape({**_STATE, **_MOVES, **_RESULT, "Arguments": ARGUMENTS, "Resource": RESOURCE,
                   "Credentials": COMPUTED, **_number("TimeoutSeconds", 1, SECONDS_MAX),
                   **_number("HeartbeatSeconds", 1, SECONDS_MAX)}, ("Resource",), (_NEXT,)),
    "Choice": Shape({**_STATE, **_PATHS, **_PLAIN, "Choices": _objects("Rule"), "Default": TEXT}, ("Choices",)),
    "Wait": Shape({**_STATE, **_MOVES, **_PATHS, **_PLAIN, **_number("Seconds", 0, SECONDS_MAX),
                   "Timestamp": TIMESTAMP, "TimestampPath": REFERENCE},
                  groups=(_NEXT, Group(("Seconds", "SecondsPath", "Timestamp", "TimestampPath")))),
    "Succeed": Shape({**_STATE, **_PATHS, "Output": OUTPUT}),
    "Fail": Shape({**_STATE, "Error": TOLD, "Cause": TOLD,
                   "ErrorPath": Field("text_path", JSONPATH), "CausePath": Field("text_path", JSONPATH)}),
    "Parallel": Shape({**_STATE, **_MOVES, **_RESULT, "Arguments": ARGUMENTS, "Branches": _objects("Branch")},
                      ("Branches",), (_NEXT,)),
    "Map": Shape({**_STATE, **_MOVES, **_RESULT, "Items": Field("items", JSONATA), "ItemsPath": REFERENCE,
                  "ItemSelector": COMPUTED, "ItemProcessor": Field("object", shape="ItemProcessor"),
                  "Iterator": Field("object", shape="ItemProcessor"), "Label": Field("label"),
                  "ItemReader": Field("object", shape="ItemReader"),
                  "ItemBatcher": Field("object", shape="ItemBatcher"),
                  "ResultWriter": Field("object", shape="ResultWriter"), **_limit("MaxConcurrency", 0),
                  **_limit("ToleratedFailureCount", 0), **_limit("ToleratedFailurePercentage", 0, 100, "number")},
                 groups=(_NEXT, Group(("ItemProcessor", "Iterator")), Group(("Parameters", "ItemSelector"), 0))),
}  # fmt: skip

SHAPES: dict[str, Shape] = {
    **STATE_TYPES,
    "Machine": Shape({**_GRAPH, "QueryLanguage": _STATE["QueryLanguage"], "Version": _words("1.0"),
                      "TimeoutSeconds": _fixed(1, SECONDS_MAX)}, ("StartAt", "States")),
    "Branch": Shape(_GRAPH, ("StartAt", "States")),
    "ItemProcessor": Shape({**_GRAPH, "ProcessorConfig": Field("object", shape="ProcessorConfig")},
                           ("StartAt", "States")),
    "ProcessorConfig": Shape({"Mode": _words("INLINE", "DISTRIBUTED"), "ExecutionType": _words("STANDARD", "EXPRESS")},
                             needs=(("Mode", "DISTRIBUTED", "ExecutionType"),)),
    "Rule": Shape({**_RULE, **_PLAIN, "Condition": Field("condition", JSONATA), "Next": TEXT},
                  ("Condition", "Next"), _RULE_GROUPS),
    "InnerRule": Shape(_RULE, groups=_RULE_GROUPS),
    "Retrier": Shape({"ErrorEquals": Field("errors"), "Comment": TEXT, "IntervalSeconds": _fixed(1, SECONDS_MAX),
                      "MaxAttempts": _fixed(0, SECONDS_MAX), "BackoffRate": _fixed(1, kind="number"),
                      "MaxDelaySeconds": _fixed(1, DELAY_SECONDS_MAX), "JitterStrategy": _words("FULL", "NONE")},
                     ("ErrorEquals",)),
    "Catcher": Shape({"ErrorEquals": Field("errors"), "Comment": TEXT, "Next": TEXT, "ResultPath": PLACE,
                      "Output": _seeing(OUTPUT, "errorOutput"), "Assign": _seeing(ASSIGN, "errorOutput")},
                     ("ErrorEquals", "Next")),
    "ItemReader": Shape({**_S3, "Resource": Field("resource", words=_READERS),
                         "ReaderConfig": Field("object", shape="ReaderConfig")}, ("Resource",)),
    "ReaderConfig": Shape({"InputType": _words("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET"),
                           "Transformation": _words("NONE", "LOAD_AND_FLATTEN"), "ItemsPointer": TEXT,
                           "CSVDelimiter": _words("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"),
                           "CSVHeaderLocation": _words("FIRST_ROW", "GIVEN"), "CSVHeaders": Field("texts"),
                           "ManifestType": _words("ATHENA_DATA", "S3_INVENTORY"),
                           **_limit("MaxItems", 0, 100_000_000)},
                          needs=(("InputType", "CSV", "CSVHeaderLocation"),
                                 ("CSVHeaderLocation", "GIVEN", "CSVHeaders"))),
    "ItemBatcher": Shape({**_limit("MaxItemsPerBatch", 0), **_limit("MaxInputBytesPerBatch", 0, 262_144),
                          "BatchInput": COMPUTED},
                         groups=(Group(("MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch",
                                        "MaxInputBytesPerBatchPath"), most=4),)),
    "ResultWriter": Shape({**_S3, "Resource": Field("resource", words=_WRITERS),
                           "WriterConfig": Field("object", shape="WriterConfig")}),
    "WriterConfig": Shape({"OutputType": _words("JSON", "JSONL"),
                           "Transformation": _words("NONE", "COMPACT", "FLATTEN")}),
}  # fmt: skip
