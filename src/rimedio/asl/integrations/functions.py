"""Handlers for the resources that mean the engine itself, or a function by its name.

    handlers = {**my_handlers, **functions({"greet": greet}), **nested(engine, machines)}

Every other service (`events:putEvents`, `sqs:sendMessage`, `sns:publish`, `dynamodb:putItem`, `http:invoke`,
`aws-sdk:…`) is a handler under its own resource, such as `arn:aws:states:::sqs:sendMessage`.
"""

import hashlib
from collections.abc import Callable, Mapping

from rimedio.asl.definition.model import Machine
from rimedio.asl.errors import ExecutionAlreadyExists, StateMachineDoesNotExist, TaskFailed
from rimedio.asl.execution.engine import Engine
from rimedio.asl.execution.executions import Description
from rimedio.asl.execution.handlers import AwaitExecution, Handler, TaskContext
from rimedio.asl.journal.port import PARENT_NOTE
from rimedio.asl.jsontext import JSON, dumps

INVOKE = "arn:aws:states:::lambda:invoke"
START = "arn:aws:states:::states:startExecution"
Machines = Callable[[str], Machine]


def functions(registered: Mapping[str, Handler]) -> dict[str, Handler]:
    """`lambda:invoke`: calls the function that `FunctionName` names, by name, ARN or `name:alias`."""

    def invoke(payload: JSON, context: TaskContext) -> JSON:
        body = payload if isinstance(payload, dict) else {}
        name = function_name(str(body.get("FunctionName", "")))
        if name not in registered:
            raise TaskFailed("Lambda.ResourceNotFoundException", f"Function not found: {name}")
        result = registered[name](body.get("Payload", {}), context)
        return {"ExecutedVersion": "$LATEST", "Payload": result, "StatusCode": 200}

    return {INVOKE: invoke}


def function_name(text: str) -> str:
    """The bare name in a function's ARN or qualified name."""
    if ":function:" in text:
        text = text.partition(":function:")[2]
    return text.partition(":")[0]


def nested(engine: Engine, machines: Machines) -> dict[str, Handler]:
    """`states:startExecution`, `.sync` and `.sync:2`; `machines` finds a machine by its ARN or name.

    The child is named after the task attempt, or noted as started by it: repeated after a crash, the attempt
    starts no second child. A `.sync` task takes no thread while its child runs.
    """

    def start(payload: JSON, context: TaskContext) -> JSON:
        execution = _start(engine, machines, payload, context)
        found = engine.describe(execution)
        return {"ExecutionArn": execution, "StartDate": found.started.isoformat()}

    def sync(payload: JSON, context: TaskContext) -> JSON:
        return _envelope(_finished(engine, machines, payload, context), parsed=False)

    def sync_2(payload: JSON, context: TaskContext) -> JSON:
        return _envelope(_finished(engine, machines, payload, context), parsed=True)

    return {START: start, f"{START}.sync": sync, f"{START}.sync:2": sync_2}


def _start(engine: Engine, machines: Machines, payload: JSON, context: TaskContext) -> str:
    body = payload if isinstance(payload, dict) else {}
    name = str(body.get("Name", hashlib.sha256(context.key.encode()).hexdigest()[:32]))
    try:
        machine = machines(str(body.get("StateMachineArn", "")))
    except (KeyError, StateMachineDoesNotExist) as error:
        raise TaskFailed("StepFunctions.StateMachineDoesNotExistException", str(error)) from error
    journal, execution = engine.journal, f"{engine.arn}:execution:{machine.name}:{name}"
    if journal.record(execution) is None:
        journal.put_note(f"{PARENT_NOTE}{execution}", context.key)
    try:
        return engine.start(machine, body.get("Input", {}), name)
    except ExecutionAlreadyExists as error:
        if journal.note(f"{PARENT_NOTE}{execution}") != context.key:
            raise TaskFailed("StepFunctions.ExecutionAlreadyExistsException", str(error)) from error
        return execution


def _finished(engine: Engine, machines: Machines, payload: JSON, context: TaskContext) -> Description:
    found = engine.describe(_start(engine, machines, payload, context))
    if not found.is_over:
        raise AwaitExecution(found.execution_id)
    if found.status != "SUCCEEDED":
        raise TaskFailed("States.TaskFailed", dumps(_envelope(found, parsed=False)))
    return found


def _envelope(found: Description, *, parsed: bool) -> dict[str, JSON]:
    told: dict[str, JSON] = {
        "ExecutionArn": found.execution_id,
        "Input": found.input if parsed else dumps(found.input),
        "Name": found.name,
        "StartDate": int(found.started.timestamp() * 1000),
        "StateMachineArn": found.state_machine,
        "Status": found.status,
        "StopDate": None if found.stopped is None else int(found.stopped.timestamp() * 1000),
    }
    if found.status == "SUCCEEDED":
        told["Output"] = found.output if parsed else dumps(found.output)
    else:
        told.update(Error=found.error, Cause=found.cause)
    return told
