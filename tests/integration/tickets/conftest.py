"""The workflow's tests run in both homes: `pytestmark = pytest.mark.usefixtures("home")`."""

from collections.abc import Iterator

import pytest
from tests.integration.tickets.workshop import HOMES, at_home


@pytest.fixture(params=HOMES)
def home(request: pytest.FixtureRequest) -> Iterator[str]:
    """What runs the workflow: the engine in this process, or Step Functions over the wire."""
    with at_home(request.param):
        yield request.param
