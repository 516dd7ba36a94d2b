"""Map states, inline and distributed."""

import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rimedio.asl import (
    Description,
    Engine,
    ExecutionDoesNotExist,
    Machine,
    TaskContext,
    TaskFailed,
    VirtualClock,
)
from rimedio.asl.integrations.objects import MemoryStore, objects

ASK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
WORK = "arn:aws:lambda:local:000000000000:function:work"
GET, LIST, PUT = (f"arn:aws:states:::s3:{action}" for action in ("getObject", "listObjectsV2", "putObject"))
MODES = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
THRESHOLD = "States.ExceedToleratedFailureThreshold"
FIRST_ROW = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}
WRITER = {"Resource": PUT, "Parameters": {"Bucket": "b", "Prefix": "out"}}


def run(
    state: dict[str, Any],
    given: Any = None,
    *,
    distributed: bool = True,
    store: MemoryStore | None = None,
    work: Callable[[Any, TaskContext], Any] | None = None,
    language: str = "JSONPath",
    inner: dict[str, Any] | None = None,
) -> tuple[Engine, Description]:
    """A machine of one Map whose processor is a Pass, or a Task where there is `work`."""
    task = {"Type": "Task", "Resource": WORK, "End": True} if work else {"Type": "Pass", "End": True}
    config = MODES if distributed else {"Mode": "INLINE"}
    processor = {"ProcessorConfig": config, "StartAt": "I", "States": {"I": inner or task}}
    states = {"M": {"Type": "Map", "ItemProcessor": processor, "End": True, **state}}
    engine = Engine(handlers={WORK: work, **objects(store or MemoryStore())}, clock=VirtualClock())  # type: ignore[dict-item]
    machine = Machine.parse({"QueryLanguage": language, "StartAt": "M", "States": states})
    return engine, engine.run(engine.start(machine, given))


def read(body: str | bytes, config: dict[str, Any]) -> Description:
    """A Map over an object with this content."""
    store = MemoryStore()
    store.put("b", "o", body)
    reader = {"Resource": GET, "ReaderConfig": config, "Parameters": {"Bucket": "b", "Key": "o"}}
    return run({"ItemReader": reader}, {}, store=store)[1]


def fails_on(*items: Any) -> Callable[[Any, TaskContext], Any]:
    def work(payload: Any, _: TaskContext) -> Any:
        if payload in items:
            raise TaskFailed("Bad", str(payload))
        return payload

    return work


def kinds(engine: Engine, found: Description) -> list[str]:
    return [str(event["type"]) for event in engine.history(found.execution_id)]


def chain(engine: Engine, found: Description) -> list[tuple[str, int]]:
    return [(event.type, event.previous) for event in engine.journal.events(found.execution_id)]


# -- items


def test_results_keep_the_order_of_the_items() -> None:
    _, found = run({"ItemsPath": "$.l", "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value",
                    "from.$": "$$.Map.Item.Source", "all.$": "$.k"}}, {"l": ["a", "b"], "k": 1}, distributed=False)  # fmt: skip
    same = {"from": "STATE_DATA", "all": 1}
    assert found.output == [{"i": 0, "v": "a", **same}, {"i": 1, "v": "b", **same}]


def test_no_items_give_no_results() -> None:
    for distributed in (False, True):
        assert run({}, [], distributed=distributed)[1].output == []


@pytest.mark.parametrize("value", [None, True, 1, "s", {"a": 1}])
def test_what_is_no_array_gives_an_inline_map_no_items(value: Any) -> None:
    engine, found = run({"ItemsPath": "$.x"}, {"x": value}, distributed=False)
    assert (found.error, str(found.cause)[-47:]) == (
        "States.Runtime",
        'id #2). Reference path "$.x" must point to array.'[-47:],
    )
    assert kinds(engine, found)[1:] == ["MapStateEntered", "ExecutionFailed"]
    engine, found = run({"Items": "{% $states.input %}"}, value, distributed=False, language="JSONata")
    if value is not None:  # no input at all is an empty object
        assert found.error == "States.QueryEvaluationError"
        assert str(found.cause).endswith(f"for value: {json.dumps(value, separators=(',', ':'))}")
        assert kinds(engine, found)[2:] == ["EvaluationFailed", "MapStateFailed", "ExecutionFailed"]


def test_the_input_of_a_map_is_told_without_a_place_when_it_is_no_array() -> None:
    engine, found = run({}, 3, distributed=False, language="JSONata")
    assert str(found.cause).endswith("Map state input must be an array but was: 3")
    told = engine.journal.events(found.execution_id)[2].details
    assert (told["state"], "location" in told) == ("M", False)


