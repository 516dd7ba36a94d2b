"""The API on a small system of its own, asked as the gateway at home asks it, and as API Gateway does."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.unit.lambdas.client import Client

from rimedio.bootstrap import Rimedio, laptop
from rimedio.lambdas.api import build_api
from rimedio.lambdas.functions._function import LambdaFunction
from rimedio.lambdas.functions._invocation import FakeContext
from rimedio.lambdas.functions.api import build_api_function, who_calls
from rimedio.settings import EmbedderName, Settings


class DeployedApi:
    """The API's Lambda function behind the one resource `/v1/{proxy+}`."""

    def __init__(self, system: Rimedio) -> None:
        self.api = build_api(system).api
        self._function = LambdaFunction(
            "api", build_api_function, find_system=lambda: system, correlate=who_calls
        )

    def __call__(self, event: Mapping[str, Any], context: object = None) -> dict[str, Any]:
        if "path" in event:
            path = str(event["path"])
            proxied = {"path": quote(path), "pathParameters": {"proxy": path.removeprefix("/v1/")}}
            event = {"resource": "/v1/{proxy+}", **event, **proxied}
        return self._function(event, FakeContext())


@pytest.fixture
def system(tmp_path: Path) -> Iterator[Rimedio]:
    settings = Settings(
        data_dir=tmp_path / "data",
        embedder=EmbedderName.NONE,
        guardrails=False,
        publish_confidence_min=1.0,  # a person looks at everything
    )
    made = laptop(settings)
    yield made
    made.close()


@pytest.fixture(params=["at home", "in Lambda"])
def call(system: Rimedio, request: pytest.FixtureRequest) -> Client:
    if request.param == "in Lambda":
        return Client(DeployedApi(system))  # type: ignore[arg-type]
    return Client(build_api(system))
