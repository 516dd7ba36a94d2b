"""Distributed Map: reading items, child executions with histories of their own, writing results.

A Map run has a record among the executions, under its ARN and with its execution as the parent; the record's input
holds its `Facts`. The record of a child execution has the Map run as its parent, and is written when it has ended.
"""

import uuid
from bisect import bisect_right
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from rimedio.asl.clock import new_uuid
from rimedio.asl.definition.model import MapPart, ReaderPart
from rimedio.asl.errors import StatesError, TaskFailed
from rimedio.asl.execution.distributed import items as forms
from rimedio.asl.execution.distributed import results
from rimedio.asl.execution.distributed.child_executions import ChildExecutions
from rimedio.asl.execution.failures import is_fatal, located
from rimedio.asl.execution.frames import Children, Frame, Outcome, Phase, Run, TaskCall
from rimedio.asl.expressions.query import MISSING, Scope
from rimedio.asl.journal.port import RUNNING, Execution
from rimedio.asl.jsontext import JSON, dumps

if TYPE_CHECKING:
    from rimedio.asl.execution.interpreter import Interpreter

THRESHOLD = "The specified tolerated failure threshold was exceeded"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a Map run; as JSON it is its frame's payload, and the input of its record."""

    started: float
    concurrency: float = 0
    tolerated_count: float | None = None
    tolerated_percentage: float | None = None
    redrives: int = 0
    redriven: float | None = None
    arguments: JSON = None
    items_max: int = 0
    items: int = 0
    executions: int = 0
    batched: bool = False
    written: int = 0
    pairs: bool = False
    sources: list[JSON] = field(default_factory=lambda: [[0, forms.STATE_DATA]])

    @classmethod
    def of(cls, frame: Frame) -> "Facts":
        """Those of a Map state's frame."""
        return cls(**cast("dict[str, JSON]", frame.payload))  # type: ignore[arg-type]

    @property
    def failures_max(self) -> float:
        """How many items may fail; with both limits given, the one that is reached first."""
        percentage = self.tolerated_percentage
        share = None if percentage is None else self.items * percentage / 100
        return min([limit for limit in (self.tolerated_count, share) if limit is not None], default=0.0)

    def item(self, index: int, value: JSON) -> dict[str, JSON]:
        """An item of the context object: where it comes from, and the key of an object's member."""
        at = bisect_right([cast("list[int]", source)[0] for source in self.sources], index) - 1
        source = cast("list[JSON]", self.sources[at])[1]
        told: dict[str, JSON] = {"Index": index, "Value": value, "Source": source}
        return told | cast("dict[str, JSON]", value) if self.pairs else told


