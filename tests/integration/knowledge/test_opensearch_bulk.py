"""Bulk writes through a proxy that refuses as a busy cluster does, before the real engine."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from benchmarks._refusing_proxy import Refusals, refusing
from tests.opensearch import a_client, a_prefix, address_of

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import StorageFailed, Throttled
from rimedio.knowledge.index.opensearch_bulk import ACTIONS_START, Action, BulkReport, BulkWriter
from rimedio.knowledge.index.opensearch_client import OpenSearchClient

COUNT = 1_500


@pytest.fixture(scope="module")
def engine() -> str:
    return address_of("opensearch")


@pytest.fixture
def index(engine: str) -> Iterator[str]:
    with a_client(engine) as client, a_prefix(client) as prefix:
        yield f"{prefix}-bulk"


def impatient(url: str) -> OpenSearchClient:
    return OpenSearchClient(url, clock=FakeClock(), timeout_seconds=60.0, chance=random.Random(1))


def stored(engine: str, index: str) -> int:
    with a_client(engine) as client:
        client.call("refreshing", "POST", f"/{index}/_refresh")
        return int(client.call("counting", "GET", f"/{index}/_count")["count"])


def actions(index: str, count: int = COUNT) -> list[Action]:
    return [Action("index", index, str(number), {"number": number}) for number in range(count)]


def test_no_document_is_lost_when_whole_requests_and_single_items_are_refused(
    engine: str, index: str
) -> None:
    refusals = Refusals(request_share=0.4, item_share=0.1)
    with refusing(engine, refusals) as url:
        client = impatient(url)
        writer = BulkWriter(client)
        report = writer.write("loading", actions(index))
        client.close()
    assert refusals.requests
    assert refusals.items
    assert report.refused >= refusals.items
    assert stored(engine, index) == report.written == COUNT


def test_parts_shrink_while_refused_and_grow_back_after(engine: str, index: str) -> None:
    refusals = Refusals(request_share=1.0)
    with refusing(engine, refusals) as url:
        client = impatient(url)
        writer = BulkWriter(client, rounds=3)
        with pytest.raises(Throttled, match="try again later"):
            writer.write("loading", actions(index))
        shrunk = writer.size
        refusals.request_share = 0.0
        writer.write("loading", actions(index))
        client.close()
    assert shrunk < ACTIONS_START
    assert writer.size > shrunk
    assert stored(engine, index) == COUNT


def test_what_the_server_will_never_take_is_told_at_once(engine: str, index: str) -> None:
    client = impatient(engine)
    wrong = [
        Action("index", index, "1", {"number": 1}),
        Action("index", index, "2", {"number": {"no": "number"}}),
    ]
    with pytest.raises(StorageFailed, match="refused to index 2"):
        BulkWriter(client).write("loading", wrong)
    client.close()


def test_expected_failures_of_items_are_reported_and_nothing_more(engine: str, index: str) -> None:
    client = impatient(engine)
    writer = BulkWriter(client)
    writer.write("loading", actions(index, 2), refresh=True)
    again = [Action("create", index, str(number), {"number": 9}) for number in range(3)]
    report = writer.write("loading", again, ignore=[409], refresh=True)
    client.close()
    assert [action.id for action in report.ignored] == ["0", "1"]
    assert stored(engine, index) == 3


def test_writers_that_update_the_same_documents_all_come_through(engine: str, index: str) -> None:
    """Each adds a field of its own to every document: a reindex fills in vectors while another process stores them."""
    with a_client(engine) as client:
        BulkWriter(client).write("loading", actions(index, 40), refresh=True)

    def update(writer: int) -> BulkReport:
        with a_client(engine) as client:
            fields = [Action("update", index, str(n), {f"field_{writer}": n}) for n in range(40)]
            return BulkWriter(client).write("filling in", fields)

    with ThreadPoolExecutor(12) as pool:
        reports = list(pool.map(update, range(12)))
    assert [report.written for report in reports] == [40] * 12
    with a_client(engine) as client:
        kept = client.call("reading", "GET", f"/{index}/_doc/7")["_source"]
    assert kept == {"number": 7} | {f"field_{writer}": 7 for writer in range(12)}