@pytest.mark.parametrize(
    ("field", "value", "cause"),
    [
        ("MaxConcurrency", "many", 'The MaxConcurrencyPath field refers to value "many" which is not a valid integer: $.n'),
        ("MaxConcurrency", 1.5, 'The MaxConcurrencyPath field refers to value "1.5" which is not a valid integer: $.n'),
        ("MaxConcurrency", 0, None),
        ("ToleratedFailureCount", {}, 'The ToleratedFailureCountPath field refers to value "{}" which is not a valid integer: $.n'),
        ("ToleratedFailureCount", None, 'The ToleratedFailureCountPath field refers to value "null" which is not a valid integer: $.n'),
        ("ToleratedFailureCount", -1, "ToleratedFailureCount cannot be negative."),
        ("ToleratedFailureCount", 100, None),
        ("ToleratedFailurePercentage", "50", 'The ToleratedFailurePercentagePath field refers to value "50" which is not a valid float: $.n'),
        ("ToleratedFailurePercentage", 100.1, "ToleratedFailurePercentage must be between 0 and 100."),
        ("ToleratedFailurePercentage", -1, "ToleratedFailurePercentage must be between 0 and 100."),
        ("ToleratedFailurePercentage", 50.5, None),
    ],
)  # fmt: skip
def test_limits_out_of_the_input_are_checked(field: str, value: Any, cause: str | None) -> None:
    engine, found = run({"ItemsPath": "$.l", f"{field}Path": "$.n"}, {"l": [1], "n": value})
    if cause is None:
        assert found.output == [1]
        return
    place = "An error occurred while executing the state 'M' (entered at the event id #2). "
    assert (found.error, found.cause) == ("States.Runtime", place + cause)
    # The concurrency belongs to the state, the tolerance to the run that has begun.
    assert ("MapStateStarted" in kinds(engine, found)) == (field != "MaxConcurrency")


def test_the_members_of_an_object_are_items_of_a_distributed_map() -> None:
    selector = {
        "k.$": "$$.Map.Item.Key",
        "v.$": "$$.Map.Item.Value",
        "from.$": "$$.Map.Item.Source",
        "i.$": "$$.Map.Item.Index",
    }
    assert run({}, {"a": 1, "b": 2})[1].output == [{"Key": "a", "Value": 1}, {"Key": "b", "Value": 2}]
    _, found = run({"ItemSelector": selector}, {"a": 1, "b": 2})
    assert found.output[1] == {"k": "b", "v": 2, "from": "STATE_DATA", "i": 1}  # type: ignore[index,call-overload]


# -- events


def test_concurrency_is_limited() -> None:
    engine, found = run({"MaxConcurrency": 1}, [1, 2, 3], distributed=False)
    told = kinds(engine, found)
    starts = [i for i, kind in enumerate(told) if kind == "MapIterationStarted"]
    ends = [i for i, kind in enumerate(told) if kind == "MapIterationSucceeded"]
    assert all(end < start for end, start in zip(ends, starts[1:], strict=False))


def test_what_is_told_of_an_iteration_is_no_link_of_the_chain() -> None:
    engine, found = run({"MaxConcurrency": 1}, [1, 2], distributed=False)
    assert chain(engine, found)[2:] == [
        ("MapStateStarted", 2),
        ("MapIterationStarted", 3),
        ("PassStateEntered", 4),
        ("PassStateExited", 5),
        ("MapIterationSucceeded", 6),
        ("MapIterationStarted", 6),
        ("PassStateEntered", 8),
        ("PassStateExited", 9),
        ("MapIterationSucceeded", 10),
        ("MapStateSucceeded", 11),
        ("MapStateExited", 11),
        ("ExecutionSucceeded", 13),
    ]


def test_an_inline_map_fails_with_its_items_error_and_aborts_the_others() -> None:
    nap = {"Type": "Wait", "Seconds": 9, "End": True}
    fork = {
        "Type": "Parallel",
        "Branches": [
            {"StartAt": "N", "States": {"N": nap}},
            {"StartAt": "F", "States": {"F": {"Type": "Fail"}}},
        ],
        "End": True,
    }
    assert run({}, [1, 2], distributed=False, work=fails_on(2))[1].error == "Bad"
    engine, found = run({}, [1], distributed=False, inner=fork)
    assert (found.status, found.error) == ("FAILED", None)
    assert chain(engine, found)[4:] == [
        ("ParallelStateEntered", 4),
        ("ParallelStateStarted", 5),
        ("WaitStateEntered", 6),
        ("FailStateEntered", 6),
        ("WaitStateAborted", 7),
        ("ParallelStateFailed", 8),
        ("MapIterationFailed", 10),
        ("MapStateFailed", 10),
        ("ExecutionFailed", 12),
    ]


def test_a_map_run_beside_a_failing_branch_is_aborted() -> None:
    processor = {
        "ProcessorConfig": MODES,
        "StartAt": "W",
        "States": {"W": {"Type": "Wait", "Seconds": 9, "End": True}},
    }
    each = {"Type": "Map", "ItemProcessor": processor, "End": True}
    fail = {"A": {"Type": "Wait", "Seconds": 1, "Next": "F"}, "F": {"Type": "Fail", "Error": "E"}}
    branches = [{"StartAt": "D", "States": {"D": each}}, {"StartAt": "A", "States": fail}]
    engine = Engine(clock=VirtualClock())
    states = {"P": {"Type": "Parallel", "Branches": branches, "End": True}}
    found = engine.run(engine.start(Machine.parse({"StartAt": "P", "States": states}), [1, 2]))
    assert kinds(engine, found)[-5:] == [
        "FailStateEntered", "MapRunAborted", "MapStateAborted", "ParallelStateFailed", "ExecutionFailed",
    ]  # fmt: skip
    (map_run,) = engine.map_runs(found.execution_id)
    assert (map_run.status, map_run.executions["aborted"]) == ("ABORTED", 2)
    children = engine.list_executions(map_run=map_run.arn)
    assert [child.status for child in children] == ["ABORTED", "ABORTED"]


