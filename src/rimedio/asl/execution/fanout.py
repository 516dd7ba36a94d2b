"""Parallel and Map: children, their results, their failures.

Each child has its own chain of events. As on AWS, what is told of an iteration or of a state as a whole (`…Succeeded`,
`MapIterationFailed`, `…Aborted`) is no link of a chain: the next event follows from the one before it.
"""

import math
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

from rimedio.asl.definition.model import MapPart, ParallelPart, State
from rimedio.asl.errors import StatesError, TaskFailed
from rimedio.asl.execution.distributed.items import STATE_DATA, items_of
from rimedio.asl.execution.distributed.map_run import Facts, MapRuns
from rimedio.asl.execution.failures import located
from rimedio.asl.execution.frames import Children, Frame, Phase, Run
from rimedio.asl.expressions.jsonata import require
from rimedio.asl.expressions.jsonpath import JsonPathQuery
from rimedio.asl.expressions.query import MISSING, Query, Scope
from rimedio.asl.journal.port import Execution
from rimedio.asl.jsontext import JSON, dumps

if TYPE_CHECKING:
    from rimedio.asl.execution.interpreter import Interpreter

INLINE_CONCURRENCY = 40
DISTRIBUTED_CONCURRENCY = 1_000
Surroundings: TypeAlias = tuple[Execution, dict[str, JSON] | None]
ABORTABLE = frozenset({"Task", "Wait", "Parallel", "Map"})


