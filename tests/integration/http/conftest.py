"""One running service for all tests of a module."""

from collections.abc import Iterator

import pytest
from tests.integration.http.house import House, running_house


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running_house(tmp_path_factory.mktemp("house")) as found:
        yield found
