"""The engine behind Step Functions' wire protocol, spoken to by boto3's own client."""

import json
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from rimedio.asl import Engine, MemoryJournal, SqliteJournal, TaskContext, TaskFailed
from rimedio.asl.integrations.functions import functions, nested
from rimedio.asl.integrations.http_task import HttpResponse, http_task
from rimedio.asl.journal.sqlite import FileConnections
from rimedio.asl.wire import Api, StepFunctionsServer
from rimedio.asl.wire.faults import Fault

boto3 = pytest.importorskip("boto3")
from botocore.config import Config  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

ROLE = "arn:aws:iam::000000000000:role/test"
ARN = "arn:aws:states:us-east-1:000000000000"
TOKENS: dict[str, str] = {}  # by execution


def greet(payload: Any, _context: TaskContext) -> Any:
    if payload.get("fail"):
        raise TaskFailed("Refused", "said no")
    return f"Hello {payload.get('name', '?')}"


def hold(_payload: Any, context: TaskContext) -> Any:
    TOKENS[context.execution_id] = str(context.token)
    return None


def engine_on(journal: Any) -> Engine:
    handlers = dict(functions({"greet": greet, "hold": hold}))
    engine = Engine(journal, handlers, arn=ARN)
    handlers.update(nested(engine, engine.registry.find))
    return engine


def client_of(url: str) -> Any:
    return boto3.client(
        "stepfunctions",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(inject_host_prefix=False, retries={"total_max_attempts": 1}),
    )


ANSWERED: set[str] = set()


def against_the_model(value: Any, shape: Any, where: str) -> None:
    """Every member is one that the service's model knows, of its type; none that it requires is missing."""
    if shape.type_name == "structure":
        assert isinstance(value, dict), where
        assert not set(value) - set(shape.members), f"{where} has {set(value) - set(shape.members)}"
        missing = [name for name in shape.required_members if name not in value]
        assert not missing, f"{where} lacks {missing}"
        for name, member in value.items():
            against_the_model(member, shape.members[name], f"{where}.{name}")
    elif shape.type_name == "list":
        for number, member in enumerate(value):
            against_the_model(member, shape.member, f"{where}[{number}]")
    elif shape.type_name == "map":
        for name, member in value.items():
            against_the_model(member, shape.value, f"{where}.{name}")
    elif shape.type_name == "string":
        assert isinstance(value, str), f"{where} is {value!r}"
        assert not shape.enum or value in shape.enum, f"{where} is {value!r}"
    else:
        kinds = {
            "boolean": bool,
            "integer": int,
            "long": int,
            "timestamp": (int, float),
            "float": (int, float),
        }
        assert isinstance(value, kinds[shape.type_name]), f"{where} is {value!r}"


def check_answer(operation_model: Any, response_dict: Any, **_: Any) -> None:
    body = json.loads(response_dict["body"])
    if response_dict["status_code"] == 200:
        against_the_model(body, operation_model.output_shape, operation_model.name)
        ANSWERED.add(operation_model.name)
    else:
        known = {shape.error_code for shape in operation_model.error_shapes} | {"ValidationException"}
        assert body["__type"] in known, f"{operation_model.name} raised {body}"


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with StepFunctionsServer(Api(engine_on(MemoryJournal())), threads=2) as server:
        made = client_of(server.url)
        made.meta.events.register("before-parse.sfn.*", check_answer)
        yield made
        made.close()


def pass_machine(**fields: Any) -> str:
    state = {"Type": "Pass", "End": True, **fields}
    return json.dumps({"StartAt": "A", "States": {"A": state}})


def task_machine(function: str = "greet", *, token: bool = False, **fields: Any) -> str:
    suffix = ".waitForTaskToken" if token else ""
    state = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::lambda:invoke{suffix}",
        "Parameters": {"FunctionName": function, "Payload.$": "$"},
        "End": True,
        **fields,
    }
    return json.dumps({"StartAt": "T", "States": {"T": state}})


def create(client: Any, definition: str, **fields: Any) -> str:
    name = f"m-{uuid.uuid4().hex[:8]}"
    made = client.create_state_machine(name=name, definition=definition, roleArn=ROLE, **fields)
    return str(made["stateMachineArn"])


def ended(client: Any, execution: str) -> Any:
    for _ in range(6000):
        found = client.describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            return found
        threading.Event().wait(0.01)
    raise AssertionError(found)


def code_of(refused: Any) -> str:
    return str(refused.value.response["Error"]["Code"])


