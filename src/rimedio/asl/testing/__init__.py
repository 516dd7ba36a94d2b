"""Trying states and machines without their tasks: `test_state` as AWS's TestState, and tables of cases.

Tests that want a fixture: pytest finds `rimedio.asl.pytest_plugin` by itself.
"""

from rimedio.asl.testing.cases import Case, CaseResult, read_cases, run_case, states_entered
from rimedio.asl.testing.coverage import Coverage
from rimedio.asl.testing.difference import differences
from rimedio.asl.testing.inspection import Circumstances, Inspection, TestedState
from rimedio.asl.testing.mocks import Answer, MockedTasks, Return, Throw, read_mocks
from rimedio.asl.testing.state import test_state, try_state

__all__ = [
    "Answer",
    "Case",
    "CaseResult",
    "Circumstances",
    "Coverage",
    "Inspection",
    "MockedTasks",
    "Return",
    "TestedState",
    "Throw",
    "differences",
    "read_cases",
    "read_mocks",
    "run_case",
    "states_entered",
    "test_state",
    "try_state",
]
