"""Handlers for the resources that mean the engine itself, or a function by its name.

    handlers = {**my_handlers, **functions({"greet": greet}), **nested(engine, machines)}

Every other service (`events:putEvents`, `sqs:sendMessage`, `sns:publish`, `dynamodb:putItem`, `http:invoke`,
`aws-sdk:…`) is a handler under its own resource, such as `arn:aws:states:::sqs:sendMessage`.
"""

import hashlib
import json
import traceback
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from rimedio.asl.clock import iso
from rimedio.asl.definition.model import Machine
from rimedio.asl.errors import (
    ExecutionAlreadyExists,
    InvalidInput,
    StateMachineDoesNotExist,
    StatesError,
    TaskFailed,
)
from rimedio.asl.execution.engine import Engine
from rimedio.asl.execution.executions import Description
from rimedio.asl.execution.handlers import AwaitExecution, Handler, TaskContext
from rimedio.asl.integrations.services import refusal, sdk_metadata
from rimedio.asl.journal.port import PARENT_NOTE
from rimedio.asl.jsontext import JSON, dumps, loads

INVOKE = "arn:aws:states:::lambda:invoke"
START = "arn:aws:states:::states:startExecution"
OK, ACCEPTED, NOT_FOUND = 200, 202, 404
LATEST = "$LATEST"
Machines = Callable[[str], Machine]
Invoke = Callable[[str, JSON, TaskContext], tuple[JSON, str]]  # function and payload → result and version


def functions(registered: Mapping[str, Handler]) -> dict[str, Handler]:
    """`lambda:invoke`: calls the function that `FunctionName` names, by name, ARN or `name:alias`."""

    def invoke(function: str, payload: JSON, context: TaskContext) -> tuple[JSON, str]:
        name = function_name(function)
        if name not in registered:
            raise no_function(name, request_id(context))
        try:
            return registered[name](payload, context), LATEST
        except (StatesError, AwaitExecution):
            raise
        except Exception as error:
            raise function_error(error, request_id(context)) from error

    return {INVOKE: lambda_invoke(invoke)}


def lambda_invoke(invoke: Invoke) -> Handler:
    """The handler of `lambda:invoke`; an Event is worked on at once too, but nobody learns what came of it."""

    def handler(payload: JSON, context: TaskContext) -> JSON:
        body = payload if isinstance(payload, dict) else {}
        name = ":".join(str(body[key]) for key in ("FunctionName", "Qualifier") if key in body)
        call, request = partial(invoke, name, body.get("Payload", {}), context), request_id(context)
        if body.get("InvocationType") == "Event":
            with suppress(TaskFailed):
                call()
            return {"Payload": "", **sdk_metadata(ACCEPTED, request), "StatusCode": ACCEPTED}
        result, version = call()
        return {"ExecutedVersion": version, "Payload": result, **sdk_metadata(OK, request), "StatusCode": OK}

    return handler


def function_error(error: Exception, request: str) -> TaskFailed:
    """What Lambda tells of an exception in a function: its class is the error name, all of it in JSON the cause."""
    name, trace = type(error).__name__, traceback.format_tb(error.__traceback__)[1:]
    told = {"errorMessage": str(error), "errorType": name, "requestId": request, "stackTrace": trace}
    return TaskFailed(name, json.dumps(told, ensure_ascii=False))


def no_function(name: str, request: str) -> TaskFailed:
    """There is no function of this name."""
    return refusal("Lambda", "ResourceNotFoundException", f"Function not found: {name}", NOT_FOUND, request)


def request_id(context: TaskContext) -> str:
    """Identifies the call that a task attempt makes; the same when the attempt is repeated after a crash."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, context.key))


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
        found = engine.describe(_start(engine, machines, payload, context))
        told: dict[str, JSON] = {"ExecutionArn": found.execution_id}
        return told | sdk_metadata(OK, request_id(context)) | {"StartDate": iso(found.started)}

    def sync(payload: JSON, context: TaskContext) -> JSON:
        return _envelope(_finished(engine, machines, payload, context), parsed=False)

    def sync_2(payload: JSON, context: TaskContext) -> JSON:
        return _envelope(_finished(engine, machines, payload, context), parsed=True)

    return {START: start, f"{START}.sync": sync, f"{START}.sync:2": sync_2}


def _start(engine: Engine, machines: Machines, payload: JSON, context: TaskContext) -> str:
    body = payload if isinstance(payload, dict) else {}
    arn = str(body.get("StateMachineArn", ""))
    name = str(body.get("Name", hashlib.sha256(context.key.encode()).hexdigest()[:32]))
    try:
        machine = machines(arn)
    except (KeyError, StateMachineDoesNotExist) as error:
        raise _refused(
            "StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'", context
        ) from error
    journal, execution = engine.journal, f"{engine.arn}:execution:{machine.name}:{name}"
    if journal.record(execution) is None:
        journal.put_note(f"{PARENT_NOTE}{execution}", context.key)
    given = body.get("Input", {})
    try:
        return engine.start(machine, loads(given) if isinstance(given, str) else given, name)
    except (InvalidInput, ValueError) as error:
        raise _refused("InvalidExecutionInput", str(error), context) from error
    except ExecutionAlreadyExists as error:
        if journal.note(f"{PARENT_NOTE}{execution}") != context.key:
            raise _refused(
                "ExecutionAlreadyExists", f"Execution Already Exists: '{execution}'", context
            ) from error
        return execution


def _refused(name: str, message: str, context: TaskContext) -> TaskFailed:
    return refusal("StepFunctions", f"{name}Exception", message, 400, request_id(context))


def _finished(engine: Engine, machines: Machines, payload: JSON, context: TaskContext) -> Description:
    found = engine.describe(_start(engine, machines, payload, context))
    if not found.is_over:
        raise AwaitExecution(found.execution_id)
    if found.status != "SUCCEEDED":
        raise TaskFailed("States.TaskFailed", dumps(_envelope(found, parsed=False)))
    return found


def _envelope(found: Description, *, parsed: bool) -> dict[str, JSON]:
    """DescribeExecution's answer as Step Functions shows it; `parsed`: input and output as JSON, not as text."""
    succeeded = found.status == "SUCCEEDED"
    told: dict[str, JSON] = {
        "Cause": None if succeeded else found.cause,
        "Error": None if succeeded else found.error,
        "ExecutionArn": found.execution_id,
        "Input": found.input if parsed else dumps(found.input),
        "InputDetails": {"Included": True},
        "Name": found.name,
        "RedriveCount": found.redrive_count,
        "RedriveStatus": "NOT_REDRIVABLE" if succeeded else "REDRIVABLE",
        "StartDate": int(found.started.timestamp() * 1000),
        "StateMachineArn": found.state_machine,
        "Status": found.status,
        "StopDate": None if found.stopped is None else int(found.stopped.timestamp() * 1000),
    }
    told = {name: value for name, value in told.items() if value is not None}
    if succeeded:
        told["Output"] = found.output if parsed else dumps(found.output)
        told["OutputDetails"] = {"Included": True}
        told["RedriveStatusReason"] = "Execution is SUCCEEDED and cannot be redriven"
    return dict(sorted(told.items()))
