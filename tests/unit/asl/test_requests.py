"""Every request of Step Functions against its own model, as botocore has it."""

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from rimedio.asl import Engine
from rimedio.asl.wire import Api
from rimedio.asl.wire.faults import Fault
from rimedio.asl.wire.requests import REQUESTS, SHAPES, Shape

ARN = "arn:aws:states:us-east-1:000000000000"
ROLE = "arn:aws:iam::000000000000:role/r"
PASS = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}'
ROUTES = [{"stateMachineVersionArn": f"{ARN}:stateMachine:none:1", "weight": 100}]
VALUES: dict[str, Any] = {
    "stateMachineArn": f"{ARN}:stateMachine:none",
    "stateMachineVersionArn": f"{ARN}:stateMachine:none:1",
    "stateMachineAliasArn": f"{ARN}:stateMachine:none:live",
    "executionArn": f"{ARN}:execution:none:x",
    "activityArn": f"{ARN}:activity:none",
    "mapRunArn": f"{ARN}:mapRun:none/x:1",
    "resourceArn": f"{ARN}:stateMachine:none",
    "roleArn": ROLE,
    "name": "n",
    "definition": PASS,
    "routingConfiguration": ROUTES,
    "tags": [{"key": "k", "value": "v"}],
    "tagKeys": ["k"],
    "taskToken": "t",
    "output": "{}",
}
KINDS = {"string": {"string"}, "array": {"list"}, "object": {"structure"}, "boolean": {"boolean"}}


@cache
def model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("stepfunctions", "service-2"), "stepfunctions")


def unlike(ours: Shape, theirs: Any, where: str) -> Iterator[str]:
    """Where our shape differs from the service's."""
    whole = {"integer", "long"} if ours.whole else {"float"}
    if theirs.type_name not in KINDS.get(ours.type, whole):
        yield f"{where}: type"
    limits = {"min": ours.low, "max": ours.high, "pattern": ours.pattern, "enum": list(ours.words)}
    known = {"min": 0, "max": None, "pattern": "", "enum": []} | theirs.metadata
    if any(known[name] != value for name, value in limits.items()):
        yield f"{where}: limits"
    if ours.of:
        yield from unlike(SHAPES[ours.of], theirs.member, f"{where}[]")
    if ours.type == "object":
        required = {name: name in theirs.required_members for name in theirs.members}
        if {name: is_required for name, (_, is_required) in ours.members.items()} != required:
            yield f"{where}: members"
        for name, (kind, _) in ours.members.items():
            yield from unlike(SHAPES[kind], theirs.members[name], f"{where}.{name}")


@pytest.mark.parametrize("operation", sorted(model().operation_names))
def test_the_table_says_what_the_service_s_model_says(operation: str) -> None:
    assert list(unlike(REQUESTS[operation], model().operation_model(operation).input_shape, operation)) == []


def bad_values(shape: Shape) -> Iterator[tuple[Any, str]]:
    """Values that a member must not have, and how they are refused."""
    yield (7 if shape.type == "string" else "text"), "SerializationException"
    if shape.words:
        yield "SOMETHING", "ValidationException"
    of_size = {"string": lambda n: "x" * n, "number": lambda n: n, "array": lambda n: [{}] * n}.get(
        shape.type
    )
    if of_size is not None and (shape.low or shape.type == "number"):
        yield of_size(shape.low - 1), "ValidationException"
    if of_size is not None and shape.high is not None:
        yield of_size(shape.high + 1), "ValidationException"
    if shape.of:
        yield [None], "SerializationException"
    for name, (kind, _) in shape.members.items():
        for value, error in bad_values(SHAPES[kind]):
            yield {name: value}, error


def requests() -> Iterator[Any]:
    for operation, request in REQUESTS.items():
        least = {name: VALUES[name] for name, (_, required) in request.members.items() if required}
        for name, (kind, required) in request.members.items():
            if required:
                rest = {key: value for key, value in least.items() if key != name}
                yield pytest.param(operation, rest, "ValidationException", id=f"{operation}-without-{name}")
            for number, (value, error) in enumerate(bad_values(SHAPES[kind])):
                yield pytest.param(
                    operation, {**least, name: value}, error, id=f"{operation}-{name}-{number}"
                )
            if name.endswith("Arn"):
                unfit = {**least, name: "nothing"}
                yield pytest.param(operation, unfit, "InvalidArn", id=f"{operation}-{name}-unfit")


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with Api(Engine(arn=ARN), poll_seconds=0) as made:
        yield made


