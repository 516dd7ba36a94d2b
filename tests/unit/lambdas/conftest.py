"""The API on a small system of its own."""

from pathlib import Path

import pytest
from tests.unit.lambdas.client import Client

from rimedio.bootstrap import Rimedio, laptop
from rimedio.lambdas.api import build_api
from rimedio.settings import EmbedderName, Settings


@pytest.fixture
def system(tmp_path: Path) -> Rimedio:
    settings = Settings(
        data_dir=tmp_path / "data",
        embedder=EmbedderName.NONE,
        guardrails=False,
        publish_confidence_min=1.0,  # a person looks at everything
    )
    return laptop(settings)


@pytest.fixture
def call(system: Rimedio) -> Client:
    return Client(build_api(system))
