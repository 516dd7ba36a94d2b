"""A running service with something of everything in tenant acme."""

from collections.abc import Iterator

import pytest
from tests.integration.http.house import House, running_house
from tests.security.belongings import Belongings, furnish


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running_house(tmp_path_factory.mktemp("matrix"), loopback_urls=True) as found:
        yield found


@pytest.fixture(scope="session")
def belongings(house: House) -> Belongings:
    return furnish(house)
