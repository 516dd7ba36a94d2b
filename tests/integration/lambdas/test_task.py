"""The workflow's task as a Lambda function, on a whole system, called as Lambda calls it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.integration.tickets.workshop import request
from tests.step_functions import engine_for, functions

from rimedio.asl import Machine
from rimedio.bootstrap import Rimedio, laptop
from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import InvalidSetting
from rimedio.domain.ticket import Ticket
from rimedio.lambdas.functions._function import LambdaFunction
from rimedio.lambdas.functions._invocation import FakeContext
from rimedio.lambdas.functions.task import VARIABLE, build_named_task, build_task, ids_of
from rimedio.settings import EmbedderName, Settings


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rimedio]:
    made = laptop(Settings(data_dir=tmp_path_factory.mktemp("data"), embedder=EmbedderName.NONE))
    yield made
    made.close()


@pytest.fixture
def ticket(system: Rimedio) -> Ticket:
    return system.open_ticket(system.tenant, request())


def function(system: Rimedio, task: str) -> LambdaFunction[Any]:
    return LambdaFunction(
        f"task-{task}", partial(build_task, name=task), find_system=lambda: system, correlate=ids_of
    )


def payload_of(ticket: Ticket, **more: Any) -> dict[str, Any]:
    return {"tenant_id": ticket.tenant_id, "ticket_id": ticket.ticket_id, **more}


def test_a_task_answers_json_and_twice_is_the_same(system: Rimedio, ticket: Ticket) -> None:
    call = function(system, "validate")
    payload = payload_of(ticket, execution_id="arn:aws:states:eu-south-1:1:execution:t:x")
    first = call(payload, FakeContext())
    assert call(payload, FakeContext()) == first == json.loads(json.dumps(first))
    assert first["status"] == "PROCESSING"


def test_an_error_has_the_same_name_as_at_home_and_nothing_personal(system: Rimedio) -> None:
    call = functions(lambda task, payload: function(system, task)(payload, FakeContext()))
    engine = engine_for(call, FakeClock())
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "rimedio-test-enrich", "Payload": "{% $states.input %}"},
        "Catch": [{"ErrorEquals": ["NotFound"], "Output": "{% $states.errorOutput %}", "Next": "Caught"}],
        "End": True,
    }
    states = {"T": state, "Caught": {"Type": "Succeed"}}
    machine = Machine.parse({"QueryLanguage": "JSONata", "StartAt": "T", "States": states})
    found = engine.run(engine.start(machine, {"tenant_id": "acme", "ticket_id": "tkt_none"}))
    assert found.status == "SUCCEEDED", found.cause
    told = json.loads(found.output["Cause"])  # type: ignore[index, call-overload, arg-type]
    assert told["errorType"] == "NotFound"
    assert "tkt_none" in told["errorMessage"]


def test_a_payload_of_another_shape_is_invalid_input(system: Rimedio) -> None:
    with pytest.raises(Exception, match="JSON of a") as refused:
        function(system, "store")({"nonsense": 1}, FakeContext())
    assert type(refused.value).__name__ == "InvalidInput"


def test_a_function_without_a_task_says_what_is_missing(
    system: Rimedio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "nothing")
    with pytest.raises(InvalidSetting, match=r"RIMEDIO_TASK is 'nothing'.*validate"):
        build_named_task(system)
    monkeypatch.setenv(VARIABLE, "enrich")
    assert callable(build_named_task(system))


@pytest.mark.parametrize(
    "unwanted", ["docx", "onnxruntime", "pypdfium2", "boto3", "docutils", "jsonata", "typer"]
)
def test_a_task_imports_nothing_that_only_others_need(imported: frozenset[str], unwanted: str) -> None:
    assert unwanted not in imported


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """What stands in memory after the task `classify` was built on a system of the laptop."""
    code = (
        "import sys; from rimedio.lambdas.functions import task; import rimedio.tickets.tasks.registry; "
        "from rimedio.bootstrap.system import Rimedio; print(*sorted(sys.modules))"
    )
    folder: Path = tmp_path_factory.mktemp("imports")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder
    )
    return frozenset(done.stdout.split())
