"""Trying one state on its own, as AWS's TestState does."""

from typing import Any

import pytest

from rimedio.asl.expressions.query import MISSING
from rimedio.asl.integrations.http_task import HttpResponse, http_task
from rimedio.asl.testing import Return, Throw, try_state
from rimedio.asl.testing.inspection import Circumstances, ErrorDetails

JSONATA = {"QueryLanguage": "JSONata"}
PASS: dict[str, Any] = {"Type": "Pass", "End": True}
INNER = {"StartAt": "I", "States": {"I": PASS}}
DISTRIBUTED = {**INNER, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
INVOKE = "arn:aws:states:::lambda:invoke"
TASK: dict[str, Any] = {
    "Type": "Task",
    "Resource": INVOKE,
    "InputPath": "$.in",
    "Parameters": {"n.$": "$.n"},
    "ResultSelector": {"kept.$": "$.value"},
    "ResultPath": "$.r",
    "OutputPath": "$.r",
    "Retry": [
        {"ErrorEquals": ["Never"]},
        {"ErrorEquals": ["Flaky"], "IntervalSeconds": 3, "MaxAttempts": 2},
    ],
    "Catch": [
        {"ErrorEquals": ["Never"], "Next": "Nowhere"},
        {"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "Caught"},
    ],
    "Next": "After",
}
GIVEN: dict[str, Any] = {"in": {"n": 1}}


def steps(inspection: Any) -> dict[str, Any]:
    """The steps that were reached."""
    return {name: value for name, value in vars(inspection).items() if value not in (MISSING, None)}


def test_every_step_of_the_data_flow_is_seen() -> None:
    tried = try_state(TASK, input=GIVEN, mock=Return({"value": 5}))
    assert (tried.status, tried.output, tried.next_state) == ("SUCCEEDED", {"kept": 5}, "After")
    assert steps(tried.inspection) == {
        "input": GIVEN,
        "after_input_path": {"n": 1},
        "after_parameters": {"n": 1},
        "result": {"value": 5},
        "after_result_selector": {"kept": 5},
        "after_result_path": {**GIVEN, "r": {"kept": 5}},
    }


def test_steps_end_where_an_expression_fails() -> None:
    tried = try_state({**TASK, "Catch": []}, input=GIVEN, mock=Return({}))
    assert (tried.status, tried.error) == ("FAILED", "States.Runtime")
    assert list(steps(tried.inspection)) == ["input", "after_input_path", "after_parameters", "result"]


def test_a_jsonata_state_shows_its_arguments_and_variables_and_what_chance_gave() -> None:
    state = {
        **JSONATA,
        "Type": "Task",
        "Resource": INVOKE,
        "Arguments": {"id": "{% $uuid() %}", "v": "{% $v %}"},
        "Assign": {"w": "{% $v + 1 %}"},
        "Output": "{% $states.result %}",
        "End": True,
    }
    sent: list[Any] = []

    def echo(payload: Any, _context: Any) -> Any:
        sent.append(payload)
        return payload

    tried = try_state(state, input=3, variables={"v": 1}, handlers={INVOKE: echo})
    assert sent == [tried.inspection.after_arguments] == [tried.output]
    assert tried.variables == {"v": 1, "w": 2}
    assert tried.next_state is None
    assert list(steps(tried.inspection)) == ["input", "after_arguments", "result"]


@pytest.mark.parametrize(
    ("used", "status", "details"),
    [
        (0, "RETRIABLE", ErrorDetails(retry_index=1, retry_backoff_interval_seconds=3)),
        (1, "RETRIABLE", ErrorDetails(retry_index=1, retry_backoff_interval_seconds=6)),
        (2, "CAUGHT_ERROR", ErrorDetails(catch_index=1)),
    ],
)
def test_retry_and_catch_say_which_of_them_took_the_error(
    used: int, status: str, details: ErrorDetails
) -> None:
    tried = try_state(TASK, input=GIVEN, mock=Throw("Flaky", "no"), before=Circumstances(used))
    assert (tried.status, tried.error, tried.cause) == (status, "Flaky", "no")
    assert tried.inspection.error_details == details
    caught = {**GIVEN, "e": {"Error": "Flaky", "Cause": "no"}}
    assert (tried.output, tried.next_state) == ((caught, "Caught") if used == 2 else (None, None))


def test_states_without_a_result_are_tried_too() -> None:
    rule = {"Variable": "$.x", "NumericEquals": 1, "Next": "One"}
    choice = {"Type": "Choice", "Choices": [rule], "Default": "Else"}
    assert try_state(choice, input={"x": 2}).next_state == "Else"
    assert (
        try_state({"Type": "Wait", "Seconds": 99, "OutputPath": "$.a", "End": True}, input={"a": 3}).output
        == 3
    )
    assert try_state({"Type": "Succeed"}, input=1).status == "SUCCEEDED"
    failed = try_state({"Type": "Fail", "Error": "E", "Cause": "C"})
    assert (failed.status, failed.error, failed.cause) == ("FAILED", "E", "C")
    fixed = try_state({**PASS, "Parameters": {"a": 1}, "ResultPath": "$.p"}, input={})
    assert (fixed.inspection.result, fixed.inspection.after_result_path) == ({"a": 1}, {"p": {"a": 1}})
    assert try_state({**JSONATA, **PASS, "Output": "{% $v + 1 %}"}, variables={"v": 1}).output == 2


def test_a_map_shows_its_items_and_limits() -> None:
    state = {
        "Type": "Map",
        "ItemsPath": "$.l",
        "ItemSelector": {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index"},
        "ItemBatcher": {"MaxItemsPerBatch": 2},
        "MaxConcurrency": 7,
        "ToleratedFailurePercentage": 50,
        "ItemProcessor": DISTRIBUTED,
        "ResultSelector": {"all.$": "$"},
        "End": True,
    }
    tried = try_state(state, input={"l": ["a", "b", "c"]}, mock=Return([[1, 2], [3]]))
    seen = tried.inspection
    assert tried.output == {"all": [[1, 2], [3]]}
    assert seen.after_items_path == ["a", "b", "c"]
    selected = [{"v": value, "i": index} for index, value in enumerate("abc")]
    assert seen.after_item_selector == selected
    assert seen.after_item_batcher == [{"Items": selected[:2]}, {"Items": selected[2:]}]
    assert (seen.max_concurrency, seen.tolerated_failure_percentage) == (7, 50)
    assert try_state(
        {**state, "ItemBatcher": {"MaxItemsPerBatch": 1}}, input={"l": []}, mock=Return([])
    ).output == {"all": []}
    unfit = try_state(state, input={"l": 3}, mock=Return([]))
    assert (unfit.status, unfit.error) == ("FAILED", "States.Runtime")


@pytest.mark.parametrize(("failed", "error"), [(1, None), (2, "States.ExceedToleratedFailureThreshold")])
def test_a_map_fails_when_more_iterations_fail_than_it_tolerates(failed: int, error: str | None) -> None:
    state = {"Type": "Map", "ToleratedFailureCount": 1, "ItemProcessor": DISTRIBUTED, "End": True}
    before = Circumstances(map_iteration_failure_count=failed)
    tried = try_state(state, input=[1, 2, 3], mock=Return([1, 2]), before=before)
    assert (tried.error, tried.output) == (error, None if error else [1, 2])


def test_what_an_item_reader_found_is_read_as_it_is_configured() -> None:
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/rows", "MaxItems": 2},
        "Parameters": {"Bucket": "b", "Key": "k"},
    }
    state = {"Type": "Map", "ItemReader": reader, "ItemProcessor": DISTRIBUTED, "End": True}
    before = Circumstances(map_item_reader_data='{"rows": [1, 2, 3]}')
    assert try_state(state, mock=Return([]), before=before).inspection.after_items_pointer == [1, 2]
    bad = try_state(state, mock=Return([]), before=Circumstances(map_item_reader_data="{"))
    assert bad.error == "States.ItemReaderFailed"


def test_an_inner_state_is_found_and_knows_its_item_and_its_context() -> None:
    inner = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"t.$": "$$.Task.Token", "i.$": "$$.Map.Item.Value", "n.$": "$$.Execution.Name"},
        "End": True,
    }
    branches = [INNER, {"StartAt": "B", "States": {"B": inner}}]
    nested = {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": branches, "End": True}}}
    machine = {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": nested, "End": True}}}
    context: dict[str, Any] = {"Task": {"Token": "tok"}, "Execution": {"Name": "mine"}}
    tried = try_state(machine, input=7, state_name="B", mock=Return({}), context=context)
    assert tried.inspection.after_parameters == {"t": "tok", "i": 7, "n": "mine"}
    parallel = machine["States"]["M"]["ItemProcessor"]["States"]["P"]  # type: ignore[index]
    origin = Circumstances(error_caused_by_state="B")
    assert try_state(parallel, mock=Throw("E"), before=origin).error == "E"


@pytest.mark.parametrize(
    ("state", "fields", "message"),
    [
        (TASK, {}, "needs a mock"),
        ({**TASK, "Resource": f"{INVOKE}.waitForTaskToken"}, {"handlers": {}}, "needs a mock"),
        ({**TASK, "Resource": "arn:aws:states:eu-south-1:000000000000:activity:a"}, {"handlers": {}}, "needs a mock"),
        (PASS, {"mock": Return(1)}, "take a mock"),
        (PASS, {"context": {}}, "only together with a mock"),
        (TASK, {"mock": Return(1), "before": Circumstances(map_iteration_failure_count=1)}, "Only a Map"),
        (TASK, {"mock": Throw("E"), "before": Circumstances(error_caused_by_state="I")}, "comes from another"),
        (TASK, {"mock": Return(1), "before": Circumstances(map_item_reader_data="")}, "ItemReader"),
        ({"Type": "Map", "ItemProcessor": INNER, "End": True}, {"mock": Throw("E"), "before": Circumstances(error_caused_by_state="X")}, "no state 'X'"),
        ({"Type": "Map", "ItemProcessor": INNER, "End": True}, {"mock": Return([]), "input": [], "before": Circumstances(map_iteration_failure_count=1)}, "cannot fail"),
        ({"StartAt": "I", "States": {"I": PASS}}, {"state_name": "X"}, "no state 'X'"),
    ],
)  # fmt: skip
def test_what_teststate_refuses_is_refused(state: Any, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        try_state(state, **fields)


@pytest.mark.parametrize(
    ("resource", "result", "strict", "present"),
    [
        (INVOKE, {"StatusCode": 200, "Payload": {"any": 1}}, "", ""),
        (INVOKE, {"StatusCode": "200"}, "StatusCode must be a number", "StatusCode must be a number"),
        (INVOKE, {"Status": 200}, "no field Status", "no field Status"),
        ("arn:aws:states:::sns:publish", "text", "must be object", "must be object"),
        ("arn:aws:states:::states:startExecution", {"ExecutionArn": "x"}, "lacks the field StartDate", ""),
        ("arn:aws:states:::aws-sdk:dynamodb:getItem", {"Item": {"id": {"S": 1}}}, "S must be string", "S must be string"),
        ("arn:aws:states:::aws-sdk:nothing:getNothing", {"any": 1}, "", ""),
        ("arn:aws:states:::batch:submitJob.sync", {"any": 1}, "", ""),
        ("arn:aws:lambda:eu-south-1:000000000000:function:f", {"any": 1}, "", ""),
    ],
)  # fmt: skip
def test_a_mocked_result_must_be_one_that_the_service_could_give(
    resource: str, result: Any, strict: str, present: str
) -> None:
    state = {"Type": "Task", "Resource": resource, "End": True}
    for mode, message in (("STRICT", strict), ("PRESENT", present), ("NONE", "")):
        if message:
            with pytest.raises(ValueError, match=message):
                try_state(state, mock=Return(result), validation=mode)  # type: ignore[arg-type]
        else:
            assert try_state(state, mock=Return(result), validation=mode).output == result  # type: ignore[arg-type]


def test_a_parallel_answers_one_element_a_branch() -> None:
    state = {"Type": "Parallel", "Branches": [INNER, {"StartAt": "J", "States": {"J": PASS}}], "End": True}
    assert try_state(state, mock=Return([1, 2]), validation="STRICT").output == [1, 2]
    with pytest.raises(ValueError, match="2 elements"):
        try_state(state, mock=Return([1]), validation="PRESENT")


def test_an_http_task_shows_what_went_over_the_network() -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": {"ApiEndpoint": "https://example.com", "Method": "GET"},
        "End": True,
    }
    handlers = http_task(send=lambda _: HttpResponse(503, {}, b"later"))
    tried = try_state(state, handlers=handlers)
    assert (tried.error, tried.cause) == ("States.Http.StatusCode.503", "later")
    exchange = tried.inspection.exchange
    assert exchange is not None
    assert (exchange.request.url, exchange.response.status) == ("https://example.com", 503)
