"""Looking at definitions without running them: ValidateStateMachineDefinition and TestState."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import cast

from rimedio.asl.definition.validation import validate
from rimedio.asl.execution.engine import Engine
from rimedio.asl.expressions.query import MISSING
from rimedio.asl.integrations.http_task import Exchange
from rimedio.asl.jsontext import JSON, dumps
from rimedio.asl.testing.inspection import Circumstances, ErrorDetails, Inspection, TestedState, Validation
from rimedio.asl.testing.mocks import Answer, Return, Throw
from rimedio.asl.testing.state import try_state
from rimedio.asl.wire.faults import Fault
from rimedio.asl.wire.fields import Fields, present

FINDINGS_MAX = 100
NUMBERS = ("max_concurrency", "tolerated_failure_count", "tolerated_failure_percentage")
SECRET = "*****"  # noqa: S105 - what stands in its place


class Checks:
    """Operations on definitions. TestState calls the engine's handlers where no result is mocked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def validate_state_machine_definition(self, request: Fields) -> JSON:
        """ValidateStateMachineDefinition."""
        severities = ("ERROR", request.text("severity"))
        limit = request.number("maxResults") or FINDINGS_MAX
        findings = validate(request.text("definition"), express=request.text("type") == "EXPRESS")
        found = [finding for finding in findings if finding.severity in severities]
        failed = any(finding.severity == "ERROR" for finding in found)
        told: list[JSON] = [
            {name: value for name, value in asdict(finding).items() if value is not None}
            for finding in found[:limit]
        ]
        return {"result": "FAIL" if failed else "OK", "diagnostics": told, "truncated": len(found) > limit}

    def test_state(self, request: Fields) -> JSON:
        """TestState."""
        definition = request.json("definition", "InvalidDefinition", "State Machine Definition")
        if not isinstance(definition, dict):
            raise Fault("InvalidDefinition", "Invalid State Machine Definition: 'It is not a JSON object'")
        mock = request.object("mock")
        try:
            tested = try_state(
                definition,
                input=request.json("input", "InvalidExecutionInput", "State Machine Execution Input"),
                state_name=request.text_or_none("stateName"),
                mock=_mocked(mock),
                variables=_object(request, "variables"),
                context=_object(request, "context") if request.has("context") else None,
                before=_before(request.object("stateConfiguration")),
                handlers=self._engine.handlers,
                validation=cast("Validation", mock.text("fieldValidationMode") or "STRICT"),
            )
        except ValueError as error:
            raise Fault("ValidationException", str(error)) from error
        return _told(tested, request.text("inspectionLevel"), reveal=request.flag("revealSecrets"))


def _mocked(mock: Fields) -> Answer | None:
    if mock.has("errorOutput") == mock.has("result"):
        if mock.has("result"):
            raise Fault("ValidationException", "A mock is either a result or an errorOutput, not both.")
        return None
    if mock.has("result"):
        return Return(mock.json("result", "ValidationException", "Mock Result"))
    failure = mock.object("errorOutput")
    return Throw(failure.text("error"), failure.text("cause"))


def _object(request: Fields, name: str) -> Mapping[str, JSON]:
    value = request.json(name, "ValidationException", name.capitalize())
    if not isinstance(value, dict):
        raise Fault("ValidationException", f"Invalid {name.capitalize()}: 'It is not a JSON object'")
    return value


def _before(given: Fields) -> Circumstances:
    failed = given.number("mapIterationFailureCount") if given.has("mapIterationFailureCount") else None
    return Circumstances(
        retrier_retry_count=given.number("retrierRetryCount"),
        error_caused_by_state=given.text_or_none("errorCausedByState"),
        map_iteration_failure_count=failed,
        map_item_reader_data=given.text_or_none("mapItemReaderData"),
    )


def _told(tested: TestedState, level: str, *, reveal: bool) -> JSON:
    output = dumps(tested.output) if tested.status in ("SUCCEEDED", "CAUGHT_ERROR") else None
    told = present(output=output, error=tested.error, cause=tested.cause, nextState=tested.next_state)
    if level in ("DEBUG", "TRACE"):
        shown = _inspected(tested.inspection)
        if tested.variables:
            shown["variables"] = dumps(dict(tested.variables))
        if level == "TRACE" and tested.inspection.exchange is not None:
            shown |= _exchanged(tested.inspection.exchange, reveal=reveal)
        told["inspectionData"] = shown
    return told | {"status": tested.status}


def _inspected(seen: Inspection) -> dict[str, JSON]:
    """The steps as JSON texts, numbers as numbers, under the service's names."""
    shown: dict[str, JSON] = {}
    for step in fields(seen):
        value = getattr(seen, step.name)
        if isinstance(value, ErrorDetails):
            shown["errorDetails"] = present(
                **{_camel(name): number for name, number in asdict(value).items()}
            )
        elif step.name in NUMBERS:
            shown |= present(**{_camel(step.name): value})
        elif step.name not in ("error_details", "exchange") and value is not MISSING:
            shown[_camel(step.name)] = dumps(value)
    return shown


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _exchanged(exchange: Exchange, *, reveal: bool) -> dict[str, JSON]:
    """An HTTP task's request and response; what the connection added is hidden unless it is to be revealed."""
    request, response = exchange.request, exchange.response
    hidden = frozenset() if reveal else exchange.secret
    headers = {name: SECRET if name in hidden else value for name, value in request.headers.items()}
    protocol = request.url.partition(":")[0]
    sent = present(
        protocol=protocol,
        method=request.method,
        url=request.url,
        headers=str(headers),
        body=None if request.body is None else request.body.decode("utf-8", "replace"),
    )
    received = present(
        protocol=protocol,
        statusCode=str(response.status),
        statusMessage=response.phrase,
        headers=str(dict(response.headers)),
        body=response.body.decode("utf-8", "replace"),
    )
    return {"request": sent, "response": received}