# -- reading


@pytest.mark.parametrize(
    ("config", "body", "items"),
    [
        ({"InputType": "JSON"}, '[{"a": 1}, 2]', [{"a": 1}, 2]),
        ({"InputType": "JSON", "ItemsPointer": "/x/y"}, '{"x": {"y": [3]}}', [3]),
        ({"InputType": "JSON"}, '{"k": 1}', [{"Key": "k", "Value": 1}]),
        ({"InputType": "JSON", "MaxItems": 1}, "[1, 2, 3]", [1]),
        ({"InputType": "JSON", "MaxItems": 0}, "[1, 2, 3]", [1, 2, 3]),
        ({"InputType": "JSONL"}, '{"a": 1}\n\n[2]\n"\u2028"', [{"a": 1}, [2], "\u2028"]),
        ({"InputType": "JSONL"}, gzip.compress(b'{"a": 1}\n', mtime=0), [{"a": 1}]),
        (FIRST_ROW, 'a,b\n1,"x,y"\n2\n3,4,5\n', [{"a": "1", "b": "x,y"}, {"a": "2", "b": ""}, {"a": "3", "b": "4"}]),
        (FIRST_ROW, '\ufeffa,b\r\n"1\n2","""q"""\r\n\r\n', [{"a": "1\n2", "b": '"q"'}]),
        (FIRST_ROW, "0,True,{}\nx,1,\n", [{"0": "x", "True": "1", "{}": ""}]),
        (FIRST_ROW, "", []),
        ({**FIRST_ROW, "CSVDelimiter": "SEMICOLON"}, "a;b\n1;2", [{"a": "1", "b": "2"}]),
        (FIRST_ROW, 'p,q\n"x, ""y""\n",{""K"":""V""}\n', [{"p": 'x, "y"\n', "q": '{"K":"V"}'}]),
        (FIRST_ROW, 'p,q\r\nC:\\\\a\\b,1\\,2\r\n\r\n"",\\"z\\"', [{"p": "C:\\ab", "q": "1,2"}, {"p": "", "q": '"z"'}]),
        (FIRST_ROW, 'p\n""""\n"a"b\n5" long\n"open', [{"p": '"'}, {"p": "ab"}, {"p": '5" long'}, {"p": "open"}]),
        ({**FIRST_ROW, "CSVDelimiter": "PIPE"}, "p\n1\\|2,3", [{"p": "1|2,3"}]),
        ({**FIRST_ROW, "CSVDelimiter": "SPACE"}, "a b\n1 2", [{"a": "1", "b": "2"}]),
        ({**FIRST_ROW, "CSVDelimiter": "TAB", "MaxItems": 1}, "a\tb\n1\t2\n3\t4", [{"a": "1", "b": "2"}]),
        ({"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["h"], "CSVDelimiter": "PIPE"}, "1|2\n", [{"h": "1"}]),
    ],
)  # fmt: skip
def test_items_are_read_from_an_object(config: dict[str, Any], body: str | bytes, items: list[Any]) -> None:
    assert read(body, config).output == items


@pytest.mark.parametrize(
    ("config", "body", "cause"),
    [
        ({"InputType": "JSON"}, "{", "Attempting to parse the JSON object failed"),
        ({"InputType": "JSON"}, "3", "Attempting to map over non-iterable node."),
        ({"InputType": "JSON", "ItemsPointer": "/x"}, "{}", "The ItemsPointer '/x' points at nothing."),
        ({"InputType": "JSONL"}, "1\n{", "Attempting to parse the JSONL object failed"),
        (FIRST_ROW, "h,h\n1,2", "CSV headers cannot contain duplicates."),
        ({"InputType": "JSONL"}, b"\x28\xb5\x2f\xfd\x04", "The object is compressed with ZSTD, which is not read here; use GZIP."),
        ({"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["h", "h"]}, "1", "CSV headers cannot contain duplicates."),
        ({"InputType": "MANIFEST"}, "[]", "The object is no manifest of an S3 inventory"),
        ({"InputType": "MANIFEST"}, '{"fileFormat": "ORC"}', "The inventory's format is ORC; only CSV is supported."),
        ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "ManifestType": "ATHENA_DATA"}, "here", "'here' in the Athena manifest"),
        ({"InputType": "PARQUET"}, "x", ("Reading PARQUET needs the package", "Attempting to parse the PARQUET")),
    ],
)  # fmt: skip
def test_what_cannot_be_read_fails_the_map_run(
    config: dict[str, Any], body: str | bytes, cause: str | tuple[str, ...]
) -> None:
    found = read(body, config)
    assert found.error == "States.ItemReaderFailed"
    assert str(found.cause).startswith(cause)


def test_rows_of_parquet_are_items() -> None:
    parquet = pytest.importorskip(
        "pyarrow.parquet", reason="pyarrow is not installed: pip install rimedio[parquet]"
    )
    import pyarrow as pa

    file = io.BytesIO()
    columns = {
        "id": [1, 2],
        "at": [datetime(2026, 1, 1, tzinfo=UTC), None],
        "x": [1.5, None],
        "tags": [["a"], []],
    }
    parquet.write_table(pa.table(columns), file)
    first, second = read(file.getvalue(), {"InputType": "PARQUET"}).output  # type: ignore[misc]
    assert first == {"id": 1, "at": "2026-01-01 00:00:00+00:00", "x": 1.5, "tags": ["a"]}
    assert second == {"id": 2, "at": None, "x": None, "tags": []}


def test_a_missing_object_fails_the_reader() -> None:
    reader = {
        "Resource": GET,
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "b", "Key": "gone"},
    }
    engine, found = run({"ItemReader": reader}, {})
    assert (found.error, found.cause) == (
        "States.ItemReaderFailed",
        "The specified key does not exist: b/gone.",
    )
    assert kinds(engine, found)[2:] == [
        "MapStateStarted", "MapRunStarted", "MapRunFailed", "MapStateFailed", "ExecutionFailed",
    ]  # fmt: skip
    assert engine.map_runs(found.execution_id)[0].status == "FAILED"


@pytest.mark.parametrize(
    ("most", "told"), [(-1, "field MaxItems must be positive"), (0, 4), (2, 2), (100_000_001, 4)]
)
def test_the_most_items_may_come_from_the_input(most: int, told: str | int) -> None:
    store = MemoryStore()
    store.put("b", "o", "n\n1\n2\n3\n4\n")
    config = {**FIRST_ROW, "MaxItemsPath": "$.most"}
    reader = {"Resource": GET, "ReaderConfig": config, "Parameters": {"Bucket": "b", "Key.$": "$.key"}}
    _, found = run({"ItemReader": reader}, {"key": "o", "most": most}, store=store)
    if isinstance(told, str):
        assert (found.error, found.cause) == ("States.ItemReaderFailed", told)
    else:
        assert found.output == [{"n": str(n + 1)} for n in range(told)]


@pytest.mark.parametrize("path", ["$[0]", "$.from_previous", "$.no_such_path"])
def test_where_there_is_a_reader_the_path_to_the_items_means_nothing(path: str) -> None:
    store = MemoryStore()
    store.put("b", "o", '[["x"]]')
    reader = {
        "Resource": GET,
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "b", "Key": "o"},
    }
    _, found = run({"ItemReader": reader, "ItemsPath": path}, {"from_previous": [1]}, store=store)
    assert found.output == [["x"]]


