"""Express executions: in memory, in the caller's thread, for work that takes minutes at most."""

from collections.abc import Callable

from rimedio.asl.clock import new_uuid
from rimedio.asl.definition.model import Machine
from rimedio.asl.execution.executions import Description, described
from rimedio.asl.execution.frames import Outcome, Run, TaskCall
from rimedio.asl.execution.interpreter import Interpreter
from rimedio.asl.journal.port import Event, Execution
from rimedio.asl.jsontext import JSON, parsed_input

EXPRESS_SECONDS_MAX = 300

Invoke = Callable[[TaskCall, Run], Outcome]


def run_express(
    interpreter: Interpreter,
    invoke: Invoke,
    machine: Machine,
    given: JSON,
    arn: str,
    *,
    name: str | None = None,
) -> tuple[Description, list[Event]]:
    """Run to the end; how it ended, and its history. Raises InvalidInput.

    An execution that would wait for a token, or for more than five minutes, ends TIMED_OUT.
    """
    _, text = parsed_input({} if given is None else given)
    name = name or new_uuid(interpreter.services.randomness)
    clock = interpreter.services.clock
    started = clock.now().timestamp()
    run = Run(Execution(f"{arn}:express:{machine.name}:{name}", name, machine.digest, text, started), machine)
    interpreter.begin(run)
    events: list[Event] = []
    while not run.is_over:
        interpreter.advance(run)
        _forget_writes(run, events)
        calls, run.calls = run.calls, []
        run.outcomes.extend(invoke(call, run) for call in calls)
        if not (run.is_over or run.ready or run.outcomes):
            _sleep(interpreter, run, started + EXPRESS_SECONDS_MAX)
    _forget_writes(run, events)
    return described(run.execution, arn), events


def _forget_writes(run: Run, events: list[Event]) -> None:
    events.extend(run.changes.events)
    run.changes.events.clear()
    run.changes.children.clear()
    run.dirty.clear()


def _sleep(interpreter: Interpreter, run: Run, deadline: float) -> None:
    alarm = interpreter.next_alarm(run)
    if alarm is None or alarm > deadline:
        interpreter.end(run, "TIMED_OUT", error="States.Timeout")
        return
    clock = interpreter.services.clock
    clock.sleep(max(0.0, alarm - clock.now().timestamp()))
