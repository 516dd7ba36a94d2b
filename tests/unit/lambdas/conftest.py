"""The API on a small system of its own."""

from pathlib import Path

import pytest
from tests.unit.lambdas.client import Client

from rimedio.bootstrap import Rimedio, laptop
from rimedio.lambdas.api import build_api
from rimedio.settings import EmbedderName, Settings


@pytest.fixture
def system(tmp_path: Path) -> Rimedio:
    return laptop(Settings(data_dir=tmp_path / "data", embedder=EmbedderName.NONE, guardrails=False))


@pytest.fixture
def call(system: Rimedio) -> Client:
    return Client(build_api(system))