def test_a_listing_is_read_page_after_page_and_its_objects_can_be_loaded() -> None:
    store = MemoryStore()
    for number in range(1_002):
        store.put("b", f"in/{number:04}.json", f"[{number}]")
    store.put("b", "in/", "")
    store.put("b", "other", "[9]")
    reader = {"Resource": LIST, "Parameters": {"Bucket": "b", "Prefix": "in/"}}
    pick = {"ItemSelector": {"of.$": "$$.Map.Item.Source", "v.$": "$$.Map.Item.Value"}}
    _, found = run({"ItemReader": {**reader, "ReaderConfig": {"MaxItems": 2}}, **pick}, {}, store=store)
    rows: Any = found.output
    assert [(row["of"], row["v"]["Key"], row["v"]["Size"]) for row in rows] == [
        ("S3://b", "in/", 0),
        ("S3://b", "in/0000.json", 3),
    ]
    assert isinstance(rows[1]["v"]["LastModified"], int)
    assert rows[1]["v"]["Etag"].startswith('"')
    config = {"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN"}
    _, found = run({"ItemReader": {**reader, "ReaderConfig": config}, **pick}, {}, store=store)
    assert found.output[-1] == {"of": "S3://b/in/1001.json", "v": 1001}  # type: ignore[index,call-overload]
    assert len(found.output) == 1_002  # type: ignore[arg-type]


def test_manifests_name_the_objects_that_hold_the_items() -> None:
    store = MemoryStore()
    inventory = {
        "destinationBucket": "arn:aws:s3:::lists",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "d/1.csv.gz"}, {"key": "d/2.csv.gz"}],
    }
    store.put("b", "manifest.json", json.dumps(inventory))
    store.put("lists", "d/1.csv.gz", gzip.compress(b'"b","x","1"\n'))
    store.put("lists", "d/2.csv.gz", gzip.compress(b'"b","y","2"\n'))
    store.put("b", "athena", "s3://lists/u/1\ns3://lists/u/2\n")
    store.put("lists", "u/1", '{"a": 1}\n{"a": 2}\n')
    store.put("lists", "u/2", '{"a": 3}\n')

    def items(key: str, config: dict[str, Any]) -> Any:
        reader = {"Resource": GET, "ReaderConfig": config, "Parameters": {"Bucket": "b", "Key": key}}
        return run({"ItemReader": reader}, {}, store=store)[1].output

    rows = [{"Bucket": "b", "Key": "x", "Size": "1"}, {"Bucket": "b", "Key": "y", "Size": "2"}]
    assert items("manifest.json", {"InputType": "MANIFEST"}) == rows
    config = {"InputType": "JSONL", "ManifestType": "ATHENA_DATA"}
    assert items("athena", config) == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert items("athena", {**config, "MaxItems": 1}) == [{"a": 1}]


# -- batches, failures


