"""Parallel and Map: children, their results, their failures."""

from typing import TYPE_CHECKING, cast

from rimedio.asl import items as item_sources
from rimedio.asl.errors import StatesError, TaskFailed
from rimedio.asl.frames import Children, Frame, Phase, Run
from rimedio.asl.journal import Event
from rimedio.asl.jsonata_query import typed
from rimedio.asl.jsonpath import JsonPathQuery
from rimedio.asl.jsontext import JSON, dumps
from rimedio.asl.model import MapPart, ParallelPart, State
from rimedio.asl.query import Constant, Scope

if TYPE_CHECKING:
    from rimedio.asl.interpreter import Interpreter

INLINE_CONCURRENCY = 40
DISTRIBUTED_CONCURRENCY = 1_000


class Fanout:
    """The part of the interpreter that deals with children."""

    def __init__(self, interpreter: "Interpreter") -> None:
        self._in = interpreter

    def start_parallel(self, run: Run, frame: Frame, state: State, part: ParallelPart) -> None:
        """Start all branches on the same payload."""
        data = self._in.effective_input(run, frame, state)
        if state.parameters is not None:
            data = state.parameters.evaluate(self._in.scope(run, frame, data))
        self._in.emit(run, frame, "ParallelStateStarted", "", {})
        frame.phase = Phase.CHILDREN
        frame.children = Children([None] * len(part.branches), next=len(part.branches))
        frame.children.running = len(part.branches)
        run.touch(frame)
        for index, branch in enumerate(part.branches):
            child = Frame(f"{frame.path}/{index}", branch, branch.start_at, data, parent=frame)
            child.previous = frame.previous
            run.add(child)

    def start_map(self, run: Run, frame: Frame, state: State, part: MapPart) -> None:
        """Find the items and start as many as may run at once. Raises StatesError."""
        data = self._in.effective_input(run, frame, state)
        scope = self._in.scope(run, frame, data)
        items = [] if part.reader is not None else self._items(frame, state, part, data, scope)
        limits = self._limits_early(part, scope)
        self._in.emit(run, frame, "MapStateStarted", "mapStateStartedEventDetails", {"length": len(items)})
        tolerance = self._limits_late(part, scope)
        frame.run_label = item_sources.new_label(self._in.services) if part.distributed else None
        if part.distributed:
            self._start_map_run(run, frame)
        items = item_sources.gathered(self._in, run, frame, part, items, data)
        failures_max = _failures_max(len(items), *tolerance) if part.distributed else 0.0
        frame.items = items
        frame.limits = [
            limits or (DISTRIBUTED_CONCURRENCY if part.distributed else INLINE_CONCURRENCY),
            failures_max,
        ]
        frame.phase = Phase.CHILDREN
        frame.children = Children(
            [None] * len(items), concurrency=int(frame.limits[0]), failures_max=failures_max
        )
        run.touch(frame)
        self.proceed(run, frame)

    def _items(self, frame: Frame, state: State, part: MapPart, data: JSON, scope: Scope) -> list[JSON]:
        if part.items is None:
            if isinstance(data, list):
                return data
            if state.is_jsonata:
                cause = f"Map state input must be an array but was: {dumps(data)}"
                error = StatesError("States.QueryEvaluationError", cause)
                error.location = "Items"
                raise error
            value, path = data, "$"
        elif state.is_jsonata:
            return cast("list[JSON]", typed(part.items, scope, "array", "Items"))
        else:
            value = part.items.evaluate(scope)
            path = part.items.path.text if isinstance(part.items, JsonPathQuery) else "$"
        if not isinstance(value, list):
            cause = f'Reference path "{path}" must point to array.'
            raise StatesError("States.Runtime", cause)
        return value

    def _limits_early(self, part: MapPart, scope: Scope) -> float:
        return self._in.number(part.concurrency, scope, 0) or 0

    def _limits_late(self, part: MapPart, scope: Scope) -> tuple[float | None, float | None]:
        count = self._in.number(part.tolerated_count, scope, 0)
        percentage = self._in.number(part.tolerated_percentage, scope, 0, 100, kind="float")
        return count, percentage

    def _start_map_run(self, run: Run, frame: Frame) -> None:
        details: dict[str, JSON] = {"mapRunArn": self.map_run_arn(run, frame)}
        self._in.emit(run, frame, "MapRunStarted", "mapRunStartedEventDetails", details)

    def map_run_arn(self, run: Run, frame: Frame) -> str:
        """Identifies the child executions of one distributed Map."""
        label = cast("MapPart", frame.definition.part).label
        base = self._in.machine_arn.replace(":stateMachine", ":mapRun")
        return f"{base}:{run.machine.name}/{label}:{frame.run_label}"

    def proceed(self, run: Run, frame: Frame) -> None:
        """Start further items, or finish."""
        children = frame.children
        part = frame.definition.part
        if children is None:
            return
        count = len(children.results)
        if isinstance(part, MapPart):
            try:
                while children.next < count and children.running < children.concurrency:
                    self._start_item(run, frame, part, children)
            except StatesError as error:
                self._in.fail(run, frame, frame.definition, self._in.located(frame, error))
                return
        if children.running == 0 and children.next >= count:
            self._finish(run, frame, part)

    def _start_item(self, run: Run, frame: Frame, part: MapPart, children: Children) -> None:
        index = children.next
        item = (frame.items or [])[index]
        child = Frame(f"{frame.path}/{index}", part.processor, part.processor.start_at, item, parent=frame)
        child.previous = frame.previous
        if part.selector is not None and part.batcher is None:
            child.input = item_sources.selected(self._in, run, child, part.selector)
        children.next += 1
        children.running += 1
        if part.distributed:
            child.log = []
            run.has_child_executions = True
            self._begin_child_execution(run, child)
        else:
            self._in.emit(
                run, child, "MapIterationStarted", "mapIterationStartedEventDetails", _iteration(child)
            )
        run.add(child)

    def _begin_child_execution(self, run: Run, child: Frame) -> None:
        child.previous = 0
        details: dict[str, JSON] = {
            "input": dumps(child.input),
            "inputDetails": {"truncated": False},
            "roleArn": self._in.role_arn,
        }
        self._in.emit(run, child, "ExecutionStarted", "executionStartedEventDetails", details)
        child.previous = 0

    def child_done(self, run: Run, child: Frame, output: JSON) -> None:
        """A branch or item has its result."""
        frame = cast("Frame", child.parent)
        children = cast("Children", frame.children)
        children.results[child.index] = output
        children.running -= 1
        children.done += 1
        child.phase = Phase.DONE
        child.output = output
        child.input = None
        child.variables = {}
        part = frame.definition.part
        if isinstance(part, MapPart) and part.distributed:
            self._end_child_execution(run, child, "Succeeded", {"output": dumps(output)})
        elif isinstance(part, MapPart):
            self._in.emit(
                run, child, "MapIterationSucceeded", "mapIterationSucceededEventDetails", _iteration(child)
            )
        frame.previous = max(frame.previous, child.previous) if child.log is None else frame.previous
        child.log = None
        del run.frames[child.path]
        run.touch(child)
        self.proceed(run, frame)

    def child_failed(self, run: Run, child: Frame, failure: StatesError) -> None:
        """A branch or item has failed: its parent fails too, unless failures are tolerated."""
        frame = cast("Frame", child.parent)
        children = cast("Children", frame.children)
        children.running -= 1
        children.failed += 1
        part = frame.definition.part
        run.drop_children(child)
        run.frames.pop(child.path, None)
        if isinstance(part, MapPart) and part.distributed:
            self._item_failed(run, frame, child, failure)
            return
        if isinstance(part, MapPart):
            self._in.emit(
                run, child, "MapIterationFailed", "mapIterationFailedEventDetails", _iteration(child)
            )
        frame.previous = max(frame.previous, child.previous)
        self._abort_siblings(run, frame, child)
        self._in.fail(run, frame, frame.definition, TaskFailed(failure.error, failure.cause))

    def _abort_siblings(self, run: Run, frame: Frame, failed: Frame) -> None:
        is_map = isinstance(frame.definition.part, MapPart)
        prefix = f"{frame.path}/"
        for sibling in [f for f in run.frames.values() if f.path.startswith(prefix) and f is not failed]:
            if sibling.phase in (Phase.TASK, Phase.TOKEN, Phase.SLEEP, Phase.BACKOFF):
                kind = f"{sibling.definition.type}StateAborted"
                self._in.emit(run, sibling, kind, "", {})
            if is_map and sibling.parent is frame:
                details = _iteration(sibling)
                self._in.emit(run, sibling, "MapIterationAborted", "mapIterationAbortedEventDetails", details)

    def _item_failed(self, run: Run, frame: Frame, child: Frame, failure: StatesError) -> None:
        told = {key: value for key, value in (("error", failure.error), ("cause", failure.cause)) if value}
        self._end_child_execution(run, child, "Failed", dict(told))
        children = cast("Children", frame.children)
        child.phase = Phase.FAILED
        child.log = None
        child.input = None
        child.output = dict(told)
        run.touch(child)
        if children.failed > children.failures_max:
            cause = "The specified tolerated failure threshold was exceeded"
            self.map_run_failed(run, frame, TaskFailed("States.ExceedToleratedFailureThreshold", cause))
        else:
            self.proceed(run, frame)

    def map_run_failed(self, run: Run, frame: Frame, failure: StatesError) -> None:
        """A distributed Map fails as a whole."""
        details: dict[str, JSON] = {"cause": failure.cause, "error": failure.error}
        self._in.emit(run, frame, "MapRunFailed", "mapRunFailedEventDetails", details)
        self._in.fail(run, frame, frame.definition, failure)

    def _end_child_execution(self, run: Run, child: Frame, word: str, details: dict[str, JSON]) -> None:
        self._in.emit(run, child, f"Execution{word}", f"execution{word}EventDetails", details)
        execution, events = item_sources.child_record(self._in, run, child, word, details)
        run.changes.children.append((execution, events))

    def _finish(self, run: Run, frame: Frame, part: object) -> None:
        children = cast("Children", frame.children)
        state = frame.definition
        results: JSON = children.results
        try:
            if isinstance(part, MapPart) and part.distributed:
                self._in.emit(run, frame, "MapRunSucceeded", "", {})
                results = item_sources.written(self._in, run, frame, part, children.results)
            run.drop_children(frame)
            self._in.emit(run, frame, f"{state.type}StateSucceeded", "", {})
            self._in.leave(run, frame, state, results, state.flow, state.next)
        except StatesError as error:
            self._in.fail(run, frame, state, self._in.located(frame, error))

    def item_of(self, frame: Frame) -> tuple[int, JSON] | None:
        """Index and value of the Map item that a frame works on, if any."""
        at: Frame | None = frame
        while at is not None and at.parent is not None:
            if isinstance(at.parent.definition.part, MapPart):
                items = at.parent.items or []
                return at.index, items[at.index]
            at = at.parent
        return None

    def log_of(self, frame: Frame) -> list[Event] | None:
        """The history of the child execution that a frame belongs to; None for the main one."""
        at: Frame | None = frame
        while at is not None:
            if at.log is not None:
                return at.log
            at = at.parent
        return None


def _iteration(child: Frame) -> dict[str, JSON]:
    return {"index": child.index, "name": cast("Frame", child.parent).state}


def _failures_max(count: int, tolerated: float | None, percentage: float | None) -> float:
    """How many items may fail; with both limits given, the one that is reached first."""
    limits = [
        limit
        for limit in (tolerated, None if percentage is None else count * percentage / 100)
        if limit is not None
    ]
    return min(limits, default=0.0)


__all__ = ["Constant", "Fanout"]