def test_an_execution_runs_and_tells_its_story(client: Any) -> None:
    machine = create(client, task_machine())
    started = client.start_execution(stateMachineArn=machine, input='{"name": "Ada"}', name="first")
    assert started["executionArn"] == machine.replace("stateMachine", "execution") + ":first"
    assert abs((datetime.now(UTC) - started["startDate"]).total_seconds()) < 60
    found = ended(client, started["executionArn"])
    assert found["status"] == "SUCCEEDED"
    assert json.loads(found["output"])["Payload"] == "Hello Ada"
    assert found["redriveStatus"] == "NOT_REDRIVABLE"
    history = client.get_execution_history(executionArn=started["executionArn"])["events"]
    assert [event["type"] for event in history] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]


def test_a_name_is_one_execution_as_long_as_it_runs_with_the_same_input(client: Any) -> None:
    machine = create(client, task_machine("hold", token=True))
    first = client.start_execution(stateMachineArn=machine, name="once", input='{"a": 1}')
    again = client.start_execution(stateMachineArn=machine, name="once", input='{"a":1}')
    assert again == {**first, "ResponseMetadata": again["ResponseMetadata"]}
    with pytest.raises(ClientError) as refused:
        client.start_execution(stateMachineArn=machine, name="once", input='{"a": 2}')
    assert code_of(refused) == "ExecutionAlreadyExists"
    client.stop_execution(executionArn=first["executionArn"], error="Enough", cause="of that")
    assert ended(client, first["executionArn"])["error"] == "Enough"
    with pytest.raises(ClientError) as refused:
        client.start_execution(stateMachineArn=machine, name="once", input='{"a": 1}')
    assert code_of(refused) == "ExecutionAlreadyExists"


def test_machines_are_created_once_changed_listed_and_deleted(client: Any) -> None:
    definition = pass_machine(Result=1)
    arn = create(client, definition, tags=[{"key": "team", "value": "desk"}])
    name = arn.rpartition(":")[2]
    same = client.create_state_machine(name=name, definition=definition, roleArn=ROLE)
    assert same["stateMachineArn"] == arn
    with pytest.raises(ClientError) as refused:
        client.create_state_machine(name=name, definition=pass_machine(), roleArn=ROLE)
    assert code_of(refused) == "StateMachineAlreadyExists"
    found = client.describe_state_machine(stateMachineArn=arn)
    assert (found["definition"], found["type"], found["status"]) == (definition, "STANDARD", "ACTIVE")
    assert "revisionId" not in found
    changed = client.update_state_machine(stateMachineArn=arn, definition=pass_machine(Result=2))
    assert client.describe_state_machine(stateMachineArn=arn)["revisionId"] == changed["revisionId"]
    listed = [
        m
        for page in client.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 2})
        for m in page["stateMachines"]
    ]
    assert arn in [m["stateMachineArn"] for m in listed]
    assert len(listed) == len({m["stateMachineArn"] for m in listed})
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "team", "value": "desk"}]
    client.tag_resource(resourceArn=arn, tags=[{"key": "cost", "value": "7"}])
    client.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "cost", "value": "7"}]
    client.delete_state_machine(stateMachineArn=arn)
    with pytest.raises(ClientError) as refused:
        client.describe_state_machine(stateMachineArn=arn)
    assert code_of(refused) == "StateMachineDoesNotExist"


