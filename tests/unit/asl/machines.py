"""Small machines and handlers for tests of the engine."""

from typing import Any

from rimedio.asl import Description, Engine, Machine, MemoryJournal, TaskContext, TaskFailed, VirtualClock

WORK = "arn:aws:lambda:local:000000000000:function:work"
ASK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"


def machine(states: dict[str, Any], start: str = "A", **more: Any) -> Machine:
    return Machine.parse({"QueryLanguage": "JSONata", "StartAt": start, "States": states, **more})


def engine(**handlers: Any) -> Engine:
    return Engine(
        MemoryJournal(), {WORK: handlers.get("work"), ASK: handlers.get("ask")}, clock=VirtualClock()
    )


def work(**more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": WORK, "End": True, **more}


def run(made: Machine, given: Any = None, **handlers: Any) -> Description:
    e = engine(**handlers)
    return e.run(e.start(made, given))


def types(e: Engine, execution: str) -> list[str]:
    return [str(event["type"]) for event in e.history(execution)]


class Flaky:
    """Fails the first times, then answers; keeps when it was called."""

    def __init__(self, failures: int, error: str = "Flaky") -> None:
        self.failures, self.error, self.calls = failures, error, []  # type: ignore[var-annotated]

    def __call__(self, payload: Any, context: TaskContext) -> Any:
        self.calls.append(payload)
        if len(self.calls) <= self.failures:
            raise TaskFailed(self.error, f"attempt {len(self.calls)}")
        return {"attempts": len(self.calls)}
