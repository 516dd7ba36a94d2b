"""Items of a Map: selected, read, batched; results written."""

from typing import TYPE_CHECKING

from rimedio.asl.clock import new_uuid
from rimedio.asl.frames import Frame, Run
from rimedio.asl.journal import Event, Execution
from rimedio.asl.jsontext import JSON, dumps
from rimedio.asl.model import MapPart
from rimedio.asl.query import Query, Services

if TYPE_CHECKING:
    from rimedio.asl.interpreter import Interpreter

STATUS = {"Succeeded": "SUCCEEDED", "Failed": "FAILED"}


def new_label(services: Services) -> str:
    """Tells one Map run from another."""
    return new_uuid(services.randomness)


def gathered(
    interpreter: "Interpreter", run: Run, frame: Frame, part: MapPart, items: list[JSON], data: JSON
) -> list[JSON]:
    """The items as children get them."""
    return items


def selected(interpreter: "Interpreter", run: Run, child: Frame, selector: Query) -> JSON:
    """An item's input by ItemSelector, in the scope of the Map state."""
    parent = child.parent
    assert parent is not None
    data = interpreter.effective_input(run, parent, parent.definition)
    scope = interpreter.scope(run, parent, data)
    context = interpreter.context(run, parent)
    context["Map"] = {"Item": {"Index": child.index, "Value": child.input}}
    scope.use_context(context)
    return selector.evaluate(scope)


def child_record(
    interpreter: "Interpreter", run: Run, child: Frame, word: str, details: dict[str, JSON]
) -> tuple[Execution, tuple[Event, ...]]:
    """The record and history of a finished child execution."""
    events = tuple(child.log or ())
    name = f"{child.path.strip('/').replace('/', '-')}"
    parent = child.parent
    assert parent is not None
    arn = interpreter.fanout.map_run_arn(run, parent)
    execution = Execution(
        id=f"{arn.replace(':mapRun:', ':execution:')}:{name}",
        name=name,
        machine=run.execution.machine,
        input=str(events[0].details["input"]) if events else "null",
        started=events[0].at if events else interpreter.now(),
        status=STATUS[word],
        output=None if "output" not in details else str(details["output"]),
        error=None if "error" not in details else str(details["error"]),
        cause=None if "cause" not in details else str(details["cause"]),
        stopped=interpreter.now(),
        next_event=len(events) + 1,
        parent=arn,
    )
    return execution, events


def written(interpreter: "Interpreter", run: Run, frame: Frame, part: MapPart, results: list[JSON]) -> JSON:
    """What the Map state answers: the results, or where they were written."""
    return results


__all__ = ["child_record", "dumps", "gathered", "new_label", "selected", "written"]