class Fanout:
    """The part of the interpreter that deals with children."""

    def __init__(self, interpreter: "Interpreter") -> None:
        self._in = interpreter
        self.map_runs = MapRuns(interpreter)

    def start_parallel(self, run: Run, frame: Frame, state: State, part: ParallelPart) -> None:
        """Start all branches on the same payload. Raises StatesError."""
        data, _ = self._in.data.payload(run, frame, state)
        self._in.tell(run, frame, "ParallelStateStarted")
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
        value = [] if part.reader is not None else self._items(state, part, data, scope)
        items = items_of(value)
        concurrency = self._in.data.number(part.concurrency, scope, 0) or 0
        frame.limits = [concurrency]
        self._in.tell(run, frame, "MapStateStarted", {"length": len(items)})
        count = self._in.data.number(part.tolerated_count, scope, 0 if state.is_jsonata else -math.inf)
        if count is not None and count < 0:
            raise StatesError("States.Runtime", "ToleratedFailureCount cannot be negative.")
        percentage = self._in.data.number(part.tolerated_percentage, scope, 0, 100, kind="float")
        if part.distributed:
            facts = Facts(run.at, concurrency, count, percentage, pairs=isinstance(value, dict))
            self.map_runs.begin(run, frame, facts)
        try:
            if part.reader is None:
                self.start_items(run, frame, part, items, scope)
            else:
                self.map_runs.read(run, frame, part.reader, scope)
        except StatesError as error:  # only a Map run's reader and batches fail
            self.map_runs.fail(run, frame, error)

    def _items(self, state: State, part: MapPart, data: JSON, scope: Scope) -> JSON:
        """An array; in a distributed Map an object too, whose members are the items."""
        value = data if part.items is None else part.items.evaluate(scope)
        if isinstance(value, list) or (part.distributed and isinstance(value, dict)):
            return value
        if state.is_jsonata:
            if part.items is not None:
                require(part.items, False, "array", value)
            error = StatesError(
                "States.QueryEvaluationError", f"Map state input must be an array but was: {dumps(value)}"
            )
            error.location = ""
            raise error
        path = part.items.path.text if isinstance(part.items, JsonPathQuery) else "$"
        raise StatesError("States.Runtime", f'Reference path "{path}" must point to array.')

    def start_items(self, run: Run, frame: Frame, part: MapPart, items: list[JSON], scope: Scope) -> None:
        """Run the processor on every item. Raises StatesError."""
        frame.items = self.map_runs.batches(run, frame, part, items, scope) if part.distributed else items
        frame.phase = Phase.CHILDREN
        count = len(frame.items)
        concurrency = int((frame.limits or [0])[0])
        frame.children = Children([MISSING] * count, deque(range(count)), concurrency=concurrency)
        run.touch(frame)
        self.proceed(run, frame)

    def proceed(self, run: Run, frame: Frame) -> None:
        """Start further items, or finish."""
        children = frame.children
        part = frame.definition.part
        if children is None:
            return
        try:
            if isinstance(part, MapPart):
                most = DISTRIBUTED_CONCURRENCY if part.distributed else INLINE_CONCURRENCY
                while children.pending and children.running < (children.concurrency or most):
                    self._start_item(run, frame, part, children)
            if children.running or children.pending:
                return
            if isinstance(part, MapPart) and part.distributed:
                self.map_runs.finish(run, frame)
            else:
                self.succeed(run, frame, cast("JSON", children.results))
        except StatesError as error:
            if frame.run_label is None:
                self._in.fail(run, frame, frame.definition, located(frame, error))
            else:
                self.map_runs.fail(run, frame, error)

    def _start_item(self, run: Run, frame: Frame, part: MapPart, children: Children) -> None:
        index = children.pending[0]
        again = children.again.pop(index, None)
        if again is not None and again.log is not None:
            child = again
        else:
            item = self.input_of(run, frame, index)
            child = Frame(
                f"{frame.path}/{index}", part.processor, part.processor.start_at, item, parent=frame
            )
            child.previous = frame.previous
        children.pending.popleft()
        children.running += 1
        if child.log is not None:
            self.map_runs.children.redrive(run, child)
        elif part.distributed:
            self.map_runs.children.begin(run, child)
        else:
            self._in.tell(run, child, "MapIterationStarted", _iteration(child))
        run.add(child)

    def input_of(self, run: Run, frame: Frame, index: int) -> JSON:
        """What an item's processor starts with. Raises StatesError."""
        part = cast("MapPart", frame.definition.part)
        item = (frame.items or [])[index]
        if part.selector is None or part.batcher is not None:
            return item
        return self.selected(run, frame, part.selector, index, item)

    def selected(self, run: Run, frame: Frame, selector: Query, index: int, item: JSON) -> JSON:
        """An item's input by ItemSelector, in the scope of the Map state. Raises StatesError."""
        scope = self._in.data.scope(run, frame, self._in.data.effective_input(run, frame, frame.definition))
        context = self._in.data.context(run, frame)
        context["Map"] = {"Item": _context_item(frame, index, item)}
        scope.use_context(context)
        return selector.evaluate(scope)

    def child_done(self, run: Run, child: Frame, output: JSON) -> None:
        """A branch or item has its result."""
        frame = cast("Frame", child.parent)
        children = cast("Children", frame.children)
        children.results[child.index] = output
        children.running -= 1
        part = frame.definition.part
        if not isinstance(part, MapPart):
            frame.previous = max(frame.previous, child.previous)
        elif part.distributed:
            self.map_runs.children.end(run, child, "Succeeded", {"output": dumps(output)})
        else:
            frame.previous = child.previous
            told = self._in.tell(run, child, "MapIterationSucceeded", _iteration(child))
            if not children.running and not children.pending:
                frame.previous = told
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
            children.failures[child.index] = child
            self.map_runs.item_failed(run, frame, child, failure)
            return
        if isinstance(part, MapPart):
            self.aside(run, child, "MapIterationFailed", _iteration(child))
        self._abort_below(run, frame)
        frame.previous = child.previous
        self._in.fail(run, frame, frame.definition, TaskFailed(failure.error, failure.cause))

    def _abort_below(self, run: Run, frame: Frame) -> None:
        """Tell that all that is under way in a Parallel or Map is aborted, the innermost first."""
        prefix = f"{frame.path}/"
        below = [found for found in run.frames.values() if found.path.startswith(prefix)]
        for found in sorted(below, key=lambda found: -found.path.count("/")):
            if found.path not in run.frames or _is_told_elsewhere(found, frame):
                continue
            if found.run_label is not None:
                self.map_runs.abort(run, found)
            if found.phase is not Phase.ENTER and found.definition.type in ABORTABLE:
                self.aside(run, found, f"{found.definition.type}StateAborted")
            if isinstance(cast("Frame", found.parent).definition.part, MapPart):
                self.aside(run, found, "MapIterationAborted", _iteration(found))

    def aside(self, run: Run, frame: Frame, kind: str, details: Mapping[str, JSON] | None = None) -> None:
        """Tell what the next event of the chain does not follow from."""
        before = frame.previous
        self._in.tell(run, frame, kind, details)
        frame.previous = before

    def succeed(self, run: Run, frame: Frame, result: JSON) -> None:
        """All children have ended well. Raises StatesError."""
        state = frame.definition
        run.drop_children(frame)
        self.aside(run, frame, f"{state.type}StateSucceeded")
        self._in.leave(run, frame, result, state.flow, state.next)

    def surroundings(self, run: Run, frame: Frame) -> Surroundings:
        """The execution that a frame belongs to, and the Map item it works on."""
        item: dict[str, JSON] | None = None
        at = frame
        while at.parent is not None:
            part = at.parent.definition.part
            if isinstance(part, MapPart) and item is None:
                value = (at.parent.items or [])[at.index]
                item = _context_item(at.parent, at.index, value, batched=part.batcher is not None)
            if at.log is not None:
                return self.map_runs.children.record_of(run, at), item
            at = at.parent
        return run.execution, item


def _is_told_elsewhere(frame: Frame, top: Frame) -> bool:
    """Whether a frame below `top` belongs to a child execution, whose history is its own."""
    at: Frame | None = frame
    while at is not None and at is not top:
        if at.isolated:
            return True
        at = at.parent
    return False


def _context_item(frame: Frame, index: int, value: JSON, *, batched: bool = False) -> dict[str, JSON]:
    if cast("MapPart", frame.definition.part).distributed and not batched:
        return Facts.of(frame).item(index, value)
    return {"Index": index, "Value": value, "Source": STATE_DATA}


def _iteration(child: Frame) -> dict[str, JSON]:
    return {"index": child.index, "name": cast("Frame", child.parent).state}
