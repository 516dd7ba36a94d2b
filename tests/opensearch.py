"""Indexes on the real engines for tests: names that no other test uses, deleted afterwards."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tools.engines.record import recorded
from tools.engines.start import running

from rimedio.domain.clock import SystemClock
from rimedio.domain.errors import RimedioError
from rimedio.knowledge.index.opensearch_client import OpenSearchClient

# Tests outlive no power cut: what is written need not be on the disk before the answer.
FORGETFUL = {
    "index_patterns": ["test-*"],
    "template": {"settings": {"index.translog.durability": "async", "number_of_replicas": 0}},
}
_found: dict[str, str] = {}


def address_of(engine: str) -> str:
    """Address of `opensearch` (2.19) or `opensearch3` (3.5); skips the test where it does not run."""
    found = _found.get(engine) or running().addresses.get(engine)
    if found is None:
        reason = recorded().missing.get(engine, "it does not run")
        pytest.skip(f"the engine {engine} is not there ({reason}); run `make engines`")
    _found[engine] = found  # asked once: on a busy machine it may be slow to say that it runs
    return found


@contextmanager
def a_client(url: str, **options: object) -> Iterator[OpenSearchClient]:
    """A client of the engine, closed afterwards."""
    client = OpenSearchClient(url, **{"clock": SystemClock(), "timeout_seconds": 60.0, **options})  # type: ignore[arg-type]
    try:
        yield client
    finally:
        client.close()


@contextmanager
def a_prefix(client: OpenSearchClient) -> Iterator[str]:
    """A name for indexes; whatever begins with it goes afterwards."""
    prefix = f"test-{uuid.uuid4().hex[:12]}"
    client.call("setting up", "PUT", "/_index_template/rimedio-tests", FORGETFUL)
    try:
        yield prefix
    finally:
        try:
            client.call("cleaning up", "DELETE", f"/{prefix}-*?ignore_unavailable=true", seconds=60.0)
        except RimedioError as error:
            pytest.fail(f"the test's indexes stay behind: {error}")


def emptied(client: OpenSearchClient, prefix: str) -> None:
    """Delete everything that the indexes of a prefix hold, but for the record that says where they are."""
    query = {"query": {"bool": {"must_not": [{"ids": {"values": ["control"]}}]}}}
    path = f"/{prefix}-*/_delete_by_query?conflicts=proceed&refresh=true"
    client.call("emptying", "POST", f"/{prefix}-*/_refresh")
    client.call("emptying", "POST", path, query)