def test_a_bad_definition_is_refused_with_its_findings(client: Any) -> None:
    with pytest.raises(ClientError) as refused:
        create(client, '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}')
    assert code_of(refused) == "InvalidDefinition"
    assert "MISSING_TRANSITION_TARGET" in str(refused.value)
    told = client.validate_state_machine_definition(definition='{"States": {}}')
    assert told["result"] == "FAIL"
    assert told["diagnostics"][0]["code"]
    assert client.validate_state_machine_definition(definition=pass_machine())["result"] == "OK"


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("create_state_machine", {"name": "a b", "definition": pass_machine(), "roleArn": ROLE}, "InvalidName"),
        ("describe_state_machine", {"stateMachineArn": "nonsense"}, "InvalidArn"),
        ("describe_state_machine", {"stateMachineArn": f"{ARN}:activity:a"}, "InvalidArn"),
        ("start_execution", {"stateMachineArn": f"{ARN}:stateMachine:none"}, "StateMachineDoesNotExist"),
        ("describe_execution", {"executionArn": f"{ARN}:execution:none:x"}, "ExecutionDoesNotExist"),
        ("stop_execution", {"executionArn": f"{ARN}:execution:none:x"}, "ExecutionDoesNotExist"),
        ("get_execution_history", {"executionArn": f"{ARN}:execution:none:x"}, "ExecutionDoesNotExist"),
        ("list_executions", {}, "ValidationException"),
        ("send_task_success", {"taskToken": "none", "output": "{}"}, "InvalidToken"),
        ("send_task_success", {"taskToken": "none", "output": "{"}, "InvalidOutput"),
        ("send_task_failure", {"taskToken": "none"}, "InvalidToken"),
        ("send_task_heartbeat", {"taskToken": "none"}, "InvalidToken"),
        ("get_activity_task", {"activityArn": f"{ARN}:activity:none"}, "ActivityDoesNotExist"),
        ("describe_map_run", {"mapRunArn": f"{ARN}:mapRun:none/x:1"}, "ResourceNotFound"),
        ("describe_state_machine_alias", {"stateMachineAliasArn": f"{ARN}:stateMachine:n:a"}, "ResourceNotFound"),
        ("list_tags_for_resource", {"resourceArn": f"{ARN}:stateMachine:none"}, "ResourceNotFound"),
        ("list_state_machines", {"nextToken": "bm90aGluZw=="}, "InvalidToken"),
    ],
)  # fmt: skip
def test_what_is_wrong_has_the_services_own_name(
    client: Any, operation: str, request_: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**request_)
    assert code_of(refused) == code


def test_versions_stay_and_aliases_lead_to_them(client: Any) -> None:
    arn = create(client, pass_machine(Result=1), publish=True, versionDescription="the first")
    client.update_state_machine(stateMachineArn=arn, definition=pass_machine(Result=2))
    with pytest.raises(ClientError) as refused:
        client.publish_state_machine_version(stateMachineArn=arn, revisionId="another")
    assert code_of(refused) == "ConflictException"
    second = client.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    listed = client.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
    assert [row["stateMachineVersionArn"] for row in listed] == [second, f"{arn}:1"]
    assert client.describe_state_machine(stateMachineArn=f"{arn}:1")["description"] == "the first"
    routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    alias = client.create_state_machine_alias(name="live", routingConfiguration=routes)[
        "stateMachineAliasArn"
    ]
    started = client.start_execution(stateMachineArn=alias)["executionArn"]
    found = ended(client, started)
    assert found["output"] == "1"
    assert (found["stateMachineAliasArn"], found["stateMachineVersionArn"]) == (alias, f"{arn}:1")
    assert found["stateMachineArn"] == arn
    told = client.get_execution_history(executionArn=started)["events"][0]["executionStartedEventDetails"]
    assert (told["stateMachineAliasArn"], told["stateMachineVersionArn"]) == (alias, f"{arn}:1")
    with pytest.raises(ClientError) as refused:
        client.delete_state_machine_version(stateMachineVersionArn=f"{arn}:1")
    assert code_of(refused) == "ConflictException"
    routes = [{"stateMachineVersionArn": second, "weight": 100}]
    client.update_state_machine_alias(
        stateMachineAliasArn=alias, routingConfiguration=routes, description="now"
    )
    told = client.describe_state_machine_alias(stateMachineAliasArn=alias)
    assert (told["routingConfiguration"], told["description"]) == (routes, "now")
    assert ended(client, client.start_execution(stateMachineArn=alias)["executionArn"])["output"] == "2"
    client.delete_state_machine_version(stateMachineVersionArn=f"{arn}:1")
    assert client.list_state_machine_aliases(stateMachineArn=arn)["stateMachineAliases"]
    client.delete_state_machine_alias(stateMachineAliasArn=alias)
    assert not client.list_state_machine_aliases(stateMachineArn=arn)["stateMachineAliases"]


def test_executions_are_listed_by_page_and_status(client: Any) -> None:
    machine = create(client, task_machine())
    for number in range(3):
        ended(client, client.start_execution(stateMachineArn=machine, name=f"n{number}")["executionArn"])
    ended(client, client.start_execution(stateMachineArn=machine, input='{"fail": true}')["executionArn"])
    pages = client.get_paginator("list_executions").paginate(
        stateMachineArn=machine, PaginationConfig={"PageSize": 3}
    )
    rows = [row for page in pages for row in page["executions"]]
    assert [row["name"] for row in rows][1:] == ["n2", "n1", "n0"]
    failed = client.list_executions(stateMachineArn=machine, statusFilter="FAILED")["executions"]
    assert [row["status"] for row in failed] == ["FAILED"]
    asked = client.describe_state_machine_for_execution(executionArn=failed[0]["executionArn"])
    assert asked["stateMachineArn"] == machine