def test_items_are_batched_with_an_input_of_their_own() -> None:
    batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"day.$": "$.day"}}
    _, found = run({"ItemsPath": "$.l", "ItemBatcher": batcher}, {"l": [1, 2, 3], "day": "Mon"})
    assert found.output == [
        {"BatchInput": {"day": "Mon"}, "Items": [1, 2]},
        {"BatchInput": {"day": "Mon"}, "Items": [3]},
    ]
    _, found = run({"ItemBatcher": {"MaxInputBytesPerBatch": 16}}, ["aa", "bb", "c"])
    assert found.output == [{"Items": ["aa"]}, {"Items": ["bb"]}, {"Items": ["c"]}]


@pytest.mark.parametrize(
    ("tolerance", "status"),
    [
        ({}, "FAILED"),
        ({"ToleratedFailureCount": 1}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 24}, "FAILED"),
        ({"ToleratedFailurePercentage": 25}, "SUCCEEDED"),
        ({"ToleratedFailureCount": 0, "ToleratedFailurePercentage": 100}, "FAILED"),
        ({"ToleratedFailureCount": 1, "ItemBatcher": {"MaxItemsPerBatch": 2}}, "FAILED"),
        ({"ToleratedFailureCount": 2, "ItemBatcher": {"MaxItemsPerBatch": 2}}, "SUCCEEDED"),
    ],
)
def test_so_many_failed_items_are_tolerated(tolerance: dict[str, Any], status: str) -> None:
    _, found = run(tolerance, [1, 2, 3, 4], work=fails_on(2, {"Items": [1, 2]}))
    assert found.status == status
    if status == "FAILED":
        assert (found.error, found.cause) == (
            THRESHOLD,
            "The specified tolerated failure threshold was exceeded",
        )
    else:
        assert found.output == ([{"Items": [3, 4]}] if "ItemBatcher" in tolerance else [1, 3, 4])


def test_child_executions_have_records_histories_and_a_context_of_their_own() -> None:
    inner = {
        "Type": "Pass",
        "Parameters": {"in.$": "$", "id.$": "$$.Execution.Id", "given.$": "$$.Execution.Input",
                       "machine.$": "$$.StateMachine.Name"},
        "End": True,
    }  # fmt: skip
    engine, found = run({"Label": "each"}, ["a", "b"], inner=inner)
    (map_run,) = engine.map_runs(found.execution_id)
    assert map_run.arn.split(":")[5:7] == ["mapRun", "StateMachine/each"]
    children = {child.execution_id: child for child in engine.list_executions(map_run=map_run.arn)}
    for told in found.output:  # type: ignore[union-attr]
        child = children[told["id"]]  # type: ignore[index,call-overload]
        assert child.output == told
        assert told == {"in": child.input, "id": child.execution_id, "given": child.input,
                        "machine": "StateMachine/each"}  # fmt: skip
        assert child.state_machine.endswith(":stateMachine:StateMachine/each")
        history = kinds(engine, child)
        assert history == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    assert "PassStateEntered" not in kinds(engine, found)


# -- results


@pytest.mark.parametrize(
    ("transformation", "told"), [("NONE", None), ("COMPACT", [[1, 2], 3]), ("FLATTEN", [1, 2, 3])]
)
def test_results_can_be_written_to_objects(transformation: str, told: Any) -> None:
    store = MemoryStore()
    config = {"Transformation": transformation, "OutputType": "JSON"}
    state = {"ResultWriter": {**WRITER, "WriterConfig": config}, "ToleratedFailureCount": 1}
    _, found = run(state, [[1, 2], 3, 4], store=store, work=fails_on(4))
    output: Any = found.output
    manifest = json.loads(store.get("b", output["ResultWriterDetails"]["Key"]))
    assert (manifest["MapRunArn"], manifest["DestinationBucket"]) == (output["MapRunArn"], "b")
    files = manifest["ResultFiles"]
    assert [len(files[status]) for status in ("SUCCEEDED", "FAILED", "PENDING")] == [1, 1, 0]
    (failed,) = json.loads(store.get("b", files["FAILED"][0]["Key"]))
    assert (failed["Input"], failed["Status"], failed["Error"], failed["Cause"]) == (
        "4",
        "FAILED",
        "Bad",
        "4",
    )
    rows = json.loads(store.get("b", files["SUCCEEDED"][0]["Key"]))
    if told is not None:
        assert rows == told
    else:
        assert [(row["Input"], row["Output"], row["RedriveStatus"]) for row in rows] == [
            ("[1,2]", "[1,2]", "NOT_REDRIVABLE"),
            ("3", "3", "NOT_REDRIVABLE"),
        ]


def test_what_a_writer_would_write_can_be_the_output() -> None:
    _, found = run({"ResultWriter": {"WriterConfig": {"Transformation": "FLATTEN"}}}, [[1], 2, [3]])
    assert found.output == [1, 2, 3]
    _, found = run({"ResultWriter": {"WriterConfig": {"Transformation": "NONE"}}}, [1])
    assert found.output[0]["Output"] == "1"  # type: ignore[index,call-overload]


