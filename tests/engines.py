"""Where the tests' AWS is: the real engines that `make engines` starts, and a moto server in this process.

DynamoDB Local and OpenSearch are shared by all worker processes: name tables and indexes with `unique_name`.
moto runs once a worker process and forgets everything before each test module.
"""

import logging
import uuid
from collections.abc import Callable, Iterator
from urllib.request import Request, urlopen

import pytest
from tools.engines.record import recorded
from tools.engines.start import running

from rimedio.aws import AwsConnections

REGION = "eu-south-1"
ACCOUNT = "123456789012"  # moto's


def _address(name: str) -> str:
    found = running().addresses.get(name)
    if found is None:
        reason = recorded().missing.get(name, "it does not run")
        pytest.skip(f"the engine {name} is not there ({reason}); run `make engines`")
    return found


@pytest.fixture(scope="session")
def dynamodb_endpoint() -> str:
    """Address of DynamoDB Local, real."""
    return _address("dynamodb")


@pytest.fixture(
    scope="session", params=["opensearch", "opensearch3"], ids=["opensearch-2.19", "opensearch-3.5"]
)
def opensearch_endpoint(request: pytest.FixtureRequest) -> str:
    """Address of OpenSearch, real: the same tests run on both versions, where there is a Java for them."""
    return _address(request.param)


@pytest.fixture(scope="session")
def one_opensearch_endpoint() -> str:
    """Address of OpenSearch 2.19 alone, for tests of which one run is enough."""
    return _address("opensearch")


@pytest.fixture(scope="session")
def unique_name() -> Callable[[str], str]:
    """Names that no other test and no other worker process uses: `unique_name("tickets")`."""
    return lambda stem: f"{stem}-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def aws_environment() -> Iterator[None]:
    """An environment in which boto3 finds this region, credentials that mean nothing, and nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ROLE_ARN"):
            patch.delenv(name, raising=False)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            patch.setenv(name, REGION)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, "/dev/null")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        yield


@pytest.fixture(scope="session")
def _moto_server() -> Iterator[str]:
    server = pytest.importorskip("moto.server", reason="moto's server is not installed").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line a request, otherwise
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def moto_endpoint(_moto_server: str) -> str:
    """Address of moto, which remembers nothing of other modules."""
    with urlopen(Request(f"{_moto_server}/moto-api/reset", method="POST")):
        return _moto_server


@pytest.fixture(scope="session")
def _moto_connections(aws_environment: None, _moto_server: str) -> Iterator[AwsConnections]:
    connections = AwsConnections(REGION, {"*": _moto_server})
    yield connections
    connections.close()


@pytest.fixture(scope="module")
def connections(moto_endpoint: str, _moto_connections: AwsConnections) -> AwsConnections:
    """Connections of which every service is moto."""
    return _moto_connections


@pytest.fixture(scope="session")
def dynamodb_connections(aws_environment: None, dynamodb_endpoint: str) -> Iterator[AwsConnections]:
    """Connections whose DynamoDB and its streams are DynamoDB Local; no other service answers."""
    nowhere = "http://127.0.0.1:9"
    endpoints = {"dynamodb": dynamodb_endpoint, "dynamodbstreams": dynamodb_endpoint, "*": nowhere}
    connections = AwsConnections(REGION, endpoints)
    yield connections
    connections.close()


@pytest.fixture(scope="session")
def _twin_connections(
    aws_environment: None, dynamodb_endpoint: str, _moto_server: str
) -> Iterator[AwsConnections]:
    endpoints = {"dynamodb": dynamodb_endpoint, "dynamodbstreams": dynamodb_endpoint, "*": _moto_server}
    connections = AwsConnections(REGION, endpoints)
    yield connections
    connections.close()


@pytest.fixture(scope="module")
def twin_connections(moto_endpoint: str, _twin_connections: AwsConnections) -> AwsConnections:
    """Connections of the twin of AWS: DynamoDB Local, and moto for all else."""
    return _twin_connections