def test_a_history_is_read_by_pages_backwards_and_without_data(client: Any) -> None:
    started = client.start_execution(stateMachineArn=create(client, task_machine()), input='{"name": "Ada"}')
    execution = started["executionArn"]
    ended(client, execution)
    pages = client.get_paginator("get_execution_history").paginate(
        executionArn=execution,
        reverseOrder=True,
        includeExecutionData=False,
        PaginationConfig={"PageSize": 3},
    )
    events = [event for page in pages for event in page["events"]]
    assert [event["id"] for event in events] == [7, 6, 5, 4, 3, 2, 1]
    assert "Ada" not in str(events)
    assert events[-1]["executionStartedEventDetails"]["inputDetails"] == {"truncated": False}


def test_a_token_is_answered_once(client: Any) -> None:
    machine = create(client, task_machine("hold", token=True, TimeoutSeconds=60))
    execution = client.start_execution(stateMachineArn=machine)["executionArn"]
    token = token_of(execution)
    client.send_task_heartbeat(taskToken=token)
    client.send_task_success(taskToken=token, output='{"verdict": "yes"}')
    assert ended(client, execution)["output"] == '{"verdict":"yes"}'
    with pytest.raises(ClientError) as refused:
        client.send_task_success(taskToken=token, output="{}")
    assert code_of(refused) == "TaskTimedOut"


def token_of(execution: str) -> str:
    """The token of an execution that waits, once its handler has handed it out."""
    for _ in range(6000):
        if token := TOKENS.pop(execution, None):
            return token
        threading.Event().wait(0.01)
    raise AssertionError("no task waits")


def test_a_task_that_fails_by_token_is_redriven(client: Any) -> None:
    machine = create(client, task_machine("hold", token=True))
    execution = client.start_execution(stateMachineArn=machine)["executionArn"]
    client.send_task_failure(taskToken=token_of(execution), error="Broken", cause="in two")
    found = ended(client, execution)
    assert (found["error"], found["cause"], found["redriveStatus"]) == ("Broken", "in two", "REDRIVABLE")
    client.redrive_execution(executionArn=execution)
    client.send_task_success(taskToken=token_of(execution), output="1")
    found = ended(client, execution)
    assert (found["status"], found["redriveCount"]) == ("SUCCEEDED", 1)
    assert found["redriveDate"] >= found["startDate"]
    with pytest.raises(ClientError) as refused:
        client.redrive_execution(executionArn=execution)
    assert code_of(refused) == "ExecutionNotRedrivable"
    rows = client.list_executions(stateMachineArn=machine, redriveFilter="REDRIVEN")["executions"]
    assert [row["executionArn"] for row in rows] == [execution]


def test_a_worker_fetches_the_tasks_of_an_activity(client: Any) -> None:
    activity = client.create_activity(name=f"a-{uuid.uuid4().hex[:8]}")["activityArn"]
    assert client.describe_activity(activityArn=activity)["name"] == activity.rpartition(":")[2]
    state = {"Type": "Task", "Resource": activity, "End": True}
    machine = create(client, json.dumps({"StartAt": "S", "States": {"S": state}}))
    execution = client.start_execution(stateMachineArn=machine, input='{"order": 7}')["executionArn"]
    task = client.get_activity_task(activityArn=activity, workerName="van-1")
    assert task["input"] == '{"order":7}'
    client.send_task_success(taskToken=task["taskToken"], output='"done"')
    assert ended(client, execution)["output"] == '"done"'
    assert activity in [row["activityArn"] for row in client.list_activities()["activities"]]
    client.delete_activity(activityArn=activity)
    assert activity not in [row["activityArn"] for row in client.list_activities()["activities"]]


def test_express_machines_answer_at_once_and_keep_nothing(client: Any) -> None:
    machine = create(client, task_machine(), type="EXPRESS")
    told = client.start_sync_execution(stateMachineArn=machine, name="now", input='{"name": "Ada"}')
    assert told["status"] == "SUCCEEDED"
    assert json.loads(told["output"])["Payload"] == "Hello Ada"
    assert ":express:" in told["executionArn"]
    failed = client.start_sync_execution(stateMachineArn=machine, input='{"fail": true}')
    assert (failed["status"], failed["error"]) == ("FAILED", "Refused")
    started = client.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    with pytest.raises(ClientError) as refused:
        client.describe_execution(executionArn=started)
    assert code_of(refused) == "InvalidArn"
    with pytest.raises(ClientError) as refused:
        client.list_executions(stateMachineArn=machine)
    assert code_of(refused) == "StateMachineTypeNotSupported"
    with pytest.raises(ClientError) as refused:
        client.start_sync_execution(stateMachineArn=create(client, pass_machine()))
    assert code_of(refused) == "StateMachineTypeNotSupported"