class MapRuns:
    """The part of the interpreter that deals with distributed Maps."""

    def __init__(self, interpreter: "Interpreter") -> None:
        self._in = interpreter
        self.children = ChildExecutions(interpreter, self.arn)

    def begin(self, run: Run, frame: Frame, facts: Facts) -> None:
        """A Map run starts."""
        frame.run_label = new_uuid(self._in.services.randomness)
        details: dict[str, JSON] = {"mapRunArn": self.arn(run, frame)}
        self._in.tell(run, frame, "MapRunStarted", details)
        self._note(run, frame, facts)

    def _note(self, run: Run, frame: Frame, facts: Facts, status: str = RUNNING) -> None:
        """Keep what is known, and how the Map run stands."""
        frame.payload = cast("JSON", asdict(facts))
        run.touch(frame)
        arn = self.arn(run, frame)
        record = Execution(
            id=arn,
            name=arn.rpartition(":")[2],
            machine=run.execution.machine,
            input=dumps(frame.payload),
            started=facts.started,
            status=status,
            stopped=None if status == RUNNING else run.at,
            redrives=facts.redrives,
            parent=run.execution.id,
        )
        run.changes.children.append((record, ()))

    def arn(self, run: Run, frame: Frame) -> str:
        """Identifies a Map run."""
        label = cast("MapPart", frame.definition.part).label or _own_label(run.machine.digest, frame.state)
        base = self._in.machine_arn.replace(":stateMachine", ":mapRun")
        return f"{base}:{run.machine.name}/{label}:{frame.run_label}"

    def redrive(self, run: Run, frame: Frame) -> None:
        """Children that failed or were aborted are to start again, those that succeeded are not."""
        children = frame.children
        if children is None or frame.run_label is None:
            return
        for child in children.failures.values():
            child.redriven = run.at
            run.touch(child)
        children.pending = deque(sorted([*children.failures, *children.pending]))
        children.again |= children.failures
        children.failures, children.failed_items = {}, None
        facts = Facts.of(frame)
        facts = replace(facts, redrives=facts.redrives + 1, redriven=run.at)
        details: dict[str, JSON] = {"mapRunArn": self.arn(run, frame), "redriveCount": facts.redrives}
        self._in.tell(run, frame, "MapRunRedriven", details)
        self._note(run, frame, facts)

    def update(self, run: Run, told: Mapping[str, JSON]) -> None:
        """Other limits for a Map run that is under way; `told` has its ARN and some of the limits in `Facts`."""
        label = str(told["arn"]).rpartition(":")[2]
        for frame in [frame for frame in run.frames.values() if frame.run_label == label]:
            limits = {name: value for name, value in told.items() if name != "arn"}
            facts = replace(Facts.of(frame), **cast("dict[str, float]", limits))  # type: ignore[arg-type]
            self._note(run, frame, facts)
            frame.limits = [facts.concurrency]
            if frame.children is not None:
                frame.children.concurrency = int(facts.concurrency)
                if frame.phase is Phase.CHILDREN:
                    self._go_on(run, frame)

    # -- items

    def read(self, run: Run, frame: Frame, reader: ReaderPart, scope: Scope) -> None:
        """Ask for the object that holds the items. Raises StatesError."""
        if frame.run_label is None:
            error = forms.reader_failure("Only a Map in DISTRIBUTED mode reads its items with an ItemReader.")
            self._in.fail(run, frame, frame.definition, error)
            return
        forms.Format.of(reader.config)
        limit = int(self._in.data.number(reader.items_max, scope, float("-inf")) or 0)
        if limit < 0:
            raise forms.reader_failure("field MaxItems must be positive")
        arguments = {} if reader.arguments is None else reader.arguments.evaluate(scope)
        self._note(run, frame, replace(Facts.of(frame), arguments=arguments, items_max=limit))
        self._call(run, frame, Phase.READ)

    def _call(self, run: Run, frame: Frame, phase: Phase) -> None:
        frame.phase = phase
        run.touch(frame)
        run.calls.append(self.call_of(run, frame))

    def call_of(self, run: Run, frame: Frame) -> TaskCall:
        """The call that a Map state in phase READ or WRITE waits for."""
        part = cast("MapPart", frame.definition.part)
        facts = Facts.of(frame)
        if frame.phase is Phase.READ and part.reader is not None:
            resource, config = part.reader.resource, part.reader.config

            def plan(call: forms.Call) -> JSON:
                found = forms.read(resource, forms.Format.of(config), facts.arguments, facts.items_max, call)
                return cast("JSON", asdict(found))

        else:
            resource = "" if part.writer is None else part.writer.resource
            files = self._files(run, frame, facts)

            def plan(call: forms.Call) -> JSON:
                return [call(resource, file) for file in files][-1]

        run.in_flight.add((frame.path, frame.attempt))
        return TaskCall(
            execution_id=run.execution.id,
            path=frame.path,
            attempt=frame.attempt,
            state=frame.state,
            resource=resource,
            payload=facts.arguments,
            plan=plan,
        )

    def settle(self, run: Run, frame: Frame, outcome: Outcome) -> None:
        """Items have been read, or results written."""
        reading = frame.phase is Phase.READ
        try:
            if outcome.failure is not None:
                name = "States.ItemReaderFailed" if reading else "States.ResultWriterFailed"
                raise TaskFailed(name, outcome.failure.cause or outcome.failure.error)
            if reading:
                self._items_read(run, frame, cast("dict[str, JSON]", outcome.result))
            else:
                facts = Facts.of(frame)
                self._note(run, frame, replace(facts, written=facts.executions))
                self._conclude(run, frame, results.told(self.arn(run, frame), facts.arguments))
        except StatesError as error:
            self.fail(run, frame, error)

    def _items_read(self, run: Run, frame: Frame, found: Mapping[str, JSON]) -> None:
        part = cast("MapPart", frame.definition.part)
        sources = cast("list[JSON]", found["sources"])
        facts = replace(Facts.of(frame), arguments=None, sources=sources, pairs=bool(found["pairs"]))
        data = self._in.data.effective_input(run, frame, frame.definition)
        scope = self._in.data.scope(run, frame, data)
        items = cast("list[JSON]", found["items"])
        frame.payload = cast("JSON", asdict(facts))
        self._in.fanout.start_items(run, frame, part, items, scope)

    def batches(self, run: Run, frame: Frame, part: MapPart, items: list[JSON], scope: Scope) -> list[JSON]:
        """Items as children get them: grouped, where there is an ItemBatcher. Raises StatesError."""
        batcher = part.batcher
        found = items
        if batcher is not None:
            if part.selector is not None:
                select = self._in.fanout.selected
                items = [select(run, frame, part.selector, index, item) for index, item in enumerate(items)]
            items_max = self._in.data.number(batcher.items_max, scope, 1) or 0
            bytes_max = self._in.data.number(batcher.bytes_max, scope, 1, 262_144) or 0
            given = None if batcher.batch_input is None else batcher.batch_input.evaluate(scope)
            found = forms.batched(items, int(items_max), int(bytes_max), given)
        batched = batcher is not None
        facts = replace(Facts.of(frame), items=len(items), executions=len(found), batched=batched)
        self._note(run, frame, facts)
        return found

    # -- failures

    def item_failed(self, run: Run, frame: Frame, child: Frame, failure: StatesError) -> None:
        """One child execution has failed; the Map fails when that is one too many."""
        told = {"error": failure.error, "cause": failure.cause}
        details: dict[str, JSON] = {key: value for key, value in told.items() if value is not None}
        self.children.end(run, child, "Failed", details)
        children = cast("Children", frame.children)
        if children.failed_items is not None:
            children.failed_items += _size(frame, child.index)
        self._go_on(run, frame)

    def _go_on(self, run: Run, frame: Frame) -> None:
        """Start further children, or end: a child has failed, or the limits have changed."""
        if not self._has_failed(frame):
            self._in.fanout.proceed(run, frame)
            return
        children = cast("Children", frame.children)
        try:
            self.abort_children(run, frame)
            children.running = 0
            self.finish(run, frame)
        except StatesError as error:
            self.fail(run, frame, error)

    def _has_failed(self, frame: Frame) -> bool:
        """Whether more items have failed than are tolerated; a batch fails with all its items."""
        children, facts = cast("Children", frame.children), Facts.of(frame)
        if not facts.batched:
            return len(children.failures) > facts.failures_max
        if children.failed_items is None:
            children.failed_items = sum(_size(frame, index) for index in children.failures)
        return children.failed_items > facts.failures_max

    def abort_children(self, run: Run, frame: Frame) -> None:
        """End the child executions that are under way. A redrive will go on with them."""
        children = [child for child in run.frames.values() if child.parent is frame]
        depth = frame.path.count("/") + 2
        doomed = {child.path: child.attempt for child in children}

        def is_doomed(path: str) -> bool:
            return "/".join(path.split("/", depth)[:depth]) in doomed

        nested = [each for each in run.frames.values() if each.run_label is not None and is_doomed(each.path)]
        for each in sorted(nested, key=lambda each: -each.path.count("/")):
            self.abort(run, each)
        run.changes.removed.extend(run.drop(is_doomed))
        for child in children:
            child.attempt = doomed[child.path]
            child.children = None
            self.children.end(run, child, "Aborted", {})
            cast("Children", frame.children).again[child.index] = child

    def abort(self, run: Run, frame: Frame) -> None:
        """The Map run ends because something beside it has failed."""
        self.abort_children(run, frame)
        self._in.tell(run, frame, "MapRunAborted")
        self._note(run, frame, Facts.of(frame), "ABORTED")
        frame.run_label = None  # it is told once

    def close(self, run: Run) -> None:
        """The execution is over, and so are its Map runs and their child executions."""
        for frame in [frame for frame in run.frames.values() if frame.run_label is not None]:
            if frame.children is not None or frame.phase is Phase.READ:
                for child in [child for child in run.frames.values() if child.parent is frame]:
                    self.children.end(run, child, "Aborted", {})
                self._note(run, frame, Facts.of(frame), "ABORTED")

    def fail(self, run: Run, frame: Frame, failure: StatesError) -> None:
        """A distributed Map fails as a whole; what its children have done is kept for a redrive."""
        if frame.children is not None:
            self.abort_children(run, frame)
        self._note(run, frame, Facts.of(frame), "FAILED")
        if frame.children is not None and run.autopsy is None and is_fatal(frame, failure):
            run.dissect()
        if failure.error != "States.Runtime":
            details: dict[str, JSON] = {"cause": failure.cause, "error": failure.error}
            self._in.tell(run, frame, "MapRunFailed", details)
        self._in.fail(run, frame, frame.definition, located(frame, failure))

    # -- results

    def finish(self, run: Run, frame: Frame) -> None:
        """No child is under way any more: write the results, or hand them on. Raises StatesError."""
        part = cast("MapPart", frame.definition.part)
        if part.writer is None or not part.writer.resource:
            config = {} if part.writer is None else part.writer.config
            rows = self._rows(run, frame) if results.has_metadata(config) else []
            outputs = [value for value in cast("Children", frame.children).results if value is not MISSING]
            self._conclude(run, frame, results.handed_on(rows, cast("list[JSON]", outputs), config))
            return
        data = self._in.data.effective_input(run, frame, frame.definition)
        scope = self._in.data.scope(run, frame, data)
        target = {} if part.writer.arguments is None else part.writer.arguments.evaluate(scope)
        self._note(run, frame, replace(Facts.of(frame), arguments=target))
        self._call(run, frame, Phase.WRITE)

    def _files(self, run: Run, frame: Frame, facts: Facts) -> list[JSON]:
        writer = cast("MapPart", frame.definition.part).writer
        config = {} if writer is None else writer.config
        return results.files(self._rows(run, frame), facts.arguments, config, self.arn(run, frame))

    def _rows(self, run: Run, frame: Frame) -> list[results.Row]:
        """Every child execution, also those that were not started."""
        children = cast("Children", frame.children)
        return [
            results.Row(
                arn=self.children.id_of(run, frame, index)[0],
                given=self._in.fanout.input_of(run, frame, index),
                output=children.results[index],
                failure=_failure(children.failures.get(index)),
                span=children.spans.get(index),
            )
            for index in range(len(children.results))
        ]

    def _conclude(self, run: Run, frame: Frame, output: JSON) -> None:
        if self._has_failed(frame):
            frame.phase = Phase.CHILDREN
            raise TaskFailed("States.ExceedToleratedFailureThreshold", THRESHOLD)
        self._in.tell(run, frame, "MapRunSucceeded")
        self._note(run, frame, Facts.of(frame), "SUCCEEDED")
        frame.run_label = None  # what fails from here on is the state alone
        self._in.fanout.succeed(run, frame, output)


def _size(frame: Frame, index: int) -> int:
    """How many items a batch holds."""
    return len(cast("list[dict[str, list[JSON]]]", frame.items)[index]["Items"])


def _failure(child: Frame | None) -> Mapping[str, JSON] | None:
    """Error and cause of a child execution that has failed."""
    return None if child is None else cast("dict[str, JSON] | None", child.output)


@lru_cache(maxsize=1024)
def _own_label(digest: str, state: str) -> str:
    """The label of a Map state that has none: always the same one for this state of this definition."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{digest}/{state}"))
