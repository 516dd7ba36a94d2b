"""Map states, inline and distributed."""

import json
from typing import Any

import pytest

from rimedio.asl import Description, Engine, Machine, MemoryJournal, TaskContext, TaskFailed, VirtualClock

WORK = "arn:aws:lambda:local:000000000000:function:work"
READ = "arn:aws:states:::s3:getObject"
WRITE = "arn:aws:states:::s3:putObject"


class Bucket:
    """S3 as far as a Map needs it."""

    def __init__(self, **objects: str) -> None:
        self.objects = objects

    def get(self, payload: Any, _: TaskContext) -> Any:
        return {"Body": self.objects[payload["Key"]]}

    def put(self, payload: Any, _: TaskContext) -> Any:
        self.objects[payload["Key"]] = payload["Body"]


def run(
    state: dict[str, Any],
    given: Any = None,
    *,
    distributed: bool = True,
    bucket: Bucket | None = None,
    work: Any = None,
) -> tuple[Engine, Description]:
    mode = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"} if distributed else {"Mode": "INLINE"}
    inner = {"Type": "Task", "Resource": WORK, "End": True} if work else {"Type": "Pass", "End": True}
    processor = {"ProcessorConfig": mode, "StartAt": "I", "States": {"I": inner}}
    states = {"M": {"Type": "Map", "ItemProcessor": processor, "End": True, **state}}
    bucket = bucket or Bucket()
    engine = Engine(MemoryJournal(), {WORK: work, READ: bucket.get, WRITE: bucket.put}, clock=VirtualClock())
    execution = engine.start(Machine.parse({"StartAt": "M", "States": states}), given)
    return engine, engine.run(execution)


def fails_on(*items: Any) -> Any:
    def work(payload: Any, _: TaskContext) -> Any:
        if payload in items:
            raise TaskFailed("Bad", str(payload))
        return payload

    return work


def test_results_keep_the_order_of_the_items() -> None:
    _, found = run({"ItemsPath": "$.l", "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value",
                    "all.$": "$.k"}}, {"l": ["a", "b"], "k": 1}, distributed=False)  # fmt: skip
    assert found.output == [{"i": 0, "v": "a", "all": 1}, {"i": 1, "v": "b", "all": 1}]


def test_no_items_give_no_results() -> None:
    for distributed in (False, True):
        assert run({}, [], distributed=distributed)[1].output == []


def test_concurrency_is_limited() -> None:
    engine, found = run({"MaxConcurrency": 1}, [1, 2, 3], distributed=False)
    kinds = [event["type"] for event in engine.history(found.execution_id)]
    starts = [i for i, kind in enumerate(kinds) if kind == "MapIterationStarted"]
    ends = [i for i, kind in enumerate(kinds) if kind == "MapIterationSucceeded"]
    assert all(end < start for end, start in zip(ends, starts[1:], strict=False))


def test_an_inline_map_fails_with_its_items_error() -> None:
    _, found = run({}, [1, 2], distributed=False, work=fails_on(2))
    assert (found.error, found.cause) == ("Bad", "2")


@pytest.mark.parametrize(
    ("config", "body", "items"),
    [
        ({"InputType": "JSON"}, '[{"a": 1}, 2]', [{"a": 1}, 2]),
        ({"InputType": "JSON", "ItemsPointer": "/x/y"}, '{"x": {"y": [3]}}', [3]),
        ({"InputType": "JSON"}, '{"k": 1}', [{"Key": "k", "Value": 1}]),
        ({"InputType": "JSONL"}, '{"a": 1}\n\n[2]\n', [{"a": 1}, [2]]),
        ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, 'a,b\n1,"x,y"\n2\n', [{"a": "1", "b": "x,y"}, {"a": "2", "b": ""}]),
        ({"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["h"], "CSVDelimiter": "PIPE"}, "1|2\n", [{"h": "1"}]),
        ({"InputType": "JSON", "MaxItems": 1}, "[1, 2, 3]", [1]),
    ],
)  # fmt: skip
def test_items_are_read_from_an_object(config: dict[str, Any], body: str, items: list[Any]) -> None:
    reader = {"Resource": READ, "ReaderConfig": config, "Parameters": {"Bucket": "b", "Key.$": "$.key"}}
    engine, found = run({"ItemReader": reader}, {"key": "o"}, bucket=Bucket(o=body))
    assert found.output == items
    kinds = [event["type"] for event in engine.history(found.execution_id)]
    assert kinds[2:5] == ["MapStateStarted", "MapRunStarted", "MapRunSucceeded"]


@pytest.mark.parametrize(
    ("config", "body"),
    [
        ({"InputType": "JSON"}, "{"),
        ({"InputType": "JSON"}, "3"),
        ({"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["h", "h"]}, "1"),
        ({"InputType": "PARQUET"}, "x"),
    ],
)
def test_what_cannot_be_read_fails_the_map_run(config: dict[str, Any], body: str) -> None:
    reader = {"Resource": READ, "ReaderConfig": config, "Parameters": {"Bucket": "b", "Key": "o"}}
    engine, found = run({"ItemReader": reader}, {}, bucket=Bucket(o=body))
    assert found.error == "States.ItemReaderFailed"
    assert "MapRunFailed" in [event["type"] for event in engine.history(found.execution_id)]


def test_a_missing_object_fails_the_reader() -> None:
    reader = {"Resource": READ, "ReaderConfig": {"InputType": "JSON"}, "Parameters": {"Key": "gone"}}
    assert run({"ItemReader": reader}, {})[1].error == "States.ItemReaderFailed"


def test_items_are_batched_with_an_input_of_their_own() -> None:
    batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"day.$": "$.day"}}
    _, found = run({"ItemsPath": "$.l", "ItemBatcher": batcher}, {"l": [1, 2, 3], "day": "Mon"})
    assert found.output == [
        {"BatchInput": {"day": "Mon"}, "Items": [1, 2]},
        {"BatchInput": {"day": "Mon"}, "Items": [3]},
    ]


@pytest.mark.parametrize(
    ("tolerance", "status"),
    [
        ({}, "FAILED"),
        ({"ToleratedFailureCount": 1}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 24}, "FAILED"),
        ({"ToleratedFailurePercentage": 25}, "SUCCEEDED"),
    ],
)
def test_so_many_failures_are_tolerated(tolerance: dict[str, Any], status: str) -> None:
    _, found = run(tolerance, [1, 2, 3, 4], work=fails_on(2))
    assert found.status == status
    if status == "FAILED":
        assert found.error == "States.ExceedToleratedFailureThreshold"
    else:
        assert found.output == [1, 3, 4]


