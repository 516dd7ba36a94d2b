"""OpenSearch is busy, slow, broken, blocked: what Rimedio tries again, and what it says when that does not help."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from benchmarks._refusing_proxy import Refusals, refusing
from tests.opensearch import a_client, a_prefix, address_of
from tests.opensearch_documents import TENANT, load, texts_found, texts_of

from rimedio.domain.clock import FakeClock, SystemClock
from rimedio.domain.errors import Forbidden, Throttled, Unavailable
from rimedio.knowledge.index.opensearch import OpenSearchIndex
from rimedio.knowledge.index.opensearch_client import ATTEMPTS, OpenSearchClient

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def engine() -> str:
    return address_of("opensearch")


@pytest.fixture(scope="module")
def prefix(engine: str) -> Iterator[str]:
    with a_client(engine) as client, a_prefix(client) as prefix:
        load(OpenSearchIndex(client, prefix, SystemClock()), "manual", "an old pump")
        yield prefix


@contextmanager
def behind(engine: str, prefix: str, refusals: Refusals) -> Iterator[OpenSearchIndex]:
    """An index whose requests go through a proxy that refuses; its pauses take no time."""
    with refusing(engine, refusals) as url:
        client = OpenSearchClient(url, clock=FakeClock(), timeout_seconds=60.0, chance=random.Random(1))
        yield OpenSearchIndex(client, prefix, SystemClock())
        client.close()


def failing(status: int, path: str, times: int = 1_000) -> Callable[[str, str], int | None]:
    """Refuses the first `times` requests whose path holds `path`."""
    left = [times]
    lock = threading.Lock()

    def decide(_: str, asked: str) -> int | None:
        with lock:
            if path not in asked or not left[0]:
                return None
            left[0] -= 1
            return status

    return decide


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_search_that_is_refused_in_passing_is_tried_again(engine: str, prefix: str, status: int) -> None:
    refusals = Refusals(decide=failing(status, "_msearch", ATTEMPTS - 1))
    with behind(engine, prefix, refusals) as index:
        assert texts_found(index, "pump") == ["manual-0"]


@pytest.mark.parametrize(
    ("status", "kind", "advice"),
    [
        (429, Throttled, "try again later"),
        (503, Unavailable, "cluster's health"),
        (500, Unavailable, "failed while"),
        (403, Forbidden, "role's access"),
    ],
)
def test_a_search_that_stays_refused_says_why(
    engine: str, prefix: str, status: int, kind: type[Exception], advice: str
) -> None:
    refusals = Refusals(decide=failing(status, "_msearch"))
    with behind(engine, prefix, refusals) as index, pytest.raises(kind, match=advice):
        texts_found(index, "pump")


def test_a_load_interrupted_by_failures_leaves_the_old_document(engine: str, prefix: str) -> None:
    with behind(engine, prefix, Refusals(decide=failing(503, "_bulk"))) as index:
        with pytest.raises(Unavailable):
            load(index, "manual", "a new pump", "a new fan")
        assert texts_of(index) == ["an old pump"]
        assert texts_found(index, "fan") == []
    with behind(engine, prefix, Refusals()) as index:
        load(index, "manual", "an old pump")
        assert index.verify() == []


def test_any_one_failure_during_a_load_is_survived(engine: str, prefix: str) -> None:
    for path in ("_mget", "_doc", "_msearch", "_bulk", "_refresh"):
        with behind(engine, prefix, Refusals(decide=failing(503, path, 2))) as index:
            load(index, "survivor", f"valve {path.strip('_')}")
            assert texts_of(index, "survivor") == [f"valve {path.strip('_')}"]


def test_an_answer_that_does_not_come_is_unavailable_and_says_after_how_long(engine: str) -> None:
    asked = threading.Event()
    release = threading.Event()

    def hang(_: str, __: str) -> int | None:
        asked.set()
        release.wait(20)
        return None

    with refusing(engine, Refusals(decide=hang)) as url:
        client = OpenSearchClient(url, clock=FakeClock(), timeout_seconds=0.2, attempts=2)
        with pytest.raises(Unavailable, match=r"did not answer within 0\.2 s while looking"):
            client.call("looking", "GET", "/")
        release.set()
        client.close()
    assert asked.is_set()


def test_a_cluster_that_cannot_be_reached_is_unavailable() -> None:
    client = OpenSearchClient(NOWHERE, clock=FakeClock())
    index = OpenSearchIndex(client, "nobody", SystemClock())
    with pytest.raises(Unavailable, match="cannot be reached"):
        index.known_codes(TENANT)
    client.close()


def test_a_disk_above_the_flood_stage_mark_stops_loads_at_once_and_searches_go_on(engine: str) -> None:
    block: Callable[[bool | None], dict[str, object]] = lambda on: {"index.blocks.read_only_allow_delete": on}  # noqa: E731
    with a_client(engine) as client, a_prefix(client) as own:
        index = OpenSearchIndex(client, own, SystemClock())
        load(index, "manual", "an old pump")
        client.call("blocking", "PUT", f"/{own}-chunks/_settings", block(True))
        with pytest.raises(Unavailable, match="flood-stage mark"):
            load(index, "manual", "a new pump")
        assert texts_found(index, "pump") == ["manual-0"]
        assert texts_of(index) == ["an old pump"]
        client.call("unblocking", "PUT", f"/{own}-chunks/_settings", block(None))
        load(index, "manual", "a new pump")
        assert texts_of(index) == ["a new pump"]
