"""Amazon States Language in your own process: durable, embeddable, with AWS's answers.

    from rimedio.asl import Engine, Machine, SqliteJournal

    machine = Machine.parse(open("machine.json").read())
    engine = Engine(SqliteJournal.open("runs.db"), {"arn:aws:lambda:::function:greet": greet})
    print(engine.run(engine.start(machine, {"name": "Ada"})).output)

Nothing else of Rimedio is imported.
"""

from rimedio.asl.clock import Clock, Randomness, SystemClock, VirtualClock
from rimedio.asl.definition.model import Machine
from rimedio.asl.definition.validation import validate
from rimedio.asl.errors import (
    ActivityDoesNotExist,
    AslError,
    Diagnostic,
    ExecutionAlreadyExists,
    ExecutionDoesNotExist,
    InvalidDefinition,
    InvalidInput,
    InvalidToken,
    JournalUnusable,
    NotRedrivable,
    StateMachineDoesNotExist,
    StatesError,
    TaskFailed,
    TaskTimedOut,
)
from rimedio.asl.execution.engine import Engine
from rimedio.asl.execution.executions import Description
from rimedio.asl.execution.handlers import Handler, Handlers, TaskContext
from rimedio.asl.integrations.activities import Activities
from rimedio.asl.journal.port import ActivityTask, Event, Journal
from rimedio.asl.journal.registry import Registry, Route
from rimedio.asl.journal.sqlite import MemoryJournal, SqliteJournal

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
    "JournalUnusable",
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
