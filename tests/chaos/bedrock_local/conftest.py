"""The same server and clients as the integration tests'."""

from tests.integration.bedrock_local.conftest import _client, _server, bench

__all__ = ["_client", "_server", "bench"]
