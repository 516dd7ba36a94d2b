"""Distributed Map: reading items, child executions with histories of their own, writing results."""

from collections import deque
from typing import TYPE_CHECKING, cast

from rimedio.asl.clock import new_uuid
from rimedio.asl.definition.model import MapPart, ReaderPart
from rimedio.asl.errors import StatesError, TaskFailed
from rimedio.asl.execution import items as forms
from rimedio.asl.execution.failures import is_fatal, located
from rimedio.asl.execution.frames import Children, Frame, Outcome, Phase, Run, TaskCall
from rimedio.asl.expressions.query import MISSING, Missing, Scope
from rimedio.asl.journal.port import Event, Execution
from rimedio.asl.jsontext import JSON, dumps

if TYPE_CHECKING:
    from rimedio.asl.execution.interpreter import Interpreter

STATUS = {"Succeeded": "SUCCEEDED", "Failed": "FAILED"}


class MapRuns:
    """The part of the interpreter that deals with distributed Maps."""

    def __init__(self, interpreter: "Interpreter") -> None:
        self._in = interpreter

    def begin(self, run: Run, frame: Frame) -> None:
        """A Map run starts."""
        frame.run_label = new_uuid(self._in.services.randomness)
        details: dict[str, JSON] = {"mapRunArn": self.arn(run, frame)}
        self._in.emit(run, frame, "MapRunStarted", "mapRunStartedEventDetails", details)

    def arn(self, run: Run, frame: Frame) -> str:
        """Identifies the child executions of one distributed Map."""
        label = cast("MapPart", frame.definition.part).label
        base = self._in.machine_arn.replace(":stateMachine", ":mapRun")
        return f"{base}:{run.machine.name}/{label}:{frame.run_label}"

    def redrive(self, run: Run, frame: Frame) -> None:
        """Children that failed are to start again, those that succeeded are not."""
        children = frame.children
        if children is None or frame.run_label is None:
            return
        failed, children.failures = sorted(children.failures), {}
        run.changes.removed.extend(f"{frame.path}/{index}" for index in failed)
        children.pending = deque(sorted([*failed, *children.pending]))
        details: dict[str, JSON] = {
            "mapRunArn": self.arn(run, frame),
            "redriveCount": run.execution.redrives,
        }
        self._in.emit(run, frame, "MapRunRedriven", "mapRunRedrivenEventDetails", details)

    # -- items

    def read(self, run: Run, frame: Frame, reader: ReaderPart, scope: Scope) -> None:
        """Ask for the object that holds the items. Raises StatesError."""
        forms.Format.of(reader.config)
        limit = self._in.data.number(reader.items_max, scope, float("-inf")) or 0
        if limit < 0:
            raise forms.reader_failure("field MaxItems must be positive")
        arguments = {} if reader.arguments is None else reader.arguments.evaluate(scope)
        frame.limits = [limit, 0]
        self._call(run, frame, Phase.READ, reader.resource, arguments)

    def _call(self, run: Run, frame: Frame, phase: Phase, resource: str, payload: JSON) -> None:
        frame.phase = phase
        frame.payload = payload
        run.touch(frame)
        run.calls.append(self.call_of(run, frame, resource))

    def call_of(self, run: Run, frame: Frame, resource: str | None = None) -> TaskCall:
        """The call that a Map state in phase READ or WRITE waits for."""
        part = cast("MapPart", frame.definition.part)
        if resource is None:
            source = part.reader if frame.phase is Phase.READ else part.writer
            resource = "" if source is None else source.resource
        run.in_flight.add((frame.path, frame.attempt))
        return TaskCall(
            execution_id=run.execution.id,
            path=frame.path,
            attempt=frame.attempt,
            state=frame.state,
            resource=resource,
            payload=frame.payload,
            entered=frame.entered,
            each=frame.phase is Phase.WRITE,
        )

    def settle(self, run: Run, frame: Frame, outcome: Outcome) -> None:
        """Items have been read, or results written."""
        reading = frame.phase is Phase.READ
        try:
            if outcome.failure is not None:
                name = "States.ItemReaderFailed" if reading else "States.ResultWriterFailed"
                raise TaskFailed(name, outcome.failure.cause or outcome.failure.error)
            if reading:
                self._items_read(run, frame, outcome.result)
            else:
                self._results_written(run, frame)
        except StatesError as error:
            self.fail(run, frame, error)

    def _items_read(self, run: Run, frame: Frame, answer: JSON) -> None:
        part = cast("MapPart", frame.definition.part)
        reader = cast("ReaderPart", part.reader)
        items = forms.parse_items(answer, forms.Format.of(reader.config))
        limit = int((frame.limits or [0])[0])
        frame.payload = None
        data = self._in.data.effective_input(run, frame, frame.definition)
        scope = self._in.data.scope(run, frame, data)
        self._in.fanout.start_items(run, frame, part, items[:limit] if limit else items, scope)

    def batches(self, run: Run, frame: Frame, part: MapPart, items: list[JSON], scope: Scope) -> list[JSON]:
        """Items as children get them: grouped, where there is an ItemBatcher. Raises StatesError."""
        batcher = part.batcher
        if batcher is None:
            return items
        if part.selector is not None:
            items = [
                self._in.fanout.selected(run, frame, part.selector, index, item)
                for index, item in enumerate(items)
            ]
        items_max = self._in.data.number(batcher.items_max, scope, 1) or 0
        bytes_max = self._in.data.number(batcher.bytes_max, scope, 1, 262_144) or 0
        given = None if batcher.batch_input is None else batcher.batch_input.evaluate(scope)
        return forms.batched(items, int(items_max), int(bytes_max), given)

    # -- child executions

    def begin_child(self, run: Run, child: Frame) -> None:
        """A child execution starts; its events are its own."""
        child.log = []
        run.has_child_executions = True
        child.previous = 0
        details: dict[str, JSON] = {
            "input": dumps(child.input),
            "inputDetails": {"truncated": False},
            "roleArn": self._in.role_arn,
        }
        self._in.emit(run, child, "ExecutionStarted", "executionStartedEventDetails", details)
        child.previous = 0

    def end_child(self, run: Run, child: Frame, word: str, details: dict[str, JSON]) -> None:
        """A child execution ends; its record goes to the journal with the next commit."""
        self._in.emit(run, child, f"Execution{word}", f"execution{word}EventDetails", details)
        events = tuple(child.log or ())
        parent = cast("Frame", child.parent)
        execution = Execution(
            id=self.child_id(run, parent, child.index),
            name=f"{parent.run_label}-{child.index}",
            machine=run.execution.machine,
            input=str(events[0].details["input"]),
            started=events[0].at,
            status=STATUS[word],
            output=cast("str | None", details.get("output")),
            error=cast("str | None", details.get("error")),
            cause=cast("str | None", details.get("cause")),
            stopped=self._in.now(),
            next_event=len(events) + 1,
            parent=self.arn(run, parent),
        )
        run.changes.children.append((execution, events))
        child.log = None

    def child_id(self, run: Run, frame: Frame, index: int) -> str:
        """The id of a child execution."""
        return f"{self.arn(run, frame).replace(':mapRun:', ':execution:')}-{index}"

    def item_failed(self, run: Run, frame: Frame, child: Frame, failure: StatesError) -> None:
        """One child execution has failed; the Map fails when that is one too many."""
        children = cast("Children", frame.children)
        told: dict[str, JSON] = {
            key: value
            for key, value in (("error", failure.error), ("cause", failure.cause))
            if value is not None
        }
        self.end_child(run, child, "Failed", told)
        child.phase = Phase.FAILED
        child.input = None
        child.output = told
        run.touch(child)
        if children.failed > children.failures_max:
            cause = "The specified tolerated failure threshold was exceeded"
            self.fail(run, frame, TaskFailed("States.ExceedToleratedFailureThreshold", cause))
        else:
            self._in.fanout.proceed(run, frame)

    def fail(self, run: Run, frame: Frame, failure: StatesError) -> None:
        """A distributed Map fails as a whole; what its children have done is kept for a redrive."""
        if frame.children is not None and run.autopsy is None and is_fatal(frame, failure):
            run.dissect()
        if failure.error != "States.Runtime":
            details: dict[str, JSON] = {"cause": failure.cause, "error": failure.error}
            self._in.emit(run, frame, "MapRunFailed", "mapRunFailedEventDetails", details)
        self._in.fail(run, frame, frame.definition, located(frame, failure))

    # -- results

    def finish(self, run: Run, frame: Frame) -> None:
        """All children have ended: write the results, or hand them on. Raises StatesError."""
        part = cast("MapPart", frame.definition.part)
        results = cast("Children", frame.children).results
        if part.writer is None or not part.writer.resource:
            kept: list[JSON] = [result for result in results if not isinstance(result, Missing)]
            if part.writer is not None and part.writer.config.get("Transformation") == "FLATTEN":
                kept = forms.flattened(kept)
            self._succeed(run, frame, kept)
            return
        data = self._in.data.effective_input(run, frame, frame.definition)
        scope = self._in.data.scope(run, frame, data)
        given = {} if part.writer.arguments is None else part.writer.arguments.evaluate(scope)
        target = given if isinstance(given, dict) else {}
        bucket, prefix = str(target.get("Bucket", "")), str(target.get("Prefix", "")).strip("/")
        folder = f"{prefix}/{frame.run_label}".strip("/")
        rows = forms.Results(
            tuple(self._row(run, frame, index, value) for index, value in enumerate(results))
        )
        files = forms.result_files(rows, bucket, folder, part.writer.config, self.arn(run, frame))
        frame.output = {
            "MapRunArn": self.arn(run, frame),
            "ResultWriterDetails": {"Bucket": bucket, "Key": f"{folder}/manifest.json"},
        }
        self._call(run, frame, Phase.WRITE, part.writer.resource, files)

    def _row(self, run: Run, frame: Frame, index: int, value: object) -> tuple[str, str, JSON, JSON]:
        given = (frame.items or [])[index]
        name = self.child_id(run, frame, index)
        if value is MISSING:
            failures = cast("Children", frame.children).failures
            return name, "FAILED", failures.get(index), given
        return name, "SUCCEEDED", cast("JSON", value), given

    def _results_written(self, run: Run, frame: Frame) -> None:
        output, frame.output = frame.output, None
        self._succeed(run, frame, output)

    def _succeed(self, run: Run, frame: Frame, result: JSON) -> None:
        self._in.emit(run, frame, "MapRunSucceeded", "", {})
        self._in.fanout.succeed(run, frame, result)


def log_of(frame: Frame) -> list[Event] | None:
    """The history of the child execution that a frame belongs to; None for the main one."""
    at: Frame | None = frame
    while at is not None:
        if at.log is not None:
            return at.log
        at = at.parent
    return None