def test_a_failed_map_run_writes_what_is_there_as_json_lines() -> None:
    store = MemoryStore()
    writer = {**WRITER, "WriterConfig": {"OutputType": "JSONL", "Transformation": "COMPACT"}}
    engine, found = run(
        {"ResultWriter": writer, "MaxConcurrency": 1}, [1, 2, 3], store=store, work=fails_on(2)
    )
    assert found.error == THRESHOLD
    bodies = {row.key.rpartition("/")[2]: store.get("b", row.key).decode() for row in store.list("b", "out/")}
    assert sorted(bodies) == ["FAILED_0.json", "PENDING_0.json", "SUCCEEDED_0.json", "manifest.json"]
    assert bodies["SUCCEEDED_0.json"] == "1"
    assert json.loads(bodies["PENDING_0.json"])["Input"] == "3"
    counts = engine.map_runs(found.execution_id)[0].executions
    assert [counts[name] for name in ("succeeded", "failed", "pending", "total", "resultsWritten")] == [
        1,
        1,
        1,
        3,
        3,
    ]


def test_a_redriven_map_run_repeats_only_what_failed() -> None:
    bad, done = {2}, []

    def work(payload: Any, _: TaskContext) -> Any:
        if payload in bad:
            raise TaskFailed("Bad", str(payload))
        done.append(payload)
        return payload * 10

    engine, found = run({"MaxConcurrency": 1}, [1, 2, 3], work=work)
    assert (found.error, done) == (THRESHOLD, [1])
    bad.clear()
    again = Engine(engine.journal, engine.handlers, clock=VirtualClock())
    again.redrive(found.execution_id)
    assert again.run(found.execution_id).output == [10, 20, 30]
    assert done == [1, 2, 3]
    assert kinds(again, found).count("MapRunRedriven") == 1
    (map_run,) = again.map_runs(found.execution_id)
    assert (map_run.status, map_run.redrive_count, map_run.items["succeeded"]) == ("SUCCEEDED", 1, 3)
    assert [child.status for child in again.list_executions(map_run=map_run.arn)] == ["SUCCEEDED"] * 3


def test_a_redrive_writes_results_that_could_not_be_written() -> None:
    store, done, broken = MemoryStore(), [], {"b"}

    def put(payload: Any, _: TaskContext) -> Any:
        if payload["Bucket"] in broken:
            raise TaskFailed("S3.NoSuchBucketException", "b")
        store.put("b", payload["Key"], payload["Body"])
        return {}

    def work(payload: Any, _: TaskContext) -> Any:
        done.append(payload)
        return payload

    processor = {
        "ProcessorConfig": MODES,
        "StartAt": "I",
        "States": {"I": {"Type": "Task", "Resource": WORK, "End": True}},
    }
    state = {"Type": "Map", "ItemProcessor": processor, "ResultWriter": WRITER, "End": True}
    engine = Engine(handlers={WORK: work, PUT: put}, clock=VirtualClock())
    execution = engine.start(Machine.parse({"StartAt": "M", "States": {"M": state}}), [1, 2])
    assert engine.run(execution).error == "States.ResultWriterFailed"
    broken.clear()
    engine.redrive(execution)
    assert engine.run(execution).status == "SUCCEEDED"
    assert sorted(done) == [1, 2]
    assert len(list(store.list("b", "out/"))) == 2


# -- limits that change


def test_limits_of_a_map_run_can_change_while_it_runs() -> None:
    tokens: list[str] = []

    def work(_: Any, context: TaskContext) -> Any:
        tokens.append(str(context.token))
        return None

    task = {
        "Type": "Task",
        "Resource": f"{WORK}.waitForTaskToken",
        "Parameters": {"token.$": "$$.Task.Token"},
        "End": True,
    }
    engine = Engine(handlers={WORK: work}, clock=VirtualClock())
    processor = {"ProcessorConfig": MODES, "StartAt": "I", "States": {"I": task}}
    each = {"Type": "Map", "ItemProcessor": processor, "MaxConcurrency": 1, "End": True}
    execution = engine.start(Machine.parse({"StartAt": "M", "States": {"M": each}}), [1, 2, 3, 4])
    engine.run_until_idle(wait=False)
    (map_run,) = engine.map_runs(execution)
    assert (len(tokens), map_run.items["running"], map_run.items["pending"]) == (1, 1, 3)
    assert engine.update_map_run(map_run.arn, concurrency=2, tolerated_percentage=50)
    engine.run_until_idle(wait=False)
    map_run = engine.describe_map_run(map_run.arn)
    assert (len(tokens), map_run.concurrency, map_run.tolerated_percentage) == (2, 2, 50)
    for token in tokens:
        engine.send_task_failure(token, "Bad")
    engine.run_until_idle(wait=False)
    assert len(tokens) == 4
    assert engine.update_map_run(map_run.arn, tolerated_count=1)
    engine.run_until_idle(wait=False)
    assert engine.describe(execution).error == THRESHOLD
    map_run = engine.describe_map_run(map_run.arn)
    assert (map_run.status, map_run.executions["failed"], map_run.executions["aborted"]) == ("FAILED", 2, 2)
    assert not engine.update_map_run(map_run.arn, concurrency=1)


