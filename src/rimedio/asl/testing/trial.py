"""One state in the interpreter, watched: the steps of its data flow are noted while they are evaluated.

So they are what really happened, `$random()` included. A mocked Parallel or Map is a Task to the interpreter: both take
a result and hand it on alike; the items of a Map are found first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import cast

from rimedio.asl.clock import VirtualClock, system_randomness
from rimedio.asl.definition.model import Bound, Graph, Machine, MapPart, PassPart, State, TaskPart
from rimedio.asl.errors import StatesError, TaskFailed
from rimedio.asl.execution.engine import ARN
from rimedio.asl.execution.failures import located
from rimedio.asl.execution.frames import Frame, Phase, Run
from rimedio.asl.execution.handlers import Handler, Handlers, TaskContext, find_handler, outcome_of
from rimedio.asl.execution.interpreter import Interpreter
from rimedio.asl.expressions.query import Constant, Query, Scope, Services
from rimedio.asl.integrations.http_task import HttpTask
from rimedio.asl.journal.port import Execution
from rimedio.asl.jsontext import JSON, dumps, loads
from rimedio.asl.testing.inspection import Circumstances, ErrorDetails, Inspection, TestedState
from rimedio.asl.testing.mocks import Answer, Return, Throw

ROLE = "arn:aws:iam::000000000000:role/test"
MACHINES, EXECUTION = f"{ARN}:stateMachine", f"{ARN}:execution:test:test"
MOCKED = "arn:aws:states:::mock:answer"
THRESHOLD = "States.ExceedToleratedFailureThreshold"
WITH_RESULT = ("Task", "Parallel", "Map")


@dataclass(frozen=True)
class _Noted:
    """A query whose value is noted; or, with `before`, what it is applied to."""

    query: Query | None
    note: Callable[[JSON], None]
    before: bool = False

    def evaluate(self, scope: Scope) -> JSON:
        value = scope.root if self.query is None else self.query.evaluate(scope)
        self.note(scope.root if self.before else value)
        return value


class _Watched(Interpreter):
    """The interpreter, and the last failure that it had to deal with."""

    failure: StatesError | None = None

    def fail(self, run: Run, frame: Frame, state: State, failure: StatesError) -> None:
        self.failure = failure
        super().fail(run, frame, state, failure)


@dataclass
class Trial:
    """One state, tried once."""

    machine: str
    graph: Graph
    state: State
    given: JSON
    variables: dict[str, JSON]
    context: dict[str, JSON]
    before: Circumstances
    seen: Inspection = field(default_factory=Inspection)
    caught_by: int | None = None

    def tested(self, mock: Answer | None, handlers: Handlers) -> TestedState:
        """The answer."""
        self.seen.input = self.given
        state = self._watched()
        answer = partial(self._answer, mock, handlers)
        if isinstance(state.part, MapPart):
            run = self._run(state, self._read)
            if run.failure is not None:
                return self._judged(run)
            failed = self._look_at_items(state, state.part, run)
            answer = partial(self._answer, failed or mock, handlers)
        if state.type in ("Map", "Parallel"):
            state = replace(
                state, part=TaskPart(MOCKED), parameters=None if state.type == "Map" else state.parameters
            )
        return self._judged(self._run(state, answer))

    def _watched(self) -> State:
        """The state, noting the steps of its data flow."""
        state = self.state

        def noted(name: str, query: Query | None, *, before: bool = False) -> Query:
            return _Noted(query, partial(setattr, self.seen, name), before)

        catch = []
        for index, catcher in enumerate(state.catch):
            assign = _Noted(catcher.flow.assign or Constant({}), partial(self._caught, index))
            catch.append(replace(catcher, flow=replace(catcher.flow, assign=assign)))
        state = replace(state, catch=tuple(catch))
        if state.is_jsonata:
            takes = state.type in ("Task", "Parallel")
            return replace(state, parameters=noted("after_arguments", state.parameters)) if takes else state
        nothing = Constant({})
        state = replace(
            state,
            input_path=noted("after_input_path", nothing if state.input_null else state.input_path),
            input_null=False,
        )
        if state.type in ("Pass", "Task", "Parallel"):
            state = replace(state, parameters=noted("after_parameters", state.parameters))
        if state.type in WITH_RESULT:
            state = replace(state, selector=noted("after_result_selector", state.selector))
        if state.type in ("Pass", *WITH_RESULT):
            path = noted(
                "after_result_path", nothing if state.output_null else state.output_path, before=True
            )
            state = replace(state, output_path=path, output_null=False)
        return state

    def _caught(self, index: int, _assigned: JSON) -> None:
        self.caught_by = index

    def _run(self, state: State, answer: Handler) -> "_Ran":
        interpreter = _Watched(Services(VirtualClock(datetime.now(UTC)), system_randomness()), MACHINES, ROLE)
        own = interpreter.data.context
        interpreter.data.context = (  # type: ignore[method-assign]
            lambda run, frame, token=None: _merged(own(run, frame, token), self.context)
        )
        graph = replace(self.graph, states={**self.graph.states, state.name: state})
        execution = Execution(
            id=EXECUTION, name="test", machine="", input=dumps(self.given), started=interpreter.now()
        )
        run = Run(execution, Machine(graph, "", self.machine))
        run.at = execution.started
        frame = run.frames[""] = Frame("", graph, state.name, self.given, variables=dict(self.variables))
        interpreter.enter(run, frame)
        frame.retries = self.before.retrier_retry_count
        frame.attempts = [frame.retries] * len(state.retry)
        try:
            interpreter.execute(run, frame, state)
            for call in run.calls:
                frame.token = None  # the answer is the one that would come with the token
                interpreter.tasks.settle(run, outcome_of({"*": answer}, call, "test", lambda: None))
            if frame.phase is Phase.SLEEP:
                data = interpreter.data.effective_input(run, frame, state)
                interpreter.leave(run, frame, data, state.flow, state.next)
        except StatesError as error:
            interpreter.fail(run, frame, state, located(frame, error))
        return _Ran(interpreter, run, frame, interpreter.failure)

    def _answer(self, mock: Answer | None, handlers: Handlers, payload: JSON, context: TaskContext) -> JSON:
        """What the task answers: the mock, or its handler."""
        if isinstance(mock, Throw):
            raise TaskFailed(mock.error, mock.cause)
        if isinstance(mock, Return):
            result = mock.value
        else:
            handler = find_handler(handlers, context.resource)
            if isinstance(handler, HttpTask):
                self.seen.exchange = handler.exchange(payload)
            result = self.seen.exchange.answer if self.seen.exchange else handler(payload, context)
        self.seen.result = result
        return result

    # -- Map

    def _read(self, _payload: JSON, _context: TaskContext) -> JSON:
        """What an ItemReader finds: what was given as its data, or the input."""
        data = self.before.map_item_reader_data
        return {"Body": dumps(self.given) if data is None else data}

    def _look_at_items(self, state: State, part: MapPart, whole: "_Ran") -> Throw | None:
        """Note the items, as they are found and as they are handed out; the failure when too many were to fail."""
        seen = self.seen

        def bound(given: Bound | None, name: str) -> Bound | None:
            return given and replace(given, query=_Noted(given.query, partial(setattr, seen, name)))

        plain = replace(
            part,
            batcher=None,
            selector=None,
            concurrency=bound(part.concurrency, "max_concurrency"),
            tolerated_count=bound(part.tolerated_count, "tolerated_failure_count"),
            tolerated_percentage=bound(part.tolerated_percentage, "tolerated_failure_percentage"),
        )
        found = self._run(replace(state, part=plain), self._read)
        items = found.frame.items or []
        if not state.is_jsonata:
            seen.after_items_path = list(items)
        if part.reader is not None and "ItemsPointer" in part.reader.config:
            seen.after_items_pointer = list(items)
        if part.selector is not None:
            fanout = found.interpreter.fanout
            seen.after_item_selector = [
                fanout.selected(found.run, found.frame, part.selector, index, item)
                for index, item in enumerate(items)
            ]
        if part.batcher is not None:
            seen.after_item_batcher = list(whole.frame.items or [])
        return self._too_many_failures(len(items))

    def _too_many_failures(self, items: int) -> Throw | None:
        failed = self.before.map_iteration_failure_count or 0
        if failed > items:
            msg = f"The Map has {items} iterations, of which {failed} cannot fail."
            raise ValueError(msg)
        percentage = self.seen.tolerated_failure_percentage
        share = None if percentage is None else items * percentage / 100
        limits = [limit for limit in (self.seen.tolerated_failure_count, share) if limit is not None]
        cause = "The specified tolerated failure threshold was exceeded"
        return Throw(THRESHOLD, cause) if failed > min(limits, default=0) else None

    # -- what became of it

    def _judged(self, ran: "_Ran") -> TestedState:
        run, frame, seen = ran.run, ran.frame, self.seen
        if isinstance(self.state.part, PassPart) and not self.state.is_jsonata:
            fixed = self.state.part.result
            seen.result = seen.after_parameters if fixed is None else cast("Constant", fixed).value
        error, cause = (None, None) if ran.failure is None else (ran.failure.error, ran.failure.cause)
        status, output, following = "SUCCEEDED", None, None
        if frame.phase is Phase.BACKOFF:
            status = "RETRIABLE"
            before = self.before.retrier_retry_count
            index = next(index for index, made in enumerate(frame.attempts) if made > before)
            seen.error_details = ErrorDetails(None, index, round((frame.due or run.at) - run.at))
        elif run.execution.status == "FAILED":
            status, error, cause = "FAILED", run.execution.error, run.execution.cause
        else:
            if ran.failure is not None:
                status = "CAUGHT_ERROR"
                seen.error_details = ErrorDetails(catch_index=self.caught_by)
            following = None if run.is_over else frame.state
            output = loads(run.execution.output or "null") if run.is_over else frame.input
        return TestedState(status, output, error, cause, following, dict(frame.variables), seen)


@dataclass(frozen=True)
class _Ran:
    """How a run stands behind the state."""

    interpreter: Interpreter
    run: Run
    frame: Frame
    failure: StatesError | None


def _merged(own: dict[str, JSON], given: Mapping[str, JSON]) -> dict[str, JSON]:
    """The context object with what was given put over it, member by member."""
    for name, value in given.items():
        known = own.get(name)
        own[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
    return own
