"""What flows into a state and out of it: input, context object, result, variables, output."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

from rimedio.asl.clock import iso
from rimedio.asl.definition.model import Bound, Flow, State, WaitPart
from rimedio.asl.errors import StatesError
from rimedio.asl.execution.frames import Frame, Run, visible_variables
from rimedio.asl.expressions.jsonata import require
from rimedio.asl.expressions.jsonpath import JsonPathQuery, put_at
from rimedio.asl.expressions.query import Query, Scope, Services
from rimedio.asl.journal.port import Execution
from rimedio.asl.jsontext import JSON, dumps, loads

WITH_RESULT = frozenset({"Task", "Parallel", "Map"})
Surroundings = Callable[[Run, Frame], tuple[Execution, dict[str, JSON] | None]]


class DataFlow:
    """Evaluates the fields of states."""

    def __init__(
        self, services: Services, machine_arn: str, role_arn: str, surroundings: Surroundings
    ) -> None:
        self.services = services
        self.machine_arn = machine_arn
        self.role_arn = role_arn
        self._surroundings = surroundings

    def scope(
        self,
        run: Run,
        frame: Frame,
        root: JSON,
        states: dict[str, JSON] | None = None,
        token: str | None = None,
    ) -> Scope:
        """What expressions of this frame's state see."""
        known = {"input": frame.input} if states is None else states
        return Scope(
            root, known, visible_variables(frame), lambda: self.context(run, frame, token), self.services
        )

    def context(self, run: Run, frame: Frame, token: str | None = None) -> dict[str, JSON]:
        """The context object."""
        record, item = self._surroundings(run, frame)
        execution: dict[str, JSON] = {
            "Id": record.id,
            "Input": run.input if record.id == run.execution.id else loads(record.input),
            "StartTime": _iso(record.started),
            "Name": record.name,
            "RoleArn": self.role_arn,
            "RedriveCount": record.redrives,
        }
        redriven = run.frames[""].redriven
        if redriven is not None:
            execution["RedriveTime"] = _iso(redriven)
        state: dict[str, JSON] = {"Name": frame.state, "EnteredTime": _iso(frame.entered_at)}
        if frame.definition.type in WITH_RESULT:
            state["RetryCount"] = frame.retries
        machine = (
            run.machine.name if record.parent is None else record.parent.split(":")[-2]
        )  # a Map run's ARN
        context: dict[str, JSON] = {
            "Execution": execution,
            "StateMachine": {"Id": f"{self.machine_arn}:{machine}", "Name": machine},
            "State": state,
        }
        if token is not None or frame.token is not None:
            context["Task"] = {"Token": token or frame.token}
        if item is not None:
            context["Map"] = {"Item": item}
        return context

    def effective_input(self, run: Run, frame: Frame, state: State) -> JSON:
        """The input after InputPath."""
        if state.input_null:
            return {}
        if state.input_path is None:
            return frame.input
        return state.input_path.evaluate(self.scope(run, frame, frame.input))

    def payload(self, run: Run, frame: Frame, state: State, token: str | None = None) -> tuple[JSON, Scope]:
        """The input after InputPath and Parameters or Arguments, and what the state's other fields see."""
        data = self.effective_input(run, frame, state)
        scope = self.scope(run, frame, data, token=token)
        return data if state.parameters is None else state.parameters.evaluate(scope), scope

    def number(
        self,
        bound: Bound | WaitPart | None,
        scope: Scope,
        low: float,
        high: float = math.inf,
        *,
        kind: str = "integer",
    ) -> float | None:
        """The number of a field. Raises States.Runtime when it is none or out of range."""
        if bound is None:
            return None
        value = bound.query.evaluate(scope)
        valid = isinstance(value, (int, float)) and not isinstance(value, bool)
        valid = valid and (kind != "integer" or float(cast("float", value)).is_integer())
        require(bound.query, valid and low <= cast("float", value) <= high, kind, value)
        if not valid:
            shown = f'"{value}"' if isinstance(value, str) else f'"{dumps(value)}"'
            cause = f"The {bound.field} field refers to value {shown} which is not a valid {kind}"
            raise StatesError("States.Runtime", f"{cause}: {path_of(bound.query)}")
        number = float(cast("float", value))
        if not low <= number <= high:
            limits = f"between {low:g} and {high:.0f}" if high < math.inf else f"at least {low:g}"
            raise StatesError("States.Runtime", f"{bound.field.removesuffix('Path')} must be {limits}.")
        return number

    def outcome(
        self, run: Run, frame: Frame, result: JSON, flow: Flow, *, caught: bool
    ) -> tuple[JSON, dict[str, JSON]]:
        """Output and assigned variables of a state that leaves with `result`. Raises StatesError."""
        if frame.definition.is_jsonata:
            return self._flow_jsonata(run, frame, result, flow, caught)
        return self._flow_jsonpath(run, frame, result, flow, caught)

    def _flow_jsonata(
        self, run: Run, frame: Frame, result: JSON, flow: Flow, caught: bool
    ) -> tuple[JSON, dict[str, JSON]]:
        if flow.output is None and flow.assign is None:
            return result, {}
        known: dict[str, JSON] = {"input": frame.input}
        if caught:
            known["errorOutput"] = result
        elif frame.definition.type in WITH_RESULT:
            known["result"] = result
        scope = self.scope(run, frame, None, known)
        output = result if flow.output is None else flow.output.evaluate(scope)
        assigned = {} if flow.assign is None else flow.assign.evaluate(scope)
        return output, cast("dict[str, JSON]", assigned)

    def _flow_jsonpath(
        self, run: Run, frame: Frame, result: JSON, flow: Flow, caught: bool
    ) -> tuple[JSON, dict[str, JSON]]:
        state = frame.definition
        assigned: JSON = {}
        if flow.assign is not None:
            assigned = flow.assign.evaluate(self.scope(run, frame, result))
        if state.selector is not None and not caught:
            result = state.selector.evaluate(self.scope(run, frame, result))
        output = result
        if flow.discard_result:
            output = frame.input
        elif flow.result_path is not None:
            output = put_at(flow.result_path, frame.input, result)
        if caught:
            pass  # a Catch has a ResultPath of its own and no OutputPath: the state's would find no result
        elif state.output_null:
            output = {}
        elif state.output_path is not None:
            output = state.output_path.evaluate(self.scope(run, frame, output))
        return output, cast("dict[str, JSON]", assigned)


def included(name: str, text: str) -> dict[str, JSON]:
    """A payload in the details of an event."""
    return {name: text, f"{name}Details": {"truncated": False}}


def path_of(query: Query) -> str:
    """The text of a JSONPath; empty for every other query."""
    return query.path.text if isinstance(query, JsonPathQuery) else ""


def _iso(at: float) -> str:
    return iso(datetime.fromtimestamp(at, UTC))
