"""Rules of every test: no network but loopback, none at all in unit tests."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts

pytest_plugins = ["tests.engines", "tests.garbage", "tests.order", "tests.reruns"]

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
MODEL = ROOT / "src" / "rimedio" / "knowledge" / "embedding" / "models" / "e5-small-latin" / "model.json"

# Every run tries the same examples and none has to be quick: a property fails where it was broken, not where somebody
# was unlucky or the machine busy. New examples are looked for by hand: `pytest --hypothesis-profile=searching`.
_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "print_blob": True}
settings.register_profile("steady", derandomize=True, database=None, **_PATIENT)  # type: ignore[arg-type]
settings.register_profile("searching", **_PATIENT)  # type: ignore[arg-type]
settings.load_profile("steady")
# Examples hold constants of all modules that happen to be loaded, which depends on the tests that ran before.
providers._get_local_constants = lambda: providers._local_constants


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `model` skip, and say so, where the embedding model was not built."""
    if MODEL.exists():
        return
    skip = pytest.mark.skip(reason="the embedding model is not built: run `make model`")
    for item in items:
        if item.get_closest_marker("model"):
            item.add_marker(skip)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A test is named the same in every worker: bytes, which may hold the hour they were packed in, give no name."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(autouse=True)
def _network(request: pytest.FixtureRequest) -> Iterator[None]:
    if "/unit/" in request.node.path.as_posix():
        disable_socket(allow_unix_socket=True)
    else:
        socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """A test that sets the logs up, as every command does, changes nothing for the next one."""
    logger = logging.getLogger("rimedio")
    before = logger.handlers[:], logger.level, logger.propagate
    yield
    logger.handlers[:], logger.level, logger.propagate = before


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Real data sets for development; most users do not have them."""
    if not DATA.is_dir():
        pytest.skip(f"the development data sets are not at {DATA}")
    return DATA


@pytest.fixture(scope="session")
def bedrock_endpoint() -> Iterator[str]:
    """Address of a local Bedrock (runtime and agent runtime) on the laptop's models; one a worker process.

    Without the built embedding model a small stand-in makes the vectors.
    """
    from dataclasses import replace

    from rimedio.bedrock_local.models import laptop_models
    from rimedio.bedrock_local.server import serving_bedrock
    from rimedio.bedrock_local.service import LocalBedrock
    from rimedio.knowledge.embedding.fake import FakeEmbedder
    from rimedio.settings import load_settings

    models = laptop_models(load_settings({"data_dir": ROOT / ".cache" / "demo"}, environment={}))
    with serving_bedrock(
        LocalBedrock(models if MODEL.exists() else replace(models, embedder=FakeEmbedder()))
    ) as address:
        yield address