def test_a_machine_starts_another_and_waits_for_it(client: Any) -> None:
    inner = create(client, pass_machine(Result={"x": 1}))
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": inner, "Input": {}},
        "OutputPath": "$.Output",
        "End": True,
    }
    outer = create(client, json.dumps({"StartAt": "S", "States": {"S": state}}))
    assert ended(client, client.start_execution(stateMachineArn=outer)["executionArn"])["output"] == '{"x":1}'


def test_map_runs_are_counted(client: Any) -> None:
    inner = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}},
    }
    state = {"Type": "Map", "ItemProcessor": inner, "ItemsPath": "$.items", "Label": "each", "End": True}
    machine = create(client, json.dumps({"StartAt": "M", "States": {"M": state}}))
    execution = client.start_execution(stateMachineArn=machine, input='{"items": [1, 2, 3]}')["executionArn"]
    assert ended(client, execution)["output"] == "[1,2,3]"
    run = client.list_map_runs(executionArn=execution)["mapRuns"][0]["mapRunArn"]
    told = client.describe_map_run(mapRunArn=run)
    assert (told["status"], told["itemCounts"]["succeeded"]) == ("SUCCEEDED", 3)
    children = client.list_executions(mapRunArn=run)["executions"]
    assert len(children) == 3
    child = client.describe_execution(executionArn=children[0]["executionArn"])
    assert child["mapRunArn"] == run
    assert client.describe_state_machine_for_execution(executionArn=child["executionArn"])["label"] == "each"


def test_limits_of_a_map_run_change_while_it_runs(client: Any) -> None:
    work = client.create_activity(name="each-item")["activityArn"]
    inner = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "T",
        "States": {"T": {"Type": "Task", "Resource": work, "End": True}},
    }
    state = {"Type": "Map", "ItemProcessor": inner, "MaxConcurrency": 1, "End": True}
    machine = create(client, json.dumps({"StartAt": "M", "States": {"M": state}}))
    execution = client.start_execution(stateMachineArn=machine, input="[1, 2]")["executionArn"]
    first = client.get_activity_task(activityArn=work)
    run = client.list_map_runs(executionArn=execution)["mapRuns"][0]["mapRunArn"]
    told = client.describe_map_run(mapRunArn=run)
    assert (told["maxConcurrency"], told["itemCounts"]["running"], told["itemCounts"]["pending"]) == (1, 1, 1)
    client.update_map_run(mapRunArn=run, maxConcurrency=2, toleratedFailurePercentage=50)
    told = client.describe_map_run(mapRunArn=run)
    assert (told["maxConcurrency"], told["toleratedFailurePercentage"]) == (2, 50)
    second = client.get_activity_task(
        activityArn=work
    )  # there is none before the first has its answer otherwise
    client.send_task_failure(taskToken=first["taskToken"], error="Bad")
    client.send_task_success(taskToken=second["taskToken"], output='"good"')
    assert ended(client, execution)["output"] == '["good"]'
    counts = client.describe_map_run(mapRunArn=run)["executionCounts"]
    assert (counts["succeeded"], counts["failed"], counts["running"], counts["total"]) == (1, 1, 0, 2)
    with pytest.raises(ClientError) as refused:
        client.update_map_run(mapRunArn=run, maxConcurrency=1)
    assert code_of(refused) == "ValidationException"


def test_a_state_is_tried_alone_with_a_mock_or_with_its_function(client: Any) -> None:
    state = json.dumps({"Type": "Pass", "Parameters": {"total.$": "States.MathAdd($.a, $.b)"}, "End": True})
    told = client.test_state(definition=state, roleArn=ROLE, input='{"a": 1, "b": 2}')
    assert (told["status"], told["output"]) == ("SUCCEEDED", '{"total":3}')
    machine = task_machine()
    told = client.test_state(
        definition=machine, stateName="T", input='{"name": "Ada"}', inspectionLevel="DEBUG"
    )
    assert json.loads(told["output"])["Payload"] == "Hello Ada"
    assert json.loads(told["inspectionData"]["afterParameters"])["FunctionName"] == "greet"
    refused = {"errorOutput": {"error": "Boom", "cause": "why"}}
    told = client.test_state(definition=machine, stateName="T", mock=refused)
    assert (told["status"], told["error"]) == ("FAILED", "Boom")
    retried = json.loads(machine)["States"]["T"] | {
        "Retry": [{"ErrorEquals": ["Boom"], "IntervalSeconds": 3}]
    }
    told = client.test_state(definition=json.dumps(retried), mock=refused, inspectionLevel="DEBUG")
    assert told["status"] == "RETRIABLE"
    assert told["inspectionData"]["errorDetails"]["retryBackoffIntervalSeconds"] == 3