def test_child_executions_have_records_and_histories_of_their_own() -> None:
    engine, found = run({}, ["a", "b"], work=lambda payload, _: payload * 2)
    started = next(e for e in engine.history(found.execution_id) if e["type"] == "MapRunStarted")
    arn = started["mapRunStartedEventDetails"]["mapRunArn"]  # type: ignore[index,call-overload]
    children = engine.list_executions(map_run=str(arn))
    assert sorted(str(child.output) for child in children) == ["aa", "bb"]
    kinds = [event["type"] for event in engine.history(children[0].execution_id)]
    assert kinds[0] == "ExecutionStarted"
    assert kinds[-1] == "ExecutionSucceeded"
    assert "TaskStateEntered" not in [event["type"] for event in engine.history(found.execution_id)]


def test_results_can_be_written_to_objects() -> None:
    bucket = Bucket()
    writer = {"Resource": WRITE, "Parameters": {"Bucket": "b", "Prefix": "out"}}
    state = {"ResultWriter": writer, "ToleratedFailureCount": 1}
    _, found = run(state, [1, 2], bucket=bucket, work=fails_on(2))
    assert isinstance(found.output, dict)
    key = found.output["ResultWriterDetails"]["Key"]  # type: ignore[index,call-overload]
    manifest = json.loads(bucket.objects[str(key)])
    assert [len(manifest["ResultFiles"][s]) for s in ("SUCCEEDED", "FAILED", "PENDING")] == [1, 1, 0]
    rows = json.loads(bucket.objects[manifest["ResultFiles"]["FAILED"][0]["Key"]])
    assert (rows[0]["Error"], rows[0]["Cause"]) == ("Bad", "2")


def test_a_redriven_map_run_repeats_only_what_failed() -> None:
    bad, done = {2}, []

    def work(payload: Any, _: TaskContext) -> Any:
        if payload in bad:
            raise TaskFailed("Bad", str(payload))
        done.append(payload)
        return payload * 10

    engine, found = run({"MaxConcurrency": 1}, [1, 2, 3], work=work)
    assert (found.error, done) == ("States.ExceedToleratedFailureThreshold", [1])
    bad.clear()
    again = Engine(engine.journal, engine.handlers, clock=VirtualClock())
    again.redrive(found.execution_id)
    assert again.run(found.execution_id).output == [10, 20, 30]
    assert done == [1, 2, 3]
    history = again.history(found.execution_id)
    (redriven,) = (event for event in history if event["type"] == "MapRunRedriven")
    arn = redriven["mapRunRedrivenEventDetails"]["mapRunArn"]  # type: ignore[index,call-overload]
    assert [child.status for child in again.list_executions(map_run=str(arn))] == ["SUCCEEDED"] * 3


def test_a_redrive_writes_results_that_could_not_be_written() -> None:
    bucket, done = Bucket(), []
    broken = {"b"}

    def put(payload: Any, context: TaskContext) -> Any:
        if payload["Bucket"] in broken:
            raise TaskFailed("S3.NoSuchBucketException", "b")
        return bucket.put(payload, context)

    def work(payload: Any, _: TaskContext) -> Any:
        done.append(payload)
        return payload

    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "I",
        "States": {"I": {"Type": "Task", "Resource": WORK, "End": True}},
    }
    writer = {"Resource": WRITE, "Parameters": {"Bucket": "b", "Prefix": "out"}}
    state = {"Type": "Map", "ItemProcessor": processor, "ResultWriter": writer, "End": True}
    engine = Engine(MemoryJournal(), {WORK: work, WRITE: put}, clock=VirtualClock())
    execution = engine.start(Machine.parse({"StartAt": "M", "States": {"M": state}}), [1, 2])
    assert engine.run(execution).error == "States.ResultWriterFailed"
    broken.clear()
    engine.redrive(execution)
    assert engine.run(execution).status == "SUCCEEDED"
    assert sorted(done) == [1, 2]
    assert len(bucket.objects) == 2