@pytest.mark.parametrize(("operation", "request_", "error"), list(requests()))
def test_a_bad_member_is_refused_under_its_own_name(
    api: Api, operation: str, request_: Any, error: str
) -> None:
    with pytest.raises(Fault) as refused:
        api(operation, request_)
    assert refused.value.name == error


@pytest.mark.parametrize("operation", sorted(REQUESTS))
def test_what_is_not_there_is_an_error_that_the_operation_may_have(api: Api, operation: str) -> None:
    members = REQUESTS[operation].members
    declared = {shape.error_code for shape in model().operation_model(operation).error_shapes}
    told = ""
    try:
        api(operation, {name: VALUES[name] for name, (_, required) in members.items() if required})
    except Fault as fault:
        told = fault.name
    assert told in declared | {"ValidationException", ""}


def test_all_that_is_wrong_is_told_at_once(api: Api) -> None:
    with pytest.raises(Fault) as refused:
        api("CreateStateMachine", {"name": "n" * 81, "type": "FAST", "roleArn": ROLE})
    assert str(refused.value) == (
        f"3 validation errors detected: Value '{'n' * 81}' at 'name' failed to satisfy constraint: Member must have "
        "length less than or equal to 80; Value null at 'definition' failed to satisfy constraint: Member must not be "
        "null; Value 'FAST' at 'type' failed to satisfy constraint: Member must satisfy enum value set: "
        "[STANDARD, EXPRESS]"
    )


TEXTS = [
    "",
    "x",
    "{}",
    "[]",
    "[1, 2]",
    "null",
    "1",
    '"a"',
    "{",
    '{"x": 1}',
    '{"l": [1]}',
    "A",
    "live",
    "n",
    "é",
]
STATES = ['{"Type": "Pass", "End": true}', '{"Type": "Choice", "Choices": [3]}', '{"Type": "Task", "Catch": 5}', '{"Type": 7}',
          '{"Choices": 7}', "[]", "null", "{", PASS, '{"Type": "Wait", "SecondsPath": "$.x", "End": true}',
          '{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true}',
          f'{{"Type": "Map", "ItemProcessor": {PASS}, "End": true}}']  # fmt: skip
RESOURCES = ["stateMachine:m", "stateMachine:m:1", "stateMachine:m:live", "stateMachine:m/x", "stateMachine:e",
             "stateMachine:", "stateMachine::", "execution:m:x", "execution:", "activity:a", "mapRun:m/x:1", "mapRun:",
             "express:m:x:y"]  # fmt: skip


def anything(chance: random.Random, kind: str, name: str) -> Any:
    """A value that a member may well have, or now and then one that it must not."""
    shape = SHAPES[kind]
    if chance.random() < 0.05:
        return chance.choice([None, 1, "x", [], {}, True, 1.5])
    if shape.of:
        return [anything(chance, shape.of, name) for _ in range(chance.randint(0, 2))]
    if shape.type == "object":
        return a_request(chance, shape)
    if shape.type == "number":
        return chance.choice([0, 1, 2, 50, 100])
    if shape.type == "boolean":
        return chance.random() < 0.5
    if name.endswith("Arn"):
        return ROLE if name == "roleArn" else f"{ARN}:{chance.choice(RESOURCES)}"
    return chance.choice(STATES if kind == "Definition" else shape.words or TEXTS)


def a_request(chance: random.Random, shape: Shape) -> dict[str, Any]:
    members = shape.members.items()
    return {n: anything(chance, kind, n) for n, (kind, needed) in members if needed or chance.random() < 0.4}


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_asked_the_answer_is_json_or_a_fault(seed: int) -> None:
    chance = random.Random(seed)
    with Api(Engine(arn=ARN), poll_seconds=0) as api:
        for name, kind in (("m", "STANDARD"), ("e", "EXPRESS")):
            made = {"name": name, "type": kind, "definition": PASS, "roleArn": ROLE, "publish": True}
            api("CreateStateMachine", made)
        api("CreateActivity", {"name": "a"})
        for operation in chance.choices(list(REQUESTS), k=700):
            with suppress(Fault):
                json.dumps(api(operation, a_request(chance, REQUESTS[operation])))
            api.engine.run_until_idle(wait=False)