def refused(call: Any, **fields: Any) -> tuple[str, str]:
    """Code and message of a refusal."""
    with pytest.raises(ClientError) as found:
        call(**fields)
    error = found.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_tried_state_shows_its_steps_as_texts(client: Any) -> None:
    state = {
        "Type": "Map",
        "ItemsPath": "$.l",
        "ItemSelector": {"v.$": "$$.Map.Item.Value", "n.$": "$n"},
        "MaxConcurrency": 2,
        "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
        "Next": "After",
    }
    asked = {
        "definition": json.dumps(state),
        "input": '{"l": [1]}',
        "variables": '{"n": 5}',
        "inspectionLevel": "DEBUG",
    }
    told = client.test_state(**asked, mock={"result": "[7]"})
    assert (told["status"], told["output"], told["nextState"]) == ("SUCCEEDED", "[7]", "After")
    assert told["inspectionData"] == {
        "input": '{"l":[1]}',
        "afterInputPath": '{"l":[1]}',
        "afterItemsPath": "[1]",
        "afterItemSelector": '[{"v":1,"n":5}]',
        "result": "[7]",
        "afterResultSelector": "[7]",
        "afterResultPath": "[7]",
        "maxConcurrency": 2,
        "variables": '{"n":5}',
    }
    failed = {"errorOutput": {"error": "E", "cause": "C"}}
    told = client.test_state(**asked, mock=failed, stateConfiguration={"errorCausedByState": "I"})
    assert (told["status"], told["error"], told["nextState"]) == ("CAUGHT_ERROR", "E", "Caught")
    assert told["inspectionData"]["errorDetails"] == {"catchIndex": 0}
    assert told["output"] == '{"Error":"E","Cause":"C"}'
    assert "inspectionData" not in client.test_state(**{**asked, "inspectionLevel": "INFO"}, mock=failed)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "needs a mock"),
        ({"mock": {"result": "{"}}, "Invalid Mock Result"),
        ({"mock": {"result": '{"Nothing": 1}'}}, "has no field Nothing"),
        ({"mock": {"result": "{}", "errorOutput": {"error": "E"}}}, "not both"),
        ({"mock": {"result": "{}"}, "variables": "[]"}, "Invalid Variables"),
        ({"context": "{}"}, "needs a mock"),
        ({"mock": {"result": "{}"}, "stateConfiguration": {"mapIterationFailureCount": 1}}, "Only a Map"),
    ],
)
def test_a_request_to_try_a_state_that_makes_no_sense_is_refused(
    client: Any, fields: Any, message: str
) -> None:
    definition = task_machine("hold", token=True)
    if "Nothing" in message:
        definition = task_machine()
    code, told = refused(client.test_state, definition=definition, stateName="T", **fields)
    assert code == "ValidationException"
    assert message in told


def test_secrets_of_a_connection_are_shown_only_when_asked_for() -> None:
    connections = {"arn:c": {"X-Key": "topsecret"}}
    handlers = http_task(connections.__getitem__, lambda _: HttpResponse(200, {"a": "b"}, b"{}"))
    parameters = {
        "ApiEndpoint": "https://example.com",
        "Method": "POST",
        "Authentication": {"ConnectionArn": "arn:c"},
        "RequestBody": {"n": 1},
    }
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": parameters,
        "End": True,
    }
    asked = {"definition": json.dumps(state), "inspectionLevel": "TRACE"}
    with Api(Engine(handlers=handlers)) as api:
        hidden: Any = api("TestState", asked)
        shown: Any = api("TestState", {**asked, "revealSecrets": True})
        plain: Any = api("TestState", {**asked, "inspectionLevel": "DEBUG"})
    request = hidden["inspectionData"]["request"]
    assert (request["protocol"], request["method"], request["body"]) == ("https", "POST", '{"n":1}')
    assert "topsecret" not in str(hidden["inspectionData"]["request"])
    assert "topsecret" in shown["inspectionData"]["request"]["headers"]
    assert hidden["inspectionData"]["response"]["statusCode"] == "200"
    assert "request" not in plain["inspectionData"]