@pytest.mark.parametrize("execution_type", ["STANDARD", "EXPRESS"])
def test_a_redriven_child_goes_on_where_it_failed_unless_it_is_express(execution_type: str) -> None:
    bad, done = {2}, []

    def work(payload: Any, _: TaskContext) -> Any:
        done.append(payload)
        if payload in bad:
            raise TaskFailed("Bad", str(payload))
        return payload

    states = {"P": {"Type": "Pass", "Next": "T"}, "T": {"Type": "Task", "Resource": WORK, "End": True}}
    config = {"Mode": "DISTRIBUTED", "ExecutionType": execution_type}
    processor = {"ProcessorConfig": config, "StartAt": "P", "States": states}
    each = {"Type": "Map", "ItemProcessor": processor, "ToleratedFailureCount": 0, "End": True}
    engine = Engine(handlers={WORK: work}, clock=VirtualClock())
    execution = engine.start(Machine.parse({"StartAt": "M", "States": {"M": each}}), [1, 2])
    assert engine.run(execution).error == THRESHOLD
    bad.clear()
    engine = Engine(engine.journal, engine.handlers, clock=VirtualClock())
    engine.redrive(execution)
    assert engine.run(execution).output == [1, 2]
    assert done == [1, 2, 2]
    (map_run,) = engine.map_runs(execution)
    child = next(c for c in engine.list_executions(map_run=map_run.arn) if c.input == 2)
    told = kinds(engine, child)
    if execution_type == "STANDARD":
        assert child.redrive_count == 1
        assert told[:3] == ["ExecutionStarted", "PassStateEntered", "PassStateExited"]
        again = told.index("ExecutionRedriven")
        assert told[again - 1] == "ExecutionFailed"
        assert [kind for kind in told[again:] if "State" in kind] == ["TaskStateExited"]
    else:
        assert ":express:" in child.execution_id
        assert (child.redrive_count, "ExecutionRedriven" in told) == (0, False)


def test_a_redrive_goes_on_with_children_that_were_aborted_also_after_a_crash() -> None:
    tokens: list[str] = []

    def work(payload: Any, context: TaskContext) -> Any:
        tokens.append(str(context.token))
        return payload

    task = {"Type": "Task", "Resource": f"{WORK}.waitForTaskToken",
            "Parameters": {"token.$": "$$.Task.Token"}, "End": True}  # fmt: skip
    fork = {"Type": "Parallel", "Branches": [{"StartAt": "T", "States": {"T": task}}], "End": True}
    processor = {"ProcessorConfig": MODES, "StartAt": "P", "States": {"P": fork}}
    each = {"Type": "Map", "ItemProcessor": processor, "MaxConcurrency": 2, "End": True}
    engine = Engine(handlers={WORK: work}, clock=VirtualClock())
    execution = engine.start(Machine.parse({"StartAt": "M", "States": {"M": each}}), [1, 2, 3])
    engine.run_until_idle(wait=False)
    engine.send_task_failure(tokens[1], "Bad")
    engine.run_until_idle(wait=False)
    counts = engine.map_runs(execution)[0].executions
    assert (counts["aborted"], counts["failed"], counts["pending"]) == (1, 1, 1)
    engine.redrive(execution)
    counts = engine.map_runs(execution)[0].executions
    assert (counts["running"], counts["pendingRedrive"], counts["pending"], counts["aborted"]) == (2, 0, 1, 0)
    engine = Engine(engine.journal, engine.handlers, clock=VirtualClock())
    engine.resume()
    engine.run_until_idle(wait=False)
    while engine.describe(execution).status == "RUNNING":
        engine.send_task_success(tokens.pop(), "done")
        engine.run_until_idle(wait=False)
    assert engine.describe(execution).output == [["done"]] * 3
    (map_run,) = engine.map_runs(execution)
    children = engine.list_executions(map_run=map_run.arn)
    assert sorted(child.redrive_count for child in children) == [0, 1, 1]


def test_a_stopped_execution_ends_its_map_runs_and_their_children_and_a_redrive_takes_them_up() -> None:
    nap = {"Type": "Wait", "Seconds": 60, "End": True}
    inner = {
        "Type": "Map",
        "ItemProcessor": {"ProcessorConfig": MODES, "StartAt": "W", "States": {"W": nap}},
        "End": True,
    }
    processor = {"ProcessorConfig": MODES, "StartAt": "N", "States": {"N": inner}}
    each = {"Type": "Map", "ItemProcessor": processor, "MaxConcurrency": 1, "Label": "outer", "End": True}
    engine = Engine(clock=VirtualClock())
    execution = engine.start(Machine.parse({"StartAt": "M", "States": {"M": each}}), [[1, 2], [3]])
    engine.run_until_idle(wait=False)
    engine.stop(execution)
    engine.run_until_idle(wait=False)
    outer, nested = sorted(engine.map_runs(execution), key=lambda run: "/outer:" not in run.arn)
    assert (outer.status, nested.status) == ("ABORTED", "ABORTED")
    assert (outer.executions["aborted"], outer.executions["pending"], nested.executions["aborted"]) == (
        1,
        1,
        2,
    )
    engine.redrive(execution)
    assert engine.run(execution).output == [[1, 2], [3]]
    assert [run.status for run in engine.map_runs(execution)] == ["SUCCEEDED"] * 3
    engine.forget(engine.clock.now() + timedelta(seconds=1))
    assert engine.map_runs(execution) == []


