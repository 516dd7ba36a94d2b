"""Real boto3 clients against a local Bedrock on loopback, with embeddings that need no model."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config

from rimedio.bedrock_local.fault_plan import FaultPlan
from rimedio.bedrock_local.models import LaptopModels
from rimedio.bedrock_local.server import serving_bedrock
from rimedio.bedrock_local.service import LocalBedrock
from rimedio.knowledge.embedding.fake import FakeEmbedder
from rimedio.llm.tokens import CharacterTokenCounter

MODEL = "eu.anthropic.claude-sonnet-4-5-v1:0"
QUESTION = (
    "The pump of the MG-10 moves 12 litres a minute. Its filter is cleaned every month. The fan is behind the cover.\n"
    "How often is the filter cleaned?"
)
ANSWER = "Its filter is cleaned every month."
Client = Callable[..., Any]


@dataclass(frozen=True)
class Bench:
    """A running server, its insides, and clients."""

    url: str
    bedrock: LocalBedrock
    client: Client
    question: str = QUESTION
    answer: str = ANSWER
    model: str = MODEL

    @property
    def runtime(self) -> Any:
        """A client that does not try again."""
        return self.client("bedrock-runtime")

    def user(self, text: str = QUESTION) -> list[dict[str, Any]]:
        """A conversation of one message."""
        return [{"role": "user", "content": [{"text": text}]}]

    def converse(self, text: str = QUESTION, **options: Any) -> Any:
        """Ask once."""
        return self.runtime.converse(**{"modelId": MODEL, "messages": self.user(text)} | options)

    def stream(self, text: str = QUESTION, **options: Any) -> Iterator[dict[str, Any]]:
        """The events of a streamed answer."""
        asked = {"modelId": MODEL, "messages": self.user(text)} | options
        stream = self.runtime.converse_stream(**asked)["stream"]
        try:
            yield from stream
        finally:
            stream.close()


@pytest.fixture(scope="session")
def _server() -> Iterator[tuple[str, LocalBedrock]]:
    models = LaptopModels(CharacterTokenCounter(), FakeEmbedder(384))
    bedrock = LocalBedrock(models, FaultPlan())
    with serving_bedrock(bedrock) as url:
        yield url, bedrock


@pytest.fixture(scope="session")
def _client(_server: tuple[str, LocalBedrock]) -> Iterator[Client]:
    made: dict[tuple[str, int, float], Any] = {}

    def client(service: str, attempts: int = 1, read_seconds: float = 60.0) -> Any:
        key = service, attempts, read_seconds
        if key not in made:
            retries = {"mode": "standard", "total_max_attempts": attempts}
            config = Config(retries=retries, read_timeout=read_seconds, connect_timeout=60)
            session = boto3.session.Session("test", "test", region_name="eu-south-1")
            made[key] = session.client(service, endpoint_url=_server[0], config=config)
        return made[key]

    yield client
    for one in made.values():
        one.close()


@pytest.fixture
def bench(_server: tuple[str, LocalBedrock], _client: Client) -> Iterator[Bench]:
    """The server without faults and without a past."""
    url, bedrock = _server
    bedrock.faults.replace(())
    bedrock.served.clear()
    yield Bench(url, bedrock, _client)
    bedrock.faults.replace(())
