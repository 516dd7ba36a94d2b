"""Parallel and Map: children, their results, their failures."""

from collections import deque
from typing import TYPE_CHECKING, cast

from rimedio.asl.definition.model import MapPart, ParallelPart, State
from rimedio.asl.errors import StatesError, TaskFailed
from rimedio.asl.execution.failures import located
from rimedio.asl.execution.frames import Children, Frame, Phase, Run
from rimedio.asl.execution.items import items_of
from rimedio.asl.execution.map_run import MapRuns
from rimedio.asl.expressions.jsonata import require
from rimedio.asl.expressions.jsonpath import JsonPathQuery
from rimedio.asl.expressions.query import MISSING, Query, Scope
from rimedio.asl.jsontext import JSON, dumps

if TYPE_CHECKING:
    from rimedio.asl.execution.interpreter import Interpreter

INLINE_CONCURRENCY = 40
DISTRIBUTED_CONCURRENCY = 1_000


class Fanout:
    """The part of the interpreter that deals with children."""

    def __init__(self, interpreter: "Interpreter") -> None:
        self._in = interpreter
        self.map_runs = MapRuns(interpreter)

    def start_parallel(self, run: Run, frame: Frame, state: State, part: ParallelPart) -> None:
        """Start all branches on the same payload."""
        data = self._in.data.effective_input(run, frame, state)
        if state.parameters is not None:
            data = state.parameters.evaluate(self._in.data.scope(run, frame, data))
        self._in.emit(run, frame, "ParallelStateStarted", "", {})
        frame.phase = Phase.CHILDREN
        count = len(part.branches)
        frame.children = Children([MISSING] * count, running=count)
        run.touch(frame)
        for index, branch in enumerate(part.branches):
            child = Frame(f"{frame.path}/{index}", branch, branch.start_at, data, parent=frame)
            child.previous = frame.previous
            run.add(child)

    def start_map(self, run: Run, frame: Frame, state: State, part: MapPart) -> None:
        """Find the items and start as many as may run at once. Raises StatesError."""
        data = self._in.data.effective_input(run, frame, state)
        scope = self._in.data.scope(run, frame, data)
        items = [] if part.reader is not None else self._items(state, part, data, scope)
        self._in.data.number(part.concurrency, scope, 0)
        self._in.emit(run, frame, "MapStateStarted", "mapStateStartedEventDetails", {"length": len(items)})
        self._tolerance(part, scope)
        if part.distributed:
            self.map_runs.begin(run, frame)
        if part.reader is None:
            self.start_items(run, frame, part, items, scope)
            return
        try:
            self.map_runs.read(run, frame, part.reader, scope)
        except StatesError as error:
            self.map_runs.fail(run, frame, error)

    def start_items(self, run: Run, frame: Frame, part: MapPart, items: list[JSON], scope: Scope) -> None:
        """Run the processor on every item. Raises StatesError."""
        limit = self._in.data.number(part.concurrency, scope, 0)
        limit = limit or (DISTRIBUTED_CONCURRENCY if part.distributed else INLINE_CONCURRENCY)
        if part.distributed:
            items = self.map_runs.batches(run, frame, part, items, scope)
        failures_max = _failures_max(len(items), *self._tolerance(part, scope)) if part.distributed else 0.0
        frame.items = items
        frame.limits = [limit, failures_max]
        frame.phase = Phase.CHILDREN
        pending = deque(range(len(items)))
        frame.children = Children([MISSING] * len(items), pending, 0, {}, int(limit), failures_max)
        run.touch(frame)
        self.proceed(run, frame)

    def _items(self, state: State, part: MapPart, data: JSON, scope: Scope) -> list[JSON]:
        if part.items is not None and state.is_jsonata and not part.distributed:
            value = part.items.evaluate(scope)
            require(part.items, isinstance(value, list), "array", value)
        else:
            value = data if part.items is None else part.items.evaluate(scope)
        if isinstance(value, list):
            return value
        if part.distributed and isinstance(value, dict):
            return items_of(value)
        if state.is_jsonata:
            cause = f"Map state input must be an array but was: {dumps(value)}"
            error = StatesError("States.QueryEvaluationError", cause)
            error.location = "Items"
            raise error
        path = part.items.path.text if isinstance(part.items, JsonPathQuery) else "$"
        raise StatesError("States.Runtime", f'Reference path "{path}" must point to array.')

    def _tolerance(self, part: MapPart, scope: Scope) -> tuple[float | None, float | None]:
        count = self._in.data.number(part.tolerated_count, scope, 0)
        percentage = self._in.data.number(part.tolerated_percentage, scope, 0, 100, kind="float")
        return count, percentage

    def proceed(self, run: Run, frame: Frame) -> None:
        """Start further items, or finish."""
        children = frame.children
        part = frame.definition.part
        if children is None:
            return
        if isinstance(part, MapPart):
            try:
                while children.pending and children.running < children.concurrency:
                    self._start_item(run, frame, part, children)
            except StatesError as error:
                self._in.fail(run, frame, frame.definition, located(frame, error))
                return
        if children.running == 0 and not children.pending:
            self._finish(run, frame, part)

    def _start_item(self, run: Run, frame: Frame, part: MapPart, children: Children) -> None:
        index = children.pending[0]
        item = (frame.items or [])[index]
        if part.selector is not None and part.batcher is None:
            item = self.selected(run, frame, part.selector, index, item)
        child = Frame(f"{frame.path}/{index}", part.processor, part.processor.start_at, item, parent=frame)
        child.previous = frame.previous
        children.pending.popleft()
        children.running += 1
        if part.distributed:
            self.map_runs.begin_child(run, child)
        else:
            self._in.emit(
                run, child, "MapIterationStarted", "mapIterationStartedEventDetails", _iteration(child)
            )
        run.add(child)

    def selected(self, run: Run, frame: Frame, selector: Query, index: int, item: JSON) -> JSON:
        """An item's input by ItemSelector, in the scope of the Map state. Raises StatesError."""
        scope = self._in.data.scope(run, frame, self._in.data.effective_input(run, frame, frame.definition))
        context = self._in.data.context(run, frame)
        context["Map"] = {"Item": {"Index": index, "Value": item}}
        scope.use_context(context)
        return selector.evaluate(scope)

    def child_done(self, run: Run, child: Frame, output: JSON) -> None:
        """A branch or item has its result."""
        frame = cast("Frame", child.parent)
        children = cast("Children", frame.children)
        children.results[child.index] = output
        children.running -= 1
        part = frame.definition.part
        if isinstance(part, MapPart) and part.distributed:
            self.map_runs.end_child(run, child, "Succeeded", {"output": dumps(output)})
        else:
            if isinstance(part, MapPart):
                details = _iteration(child)
                self._in.emit(
                    run, child, "MapIterationSucceeded", "mapIterationSucceededEventDetails", details
                )
            frame.previous = max(frame.previous, child.previous)
        child.phase = Phase.DONE
        child.output = output
        child.input = None
        child.variables = {}
        del run.frames[child.path]
        run.touch(child)
        self.proceed(run, frame)

    def child_failed(self, run: Run, child: Frame, failure: StatesError) -> None:
        """A branch or item has failed: its parent fails too, unless failures are tolerated."""
        frame = cast("Frame", child.parent)
        children = cast("Children", frame.children)
        children.running -= 1
        part = frame.definition.part
        run.frames.pop(child.path, None)
        if isinstance(part, MapPart) and part.distributed:
            children.failures[child.index] = {"error": failure.error, "cause": failure.cause}
            self.map_runs.item_failed(run, frame, child, failure)
            return
        if isinstance(part, MapPart):
            self._in.emit(
                run, child, "MapIterationFailed", "mapIterationFailedEventDetails", _iteration(child)
            )
        frame.previous = max(frame.previous, child.previous)
        self._abort_siblings(run, frame)
        self._in.fail(run, frame, frame.definition, TaskFailed(failure.error, failure.cause))

    def _abort_siblings(self, run: Run, frame: Frame) -> None:
        is_map = isinstance(frame.definition.part, MapPart)
        prefix = f"{frame.path}/"
        for sibling in [f for f in run.frames.values() if f.path.startswith(prefix)]:
            if sibling.phase in (Phase.TASK, Phase.TOKEN, Phase.SLEEP, Phase.BACKOFF):
                self._in.emit(run, sibling, f"{sibling.definition.type}StateAborted", "", {})
            if is_map and sibling.parent is frame:
                details = _iteration(sibling)
                self._in.emit(run, sibling, "MapIterationAborted", "mapIterationAbortedEventDetails", details)

    def _finish(self, run: Run, frame: Frame, part: object) -> None:
        try:
            if isinstance(part, MapPart) and part.distributed:
                self.map_runs.finish(run, frame)
            else:
                results = cast("Children", frame.children).results
                self.succeed(run, frame, cast("JSON", results))
        except StatesError as error:
            self._in.fail(run, frame, frame.definition, located(frame, error))

    def succeed(self, run: Run, frame: Frame, result: JSON) -> None:
        """All children have ended well. Raises StatesError."""
        state = frame.definition
        run.drop_children(frame)
        self._in.emit(run, frame, f"{state.type}StateSucceeded", "", {})
        self._in.leave(run, frame, result, state.flow, state.next)

    def item_of(self, frame: Frame) -> tuple[int, JSON] | None:
        """Index and value of the Map item that a frame works on, if any."""
        at: Frame | None = frame
        while at is not None and at.parent is not None:
            if isinstance(at.parent.definition.part, MapPart):
                items = at.parent.items or []
                return at.index, items[at.index]
            at = at.parent
        return None


def _iteration(child: Frame) -> dict[str, JSON]:
    return {"index": child.index, "name": cast("Frame", child.parent).state}


def _failures_max(count: int, tolerated: float | None, percentage: float | None) -> float:
    """How many items may fail; with both limits given, the one that is reached first."""
    share = None if percentage is None else count * percentage / 100
    return min([limit for limit in (tolerated, share) if limit is not None], default=0.0)