def test_an_update_that_changes_nothing_keeps_the_revision(client: Any) -> None:
    arn = create(client, pass_machine(Result=1))
    assert "revisionId" not in client.update_state_machine(
        stateMachineArn=arn, definition=pass_machine(Result=1)
    )
    first = client.update_state_machine(stateMachineArn=arn, roleArn=f"{ROLE}2")["revisionId"]
    again = client.update_state_machine(stateMachineArn=arn, definition=pass_machine(Result=1))["revisionId"]
    assert again == first
    published = client.publish_state_machine_version(stateMachineArn=arn, revisionId=first)
    assert published["stateMachineVersionArn"] == f"{arn}:1"
    client.update_state_machine(stateMachineArn=arn, roleArn=ROLE)
    version = client.describe_state_machine(stateMachineArn=f"{arn}:1")
    assert (version["roleArn"], version["revisionId"]) == (f"{ROLE}2", first)
    second = client.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    assert client.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"] == second
    assert (second, client.describe_state_machine(stateMachineArn=second)["roleArn"]) == (f"{arn}:2", ROLE)
    first = client.describe_state_machine(stateMachineArn=arn)["revisionId"]
    told = refused(client.publish_state_machine_version, stateMachineArn=arn, revisionId="other")
    words = "Failed to publish the State Machine version for revision other. "
    assert told == ("ConflictException", f"{words}The current State Machine revision is {first}.")
    assert refused(client.update_state_machine, stateMachineArn=arn)[0] == "MissingRequiredParameter"
    assert (
        refused(client.update_state_machine, stateMachineArn=f"{arn}:1", roleArn=ROLE)[0]
        == "ValidationException"
    )


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"loggingConfiguration": {"level": "ALL"}}, "InvalidLoggingConfiguration"),
        ({"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY"}}, "InvalidEncryptionConfiguration"),
        ({"versionDescription": "v"}, "ValidationException"),
        ({"roleArn": "me"}, "InvalidArn"),
        ({"definition": "{"}, "InvalidDefinition"),
        ({"type": "EXPRESS", "definition": task_machine(token=True)}, "InvalidDefinition"),
    ],
)
def test_a_machine_that_cannot_be_is_refused(client: Any, fields: Any, code: str) -> None:
    asked = {"name": "refused", "definition": pass_machine(), "roleArn": ROLE, **fields}
    assert refused(client.create_state_machine, **asked)[0] == code


def test_executions_of_a_version_and_of_an_alias_are_listed_apart(client: Any) -> None:
    arn = create(client, pass_machine(), publish=True)
    routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    alias = client.create_state_machine_alias(name="live", routingConfiguration=routes)[
        "stateMachineAliasArn"
    ]
    started = [
        client.start_execution(stateMachineArn=way)["executionArn"] for way in (arn, f"{arn}:1", alias)
    ]
    for way, count in ((arn, 3), (f"{arn}:1", 2), (alias, 1)):
        rows = client.list_executions(stateMachineArn=way)["executions"]
        assert {row["executionArn"] for row in rows} == set(started[-count:])
    code, _ = refused(
        client.create_state_machine_alias, name="two", routingConfiguration=[{**routes[0], "weight": 50}]
    )
    assert code == "ValidationException"
    assert refused(client.update_state_machine_alias, stateMachineAliasArn=alias)[0] == "ValidationException"
    code, message = refused(client.delete_state_machine_version, stateMachineVersionArn=f"{arn}:1")
    assert (code, "[live]" in message) == ("ConflictException", True)


def test_a_description_can_leave_the_data_out(client: Any) -> None:
    machine = create(client, pass_machine())
    execution = client.start_execution(stateMachineArn=machine, input='{"n": 1}', traceHeader="Root=1")[
        "executionArn"
    ]
    ended(client, execution)
    full = client.describe_execution(executionArn=execution)
    assert (full["output"], full["outputDetails"], full["traceHeader"]) == (
        '{"n":1}',
        {"included": True},
        "Root=1",
    )
    bare = client.describe_execution(executionArn=execution, includedData="METADATA_ONLY")
    assert {"input", "output"}.isdisjoint(bare)
    assert bare["inputDetails"] == {"included": False}
    assert (
        client.describe_state_machine(stateMachineArn=machine, includedData="METADATA_ONLY")["definition"]
        == ""
    )
    express = create(client, pass_machine(), type="EXPRESS")
    told = client.start_sync_execution(stateMachineArn=express, includedData="METADATA_ONLY")
    assert "output" not in told
    assert told["billingDetails"] == {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100}


