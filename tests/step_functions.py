"""AWS Step Functions for tests: the wire server on an engine, boto3's client at it, tasks as Lambda functions."""

import atexit
import json
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from typing import Any

from rimedio.asl import Engine, MemoryJournal
from rimedio.asl.jsontext import JSON
from rimedio.asl.wire import Api, LocalFunctions, StepFunctionsServer, invoked
from rimedio.asl.wire.server import Answer, Interference
from rimedio.aws import AwsConnections
from rimedio.domain.clock import FakeClock
from rimedio.domain.codec import Json
from rimedio.domain.ticket import Ticket
from rimedio.tickets.step_functions_runner import StepFunctionsRunner
from rimedio.tickets.workflow import definition_for, task_names

REGION, ACCOUNT = "eu-south-1", "123456789012"
ARN = f"arn:aws:states:{REGION}:{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/rimedio-test-ticket"
Task = Callable[[str, Json], object]  # name of the task and payload → result


class DrivingClock(FakeClock):
    """Whoever waits lets the engine work first; then time passes."""

    def __init__(self, clock: FakeClock, engine: Engine) -> None:
        super().__init__()
        self._clock = clock
        self._engine = engine

    def now(self) -> Any:
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        self._engine.run_until_idle(wait=False)
        self._clock.advance(max(seconds, 1.0))  # backoffs last minutes


@dataclass(frozen=True)
class DrivenRunner(StepFunctionsRunner):
    """The runner, in a world where nothing happens unless this thread does it."""

    engine: Engine = None  # type: ignore[assignment] # after fields with defaults; always given

    def settle(self, ticket: Ticket) -> Ticket:
        self.drain()
        return super().settle(ticket)

    def drain(self) -> None:
        self.engine.run_until_idle(wait=False)


def function_arn(task: str) -> str:
    """As infra names a task's function, with its alias."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rimedio-test-{task}:live"


def functions(task: Task) -> LocalFunctions:
    """All tasks as functions of Lambda."""

    def function(name: str) -> Callable[[JSON, object], object]:
        return lambda payload, _context: task(name, payload)

    return LocalFunctions({f"rimedio-test-{name}": function(name) for name in task_names()})


def engine_for(call: Any, clock: FakeClock) -> Engine:
    """An engine whose Lambda tasks are `call`ed."""
    return Engine(MemoryJournal(), invoked(call), clock=clock, arn=ARN)


class _Shared(StepFunctionsServer):
    """One server and one client for many engines in turn: making a client takes longer than most tests."""

    def __init__(self) -> None:
        super().__init__(Api(Engine()), threads=0, interfere=self._interfered)
        self.interfere: Interference | None = None
        self.opened = ExitStack()
        self.opened.enter_context(self)
        self.client = AwsConnections(REGION, {"stepfunctions": self.url}).client("stepfunctions", attempts=1)
        self.opened.callback(self.client.close)

    def use(self, engine: Engine, interfere: Interference | None) -> None:
        self.interfere = interfere
        self.api = self._http.api = Api(engine)

    def _interfered(self, operation: str, answer: Answer) -> JSON:
        return answer() if self.interfere is None else self.interfere(operation, answer)


@cache
def _shared() -> _Shared:
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    before = {name: os.environ.get(name) for name in keys}
    os.environ.update(keys)
    try:
        made = _Shared()
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
    atexit.register(made.opened.close)
    return made


def step_functions(engine: Engine, interfere: Interference | None = None) -> Any:
    """boto3's client of a Step Functions that is this engine, until another one is asked for."""
    shared = _shared()
    shared.use(engine, interfere)
    return shared.client


def deployed(client: Any, name: str = "rimedio-test-ticket") -> str:
    """The ticket's workflow as infra deploys it; the ARN of its alias."""
    definition = json.dumps(json.loads(definition_for({task: function_arn(task) for task in task_names()})))
    made = client.create_state_machine(name=name, definition=definition, roleArn=ROLE, publish=True)
    routes = [{"stateMachineVersionArn": made["stateMachineVersionArn"], "weight": 100}]
    alias = client.create_state_machine_alias(name="live", routingConfiguration=routes)
    return str(alias["stateMachineAliasArn"])
