import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from urllib3 import HTTPResponse

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import Conflict, Forbidden, NotFound, StorageFailed, Throttled, Unavailable
from rimedio.knowledge.index.opensearch_client import ATTEMPTS, OpenSearchClient, connect

DOMAIN = "https://search-rimedio.example.test"


class Wire:
    """Stands where the socket would be: remembers requests, gives the answers it was told."""

    def __init__(self, *answers: tuple[int, dict[str, Any]]) -> None:
        self.answers = list(answers) or [(200, {"ok": True})]
        self.sent: list[tuple[str, str, dict[str, str]]] = []

    def plug(self, client: OpenSearchClient) -> OpenSearchClient:
        client._inner.transport.get_connection().pool.urlopen = self.urlopen
        return client

    def urlopen(
        self, method: str, url: str, body: bytes, *, headers: dict[str, str], **_: object
    ) -> HTTPResponse:
        self.sent.append((method, url, dict(headers)))
        status, reply = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        found = {"content-type": "application/json"}
        return HTTPResponse(json.dumps(reply).encode(), found, status, preload_content=True)


def refused(kind: str, reason: str) -> dict[str, Any]:
    return {"error": {"type": kind, "reason": reason, "root_cause": [{"type": kind, "reason": reason}]}}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    return None


@pytest.mark.usefixtures("credentials")
def test_requests_to_a_domain_are_signed_for_its_region(clock: FakeClock) -> None:
    wire = Wire()
    wire.plug(connect(DOMAIN, region="eu-south-1", clock=clock)).call("looking", "POST", "/_x", {"a": 1})
    [(_, _, headers)] = wire.sent
    assert "/eu-south-1/es/aws4_request" in headers["Authorization"]
    assert "x-amz-content-sha256" in headers["Authorization"]


def test_requests_on_loopback_are_not_signed(clock: FakeClock) -> None:
    wire = Wire()
    wire.plug(connect("http://127.0.0.1:9200", region="eu-south-1", clock=clock)).call("looking", "GET", "/")
    assert "Authorization" not in wire.sent[0][2]


def test_without_credentials_the_client_says_so_at_once(
    monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(Forbidden, match="no AWS credentials"):
        connect(DOMAIN, region="eu-south-1", clock=clock)


def test_what_passes_is_tried_again_with_growing_pauses_drawn_at_random(clock: FakeClock) -> None:
    pauses: list[float] = []
    clock.sleep = pauses.append  # type: ignore[method-assign]
    wire = Wire((429, refused("es_rejected_execution_exception", "busy")))
    client = wire.plug(OpenSearchClient("http://127.0.0.1:1", clock=clock, chance=random.Random(3)))
    with pytest.raises(Throttled, match="busy"):
        client.call("looking", "GET", "/")
    assert len(wire.sent) == ATTEMPTS
    assert len(pauses) == ATTEMPTS - 1
    assert all(0 <= pause <= 0.1 * 2**number for number, pause in enumerate(pauses))
    assert len(set(pauses)) == len(pauses)


@pytest.mark.parametrize(
    ("status", "reply", "kind", "words"),
    [
        (403, refused("security_exception", "no permissions"), Forbidden, "role's access"),
        (404, refused("index_not_found_exception", "no such index"), NotFound, "opensearch_index"),
        (409, refused("version_conflict_engine_exception", "another"), Conflict, "meanwhile"),
        (400, refused("parsing_exception", "unknown query"), StorageFailed, "unknown query"),
        (429, refused("cluster_block_exception", "flood-stage"), Unavailable, "read_only_allow_delete"),
        (403, refused("cluster_block_exception", "read-only"), Unavailable, "disk space"),
        (500, {"error": "a page that is no JSON of ours"}, Unavailable, "no JSON"),
    ],
)
def test_what_does_not_pass_is_told_at_once_with_what_to_do(
    clock: FakeClock, status: int, reply: dict[str, Any], kind: type[Exception], words: str
) -> None:
    wire = Wire((status, reply))
    client = wire.plug(OpenSearchClient("http://127.0.0.1:1", clock=clock))
    with pytest.raises(kind, match=words):
        client.call("looking", "GET", "/")
    assert len(wire.sent) == 1


def test_an_answer_in_part_is_no_answer(clock: FakeClock) -> None:
    half = {"responses": [{"timed_out": False, "_shards": {"failed": 1}, "hits": {"hits": []}}]}
    whole = {"responses": [{"timed_out": False, "_shards": {"failed": 0}, "hits": {"hits": []}}]}
    wire = Wire((200, half), (200, whole))
    client = wire.plug(OpenSearchClient("http://127.0.0.1:1", clock=clock))
    assert client.search("looking", "index", {"query": {}})["hits"] == {"hits": []}
    assert len(wire.sent) == 2
    with pytest.raises(Unavailable, match="only in part"):
        Wire((200, half)).plug(client).search("looking", "index", {"query": {}})


def test_the_failure_of_one_search_among_several_is_a_failure(clock: FakeClock) -> None:
    reply = {
        "responses": [{"_shards": {"failed": 0}}, {"status": 400, **refused("query_shard_exception", "bad")}]
    }
    client = Wire((200, reply)).plug(OpenSearchClient("http://127.0.0.1:1", clock=clock))
    with pytest.raises(StorageFailed, match="bad"):
        client.searches("looking", "index", [{}, {}])