def test_a_worker_that_finds_no_task_gets_an_empty_answer() -> None:
    with Api(Engine(arn=ARN), poll_seconds=0) as api:
        api("CreateActivity", {"name": "idle"})
        assert api("GetActivityTask", {"activityArn": f"{ARN}:activity:idle"}) == {}
        with pytest.raises(Fault, match="Activity Does Not Exist: '"):
            api("GetActivityTask", {"activityArn": f"{ARN}:activity:none"})


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        ("describe_execution", {"executionArn": f"{ARN}:execution:none:x"}, f"Execution Does Not Exist: '{ARN}:execution:none:x'"),
        ("start_execution", {"stateMachineArn": f"{ARN}:stateMachine:none"}, f"State Machine Does Not Exist: '{ARN}:stateMachine:none'"),
        ("create_activity", {"name": "a b"}, "Invalid Name: 'a b'"),
        ("send_task_success", {"taskToken": "none", "output": "{}"}, "Invalid Token: 'Invalid token'"),
        ("describe_state_machine", {"stateMachineArn": "nonsense"}, "Invalid Arn: 'Invalid ARN prefix: nonsense'"),
    ],
)  # fmt: skip
def test_refusals_have_the_service_s_own_words(
    client: Any, operation: str, request_: Any, message: str
) -> None:
    assert refused(getattr(client, operation), **request_)[1] == message


def test_every_operation_that_is_offered_was_answered_in_the_models_shape(client: Any) -> None:
    offered = set(Api(Engine()).operations)
    assert offered == ANSWERED, f"not tried: {offered - ANSWERED}"
    known = set(client.meta.service_model.operation_names)
    assert known == offered


def test_requests_that_are_none_are_refused_and_the_connection_goes_on(client: Any) -> None:
    host = client.meta.endpoint_url.removeprefix("http://")
    connection = HTTPConnection(host, timeout=60)
    answers = []
    for target, body in (
        ("AWSStepFunctions.Nothing", "{}"),
        ("SomethingElse.ListStateMachines", "{}"),
        ("AWSStepFunctions.ListStateMachines", "{"),
        ("AWSStepFunctions.ListStateMachines", "[]"),
        ("AWSStepFunctions.ListStateMachines", '{"maxResults": "many"}'),
        ("AWSStepFunctions.ListStateMachines", '{"maxResults": 1001}'),
        ("AWSStepFunctions.ListStateMachines", "{}"),
    ):
        connection.request("POST", "/", body, {"X-Amz-Target": target})
        reply = connection.getresponse()
        answers.append((reply.status, json.loads(reply.read()).get("__type")))
    connection.close()
    assert answers == [
        (400, "UnknownOperationException"),
        (400, "UnknownOperationException"),
        (400, "SerializationException"),
        (400, "SerializationException"),
        (400, "SerializationException"),
        (400, "ValidationException"),
        (200, None),
    ]


def test_many_clients_at_once_start_each_execution_once(client: Any) -> None:
    machine = create(client, task_machine())

    def start(number: int) -> str:
        return str(client.start_execution(stateMachineArn=machine, name=f"n{number % 10}")["executionArn"])

    with ThreadPoolExecutor(8) as pool:
        started = list(pool.map(start, range(10)))
    assert len(set(started)) == 10
    assert all(ended(client, execution)["status"] == "SUCCEEDED" for execution in started)


def test_everything_survives_the_server(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    first = FileConnections(path)
    with StepFunctionsServer(Api(engine_on(SqliteJournal(first))), threads=1) as server:
        before = client_of(server.url)
        activity = before.create_activity(name="van")["activityArn"]
        machine = create(before, task_machine("hold", token=True), publish=True)
        execution = before.start_execution(stateMachineArn=f"{machine}:1", name="e")["executionArn"]
        token = token_of(execution)
        before.close()
    first.close()
    second = FileConnections(path)
    with StepFunctionsServer(Api(engine_on(SqliteJournal(second))), threads=1) as server:
        after = client_of(server.url)
        assert after.describe_execution(executionArn=execution)["status"] == "RUNNING"
        assert after.describe_activity(activityArn=activity)["name"] == "van"
        after.send_task_success(taskToken=token, output='"yes"')
        found = ended(after, execution)
        assert (found["output"], found["stateMachineVersionArn"]) == ('"yes"', f"{machine}:1")
        after.close()
    second.close()
