"""The engine behind Step Functions' wire protocol, spoken to by boto3's own client."""

import json
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rimedio.asl import Engine, MemoryJournal, SqliteJournal, TaskContext, TaskFailed
from rimedio.asl.integrations import functions, nested
from rimedio.asl.wire import Api, StepFunctionsServer

boto3 = pytest.importorskip("boto3")
from botocore.config import Config  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

ROLE = "arn:aws:iam::000000000000:role/test"
ARN = "arn:aws:states:us-east-1:000000000000"
TOKENS: list[str] = []


def greet(payload: Any, _context: TaskContext) -> Any:
    if payload.get("fail"):
        raise TaskFailed("Refused", "said no")
    return f"Hello {payload.get('name', '?')}"


def hold(_payload: Any, context: TaskContext) -> Any:
    TOKENS.append(str(context.token))
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
        aws_secret_access_key="test",  # noqa: S106
        config=Config(inject_host_prefix=False, retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with StepFunctionsServer(Api(engine_on(MemoryJournal())), threads=2) as server:
        made = client_of(server.url)
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
    for _ in range(400):
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
