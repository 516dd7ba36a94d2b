"""Looking at definitions without running them: ValidateStateMachineDefinition and TestState."""

from collections.abc import Callable, Mapping
from dataclasses import asdict

from rimedio.asl.definition.validation import validate
from rimedio.asl.execution.engine import Engine
from rimedio.asl.execution.handlers import TaskContext, as_failure, find_handler
from rimedio.asl.jsontext import JSON, dumps
from rimedio.asl.testing import Answer, Return, TestedState, Throw, try_state
from rimedio.asl.wire.faults import Fault
from rimedio.asl.wire.fields import Fields, invalid

SEVERITIES = ("ERROR", "WARNING")
KINDS = ("STANDARD", "EXPRESS")
FINDINGS_MAX = 100
LEVELS = ("INFO", "DEBUG", "TRACE")


class Checks:
    """Operations on definitions. TestState calls the engine's handlers where no result is mocked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def operations(self) -> Mapping[str, Callable[[Fields], JSON]]:
        """By name."""
        return {"ValidateStateMachineDefinition": self._validate, "TestState": self._test}

    def _validate(self, request: Fields) -> JSON:
        request.choice("type", KINDS)
        severity = request.choice("severity", SEVERITIES)
        limit = request.number("maxResults") or FINDINGS_MAX
        found = [
            f for f in validate(request.text("definition")) if f.severity == "ERROR" or severity == "WARNING"
        ]
        told: list[JSON] = [asdict(finding) for finding in found[:limit]]
        failed = any(finding.severity == "ERROR" for finding in found)
        return {"result": "FAIL" if failed else "OK", "diagnostics": told, "truncated": len(found) > limit}

    def _test(self, request: Fields) -> JSON:
        tested = _Tested(request)
        mock = _mocked(request)
        if mock is None and tested.state.get("Type") == "Task":
            mock = self._called(tested)
        return _told(tested.run(mock), request.choice("inspectionLevel", LEVELS))

    def _called(self, tested: "_Tested") -> Answer:
        """What the task's handler answers to what the state sends it."""
        seen = tested.run(Return()).inspection
        key = next((k for k in ("afterArguments", "afterParameters", "afterInputPath") if k in seen), "input")
        resource = str(tested.state.get("Resource"))
        execution = f"{self._engine.arn}:execution:test:test"
        context = TaskContext(execution, tested.name, resource, 0, None, None, "test", lambda: None)
        try:
            return Return(find_handler(self._engine.handlers, resource)(seen[key], context))
        except Exception as error:
            failure = as_failure(error)
            return Throw(failure.error or "", failure.cause or "")


class _Tested:
    """The state that a request is about: alone, or one of a whole machine's."""

    def __init__(self, request: Fields) -> None:
        self.name, self.state, self._language = _state(request)
        self._given = request.json("input", "InvalidExecutionInput")
        variables = request.json("variables", "ValidationException")
        self._variables = variables if isinstance(variables, dict) else {}
        self._retries = request.object("stateConfiguration").number("retrierRetryCount")

    def run(self, mock: Answer | None) -> TestedState:
        """Run it with a result. Raises InvalidDefinition, ValidationException when there has to be a mock."""
        try:
            return try_state(
                self.state,
                input=self._given,
                mock=mock,
                variables=self._variables,
                query_language=self._language,
                name=self.name,
                retry_count=self._retries,
            )
        except ValueError as error:
            raise invalid(str(error)) from error


def _mocked(request: Fields) -> Answer | None:
    mock = request.object("mock")
    if mock.has("errorOutput"):
        failure = mock.object("errorOutput")
        return Throw(failure.text_or_none("error") or "", failure.text_or_none("cause") or "")
    return Return(mock.json("result", "ValidationException")) if mock.has("result") else None


def _state(request: Fields) -> tuple[str, Mapping[str, JSON], str]:
    """Name, definition and query language of the state to test: alone, or one of a whole machine's."""
    definition = request.json("definition", "InvalidDefinition", "")
    if not isinstance(definition, dict):
        raise Fault("InvalidDefinition", "The definition is not a JSON object.")
    language = str(definition.get("QueryLanguage", "JSONPath"))
    name = request.text_or_none("stateName")
    if name is None:
        return "State", definition, language
    states = definition.get("States")
    state = states.get(name) if isinstance(states, dict) else None
    if not isinstance(state, dict):
        raise invalid(f"Value '{name}' at 'stateName' names no state of the definition")
    return name, state, language


def _told(tested: TestedState, level: str) -> JSON:
    told: dict[str, JSON] = {"status": tested.status}
    if tested.output is not None:
        told["output"] = dumps(tested.output)
    others = {"error": tested.error, "cause": tested.cause, "nextState": tested.next_state}
    told.update({name: value for name, value in others.items() if value is not None})
    if level != LEVELS[0]:
        told["inspectionData"] = _inspection(tested)
    return told


def _inspection(tested: TestedState) -> dict[str, JSON]:
    shown: dict[str, JSON] = {k: dumps(v) for k, v in tested.inspection.items() if k != "errorDetails"}
    details = tested.inspection.get("errorDetails")
    if isinstance(details, dict):
        shown["errorDetails"] = {name: int(float(str(value))) for name, value in details.items()}
    if tested.variables:
        shown["variables"] = dumps(dict(tested.variables))
    return shown
