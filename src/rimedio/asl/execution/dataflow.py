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

SECONDS_MAX = 99_999_999  # of every wait, timeout and backoff
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
        # The parent's ARN is that of a Map run: …:mapRun:machine/label:uuid.
        machine = run.machine.name if record.parent is None else record.parent.split(":")[-2]
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
        """Output and assigned variables of a state that leaves with `result`. Raises StatesError.

        A Catch has its own Output or ResultPath; ResultSelector and OutputPath are for results that did not fail.
        """
        state = frame.definition
        output, assigned = result, {}
        if flow.output is not None or flow.assign is not None:
            known: dict[str, JSON] = {"input": frame.input}
            if caught or state.type in WITH_RESULT:
                known["errorOutput" if caught else "result"] = result
            scope = self.scope(run, frame, result, known)
            output = result if flow.output is None else flow.output.evaluate(scope)
            assigned = {} if flow.assign is None else cast("dict[str, JSON]", flow.assign.evaluate(scope))
        if state.is_jsonata:
            return output, assigned
        if state.selector is not None and not caught:
            output = state.selector.evaluate(self.scope(run, frame, result))
        if flow.discard_result:
            output = frame.input
        elif flow.result_path is not None:
            output = put_at(flow.result_path, frame.input, output)
        if state.output_null and not caught:
            output = {}
        elif state.output_path is not None and not caught:
            output = state.output_path.evaluate(self.scope(run, frame, output))
        return output, assigned


def included(name: str, text: str) -> dict[str, JSON]:
    """A payload in the details of an event."""
    return {name: text, f"{name}Details": {"truncated": False}}


def path_of(query: Query) -> str:
    """The text of a JSONPath; empty for every other query."""
    return query.path.text if isinstance(query, JsonPathQuery) else ""


def _iso(at: float) -> str:
    return iso(datetime.fromtimestamp(at, UTC))
