"""A pytest fixture for machines: `pytest_plugins = ["rimedio.asl.pytest_plugin"]` in conftest.py.

def test_an_order_is_shipped(asl):
    found = asl.run("order.asl.json", {"id": 1}, {"Ship": Return({"ok": True})})
    assert found.execution.status == "SUCCEEDED"
    assert found.states == ["Check", "Ship"]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from rimedio.asl.definition.model import Machine
from rimedio.asl.execution.executions import Description
from rimedio.asl.jsontext import JSON
from rimedio.asl.testing import Answer, Case, run_case, states_entered


@dataclass(frozen=True)
class Tried:
    """An execution that a test looks at."""

    execution: Description
    history: Sequence[Mapping[str, JSON]]

    @property
    def states(self) -> list[str]:
        """Names of the states in the order in which they were entered."""
        return states_entered(self.history)


class Runner:
    """Runs definitions with mocked tasks; waits take no time."""

    def run(
        self,
        definition: Path | str | Mapping[str, JSON],
        given: JSON = None,
        mocks: Mapping[str, Answer | Sequence[Answer]] | None = None,
    ) -> Tried:
        """Run a definition, or the file that holds it. Raises InvalidDefinition."""
        is_file = isinstance(definition, Path) or (
            isinstance(definition, str) and not definition.lstrip().startswith("{")
        )
        text = Path(str(definition)).read_text("utf-8") if is_file else definition
        machine = Machine.parse(text if isinstance(text, (str, Mapping)) else str(text))
        result = run_case(machine, Case("test", given, mocks or {}))
        return Tried(result.execution, result.history)


@pytest.fixture
def asl() -> Runner:
    """Runs state machines with mocked tasks."""
    return Runner()
