"""The order in which files of tests are handed to the workers of a parallel run: the long ones first.

A worker gets whole files. Were a long file handed out last, one worker would go on with it while the other has
nothing left to do. In a run without workers the tests stay in the order of their names.
"""

import pytest

LONG_FIRST = (
    "tests/security/test_schemathesis.py",
    "tests/e2e/test_demo_scores.py",
    "tests/e2e/twin/",
    "tests/infra/",
    "tests/e2e/",
    "tests/chaos/",
    "tests/integration/",
    "tests/contract/",
    "tests/security/",
)


def place(nodeid: str) -> int:
    """How early a test's file is handed out; 0 is first."""
    found = (number for number, path in enumerate(LONG_FIRST) if nodeid.startswith(path))
    return next(found, len(LONG_FIRST))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Workers put the long files first; `--no-loadscope-reorder` makes the distributor keep this order."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: place(item.nodeid))