def test_child_executions_that_are_under_way_are_listed_described_and_told_of() -> None:
    tokens: list[str] = []

    def work(payload: Any, context: TaskContext) -> None:
        tokens.append(str(context.token))

    task = {"Type": "Task", "Resource": ASK, "End": True}
    processor = {"ProcessorConfig": MODES, "StartAt": "T", "States": {"T": task}}
    each = {"Type": "Map", "ItemProcessor": processor, "Label": "each", "MaxConcurrency": 2, "End": True}
    engine = Engine(handlers={ASK: work}, clock=VirtualClock())
    execution = engine.start(
        Machine.parse({"StartAt": "M", "States": {"M": each}}, "orders"), ["a", "b", "c"]
    )
    engine.run_until_idle(wait=False)
    engine.send_task_failure(tokens[0], "Bad")
    engine.run_until_idle(wait=False)
    (map_run,) = engine.map_runs(execution)
    assert map_run.status == "FAILED"
    engine.redrive(execution)
    engine.run_until_idle(wait=False)
    found = engine.list_executions(map_run=map_run.arn)
    assert [child.status for child in found] == ["RUNNING", "RUNNING"]
    assert found == engine.list_executions(map_run=map_run.arn, status="RUNNING")
    first = engine.describe(found[-1].execution_id)
    assert (first.input, first.redrive_count, first.map_run) == ("a", 1, map_run.arn)
    assert first.state_machine.endswith(":stateMachine:orders/each")
    told = [event["type"] for event in engine.history(first.execution_id)]
    assert told[-4:] == ["ExecutionRedriven", "TaskScheduled", "TaskStarted", "TaskSubmitted"]
    onlooker = Engine(engine.journal)
    assert onlooker.describe(first.execution_id).status == "RUNNING"
    while engine.describe(execution).status == "RUNNING":
        engine.send_task_success(tokens.pop(), "done")
        engine.run_until_idle(wait=False)
    ended = engine.list_executions(map_run=map_run.arn)
    assert [child.status for child in ended] == ["SUCCEEDED"] * 3
    assert {child.execution_id for child in found} < {child.execution_id for child in ended}
    with pytest.raises(ExecutionDoesNotExist):
        engine.describe(f"{first.execution_id}x")


def test_an_inline_map_reads_no_items() -> None:
    reader = {"Resource": GET, "Parameters": {"Bucket": "b", "Key": "k"}}
    _, found = run({"ItemReader": reader}, {}, distributed=False)
    assert found.error == "States.ItemReaderFailed"
    assert "DISTRIBUTED" in str(found.cause)


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"ItemSelector": {"a": "{% $nope %}"}}, {"pending": 2}),
        (
            {
                "ItemSelector": {"a": "{% $states.context.Map.Item.Index = 1 ? $nope : 1 %}"},
                "MaxConcurrency": 1,
            },
            {"pending": 1, "succeeded": 1},
        ),
        ({"ItemBatcher": {"MaxItemsPerBatch": "{% 0 %}"}}, {}),
    ],
)
def test_a_map_run_that_cannot_give_its_items_out_has_failed(
    fields: dict[str, Any], counts: dict[str, int]
) -> None:
    engine, found = run(fields, [1, 2], language="JSONata")
    assert found.error == "States.QueryEvaluationError"
    (map_run,) = engine.map_runs(found.execution_id)
    assert (map_run.status, map_run.stopped) == ("FAILED", found.stopped)
    assert {key: count for key, count in map_run.executions.items() if count and key != "total"} == counts


def test_a_map_run_has_succeeded_although_the_output_of_its_state_fails() -> None:
    engine, found = run({"Output": "{% $nope %}"}, [1], language="JSONata")
    assert found.error == "States.QueryEvaluationError"
    assert [each.status for each in engine.map_runs(found.execution_id)] == ["SUCCEEDED"]


def test_a_map_run_inside_an_aborted_child_execution_is_aborted_with_its_children() -> None:
    nap = {
        "ProcessorConfig": MODES,
        "StartAt": "N",
        "States": {"N": {"Type": "Wait", "Seconds": 60, "End": True}},
    }
    states = {
        "C": {
            "Type": "Choice",
            "Choices": [{"Variable": "$", "IsNumeric": True, "Next": "W"}],
            "Default": "M",
        },
        "W": {"Type": "Wait", "Seconds": 1, "Next": "F"},
        "F": {"Type": "Fail", "Error": "Bad"},
        "M": {"Type": "Map", "ItemProcessor": nap, "Label": "inner", "End": True},
    }
    outer = {"ProcessorConfig": MODES, "StartAt": "C", "States": states}
    each = {"Type": "Map", "ItemProcessor": outer, "Label": "outer", "End": True}
    engine = Engine(clock=VirtualClock())
    execution = engine.start(Machine.parse({"StartAt": "O", "States": {"O": each}}), [1, ["a", "b"]])
    assert engine.run(execution).error == THRESHOLD
    runs = {run.arn.split(":")[-2].rpartition("/")[2]: run for run in engine.map_runs(execution)}
    assert (runs["outer"].status, runs["inner"].status) == ("FAILED", "ABORTED")
    inner = engine.list_executions(map_run=runs["inner"].arn)
    assert [child.status for child in inner] == ["ABORTED", "ABORTED"]
    stopped = next(
        child for child in engine.list_executions(map_run=runs["outer"].arn) if child.status == "ABORTED"
    )
    assert kinds(engine, stopped)[-2:] == ["MapRunAborted", "ExecutionAborted"]
    engine.redrive(execution)
    assert engine.run(execution).error == THRESHOLD
    assert {run.status for run in engine.map_runs(execution)} == {"FAILED", "ABORTED"}
