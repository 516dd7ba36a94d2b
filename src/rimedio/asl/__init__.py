"""Amazon States Language in your own process: durable, embeddable, with AWS's answers.

    from rimedio.asl import Engine, Machine, SqliteJournal

    machine = Machine.parse(open("machine.json").read())
    engine = Engine(SqliteJournal.open("runs.db"), {"arn:aws:lambda:::function:greet": greet})
    print(engine.run(engine.start(machine, {"name": "Ada"})).output)

Nothing else of Rimedio is imported.
"""

from rimedio.asl.activities import Activities
from rimedio.asl.clock import Clock, Randomness, SystemClock, VirtualClock
from rimedio.asl.engine import Engine
from rimedio.asl.errors import (
    ActivityDoesNotExist,
    AslError,
    Diagnostic,
    ExecutionAlreadyExists,
    ExecutionDoesNotExist,
    InvalidDefinition,
    InvalidInput,
    InvalidToken,
    NotRedrivable,
    StateMachineDoesNotExist,
    StatesError,
    TaskFailed,
    TaskTimedOut,
)
from rimedio.asl.executions import Description
from rimedio.asl.handlers import Handler, Handlers, TaskContext
from rimedio.asl.journal import ActivityTask, Event, Journal, MemoryJournal
from rimedio.asl.model import Machine
from rimedio.asl.registry import Registry, Route
from rimedio.asl.sqlite_journal import SqliteJournal
from rimedio.asl.validation import validate

__all__ = [
    "Activities",
    "ActivityDoesNotExist",
    "ActivityTask",
    "AslError",
    "Clock",
    "Description",
    "Diagnostic",
    "Engine",
    "Event",
    "ExecutionAlreadyExists",
    "ExecutionDoesNotExist",
    "Handler",
    "Handlers",
    "InvalidDefinition",
    "InvalidInput",
    "InvalidToken",
    "Journal",
    "Machine",
    "MemoryJournal",
    "NotRedrivable",
    "Randomness",
    "Registry",
    "Route",
    "SqliteJournal",
    "StateMachineDoesNotExist",
    "StatesError",
    "SystemClock",
    "TaskContext",
    "TaskFailed",
    "TaskTimedOut",
    "VirtualClock",
    "validate",
]
