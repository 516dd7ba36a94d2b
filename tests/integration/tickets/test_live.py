"""Live views of a ticket and of the queue, on the real engine."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.integration.tickets.workshop import TENANT, FailingWriter, Workshop, request

from rimedio.domain.answer import Outcome
from rimedio.domain.errors import NotFound, Throttled
from rimedio.domain.ticket import Status
from rimedio.storage.ticket_feed import SqliteTicketFeed
from rimedio.tickets.live import Chunk, Cited, Complete, LiveEvent, Progress, ProgressStatus, Start
from rimedio.tickets.live.watch_queue import WatchQueue

pytestmark = pytest.mark.usefixtures("home")


def bodies(events: tuple[LiveEvent, ...], kind: type) -> list[object]:
    return [event.body for event in events if isinstance(event.body, kind)]


def test_a_ticket_is_watched_from_its_start_to_its_answer() -> None:
    shop = Workshop()
    ticket = shop.open(TENANT, request())
    seen = shop.live.changes_since(TENANT, ticket.ticket_id)
    assert [e.name for e in seen.events] == ["start"]
    assert seen.done is False
    shop.runner.settle(ticket)
    rest = shop.live.changes_since(TENANT, ticket.ticket_id, seen.position)
    names = list(dict.fromkeys(e.name for e in rest.events))
    assert rest.done
    assert names[-1] == "complete"
    assert {"progress", "chunk", "citation"} <= set(names)
    assert "start" not in names  # it was told before there was an execution
    (end,) = bodies(rest.events, Complete)
    assert isinstance(end, Complete)
    assert (end.status, end.outcome, end.confidence) == (Status.READY, Outcome.PUBLISH, 0.9)


def test_chunks_are_the_solutions_sentences_each_with_its_citation() -> None:
    shop = Workshop()
    ticket = shop.work()
    events = shop.live.changes_since(TENANT, ticket.ticket_id).events
    solution = shop.tickets.solution(TENANT, ticket.ticket_id, str(ticket.solution_id))
    chunks = [body for body in bodies(events, Chunk) if isinstance(body, Chunk)]
    assert [c.text for c in chunks] == [line for s in solution.steps for line in s.text.split("\n")]
    assert [c.index for c in chunks] == list(range(1, len(chunks) + 1))
    assert all(c.citation_ids == ("c1",) and not c.own_words for c in chunks)
    assert [b.citation for b in bodies(events, Cited)] == list(solution.citations)  # type: ignore[attr-defined]


def test_any_position_goes_on_exactly_where_it_stopped() -> None:
    shop = Workshop()
    ticket = shop.work()
    whole = shop.live.changes_since(TENANT, ticket.ticket_id).events
    for place, event in enumerate(whole):
        rest = shop.live.changes_since(TENANT, ticket.ticket_id, event.position)
        assert rest.events == whole[place + 1 :]
        assert rest.done
    assert len({event.position for event in whole}) == len(whole)


@pytest.mark.parametrize("position", ["", "x", "....", "a.b.c.d", "1.2.3", "0.-1..0", "9" * 400, "é.1..1"])
def test_a_strange_position_begins_anew(position: str) -> None:
    shop = Workshop()
    ticket = shop.work()
    assert shop.live.changes_since(TENANT, ticket.ticket_id, position) == shop.live.changes_since(
        TENANT, ticket.ticket_id
    )


def test_a_draft_is_for_operators_alone() -> None:
    shop = Workshop([Outcome.REVIEW])
    ticket = shop.work()
    theirs = shop.live.changes_since(TENANT, ticket.ticket_id, published_only=True)
    assert not bodies(theirs.events, Chunk)
    (end,) = bodies(theirs.events, Complete)
    assert end == Complete(status=Status.IN_REVIEW)
    mine = shop.live.changes_since(TENANT, ticket.ticket_id)
    assert bodies(mine.events, Chunk)
    waits = [b for b in bodies(mine.events, Progress) if b.status is ProgressStatus.WAITING]  # type: ignore[attr-defined]
    assert [w.state for w in waits] == ["WaitForReview"]  # type: ignore[attr-defined]
    shop.judge(ticket, "APPROVED")
    after = shop.live.changes_since(TENANT, ticket.ticket_id, theirs.position, published_only=True)
    assert bodies(after.events, Chunk)
    (last,) = bodies(after.events, Complete)
    assert last.status is Status.READY  # type: ignore[attr-defined]


def test_own_words_are_told_as_such_and_cite_nothing() -> None:
    shop = Workshop([Outcome.REVIEW])
    ticket = shop.work()
    steps = [{"section": "REMEDY", "title": "Remedy", "text": "Call Carla before anything else."}]
    shop.judge(ticket, "EDITED", steps=steps)
    (chunk,) = bodies(shop.live.changes_since(TENANT, ticket.ticket_id).events, Chunk)
    assert isinstance(chunk, Chunk)
    assert (chunk.own_words, chunk.citation_ids) == (True, ())


def test_progress_alone_tells_no_sentence() -> None:
    shop = Workshop()
    events = shop.live.changes_since(TENANT, shop.work().ticket_id, answer=False).events
    assert {e.name for e in events} == {"start", "progress", "complete"}


def test_an_attempt_that_failed_and_the_next_one_are_told() -> None:
    shop = Workshop(primary=FailingWriter([Throttled("slow")]))
    events = shop.live.changes_since(TENANT, shop.work().ticket_id).events
    told = [b.status for b in bodies(events, Progress) if b.state == "Generate"]  # type: ignore[attr-defined]
    assert told == [
        ProgressStatus.ENTERED,
        ProgressStatus.FAILED,
        ProgressStatus.RETRIED,
        ProgressStatus.SUCCEEDED,
    ]


def test_a_reopened_ticket_is_watched_from_its_new_start() -> None:
    shop = Workshop()
    ticket = shop.work()
    old = shop.live.changes_since(TENANT, ticket.ticket_id).position
    shop.runner.settle(shop.reopen(TENANT, ticket.ticket_id, by="anna"))
    new = shop.live.changes_since(TENANT, ticket.ticket_id, old)
    assert isinstance(new.events[0].body, Start)
    assert new.done


def test_another_tenants_ticket_cannot_be_watched() -> None:
    shop = Workshop()
    with pytest.raises(NotFound):
        shop.live.changes_since("other", shop.work().ticket_id)


def test_an_events_data_is_the_apis_json() -> None:
    shop = Workshop()
    events = shop.live.changes_since(TENANT, shop.work().ticket_id).events
    by_name = {event.name: event.data for event in events}
    assert set(by_name["chunk"]) == {  # type: ignore[arg-type]
        "index", "step", "section", "title", "text", "citation_ids", "own_words",
    }  # fmt: skip
    assert {"id", "chunk_id", "source_uri", "snippet"} <= set(by_name["citation"])  # type: ignore[arg-type]
    assert set(by_name["complete"]) == {"status", "solution_id", "outcome", "confidence"}  # type: ignore[arg-type]
    assert set(by_name["progress"]) == {"state", "status", "at"}  # type: ignore[arg-type]
    json.dumps(list(by_name.values()))


def test_the_queue_tells_each_move_of_the_own_tenants_tickets() -> None:
    shop = Workshop([Outcome.REVIEW])
    queue = WatchQueue(SqliteTicketFeed(shop.database), shop.clock)
    begin = queue.changes_since(TENANT).position
    assert queue.changes_since("other").position == begin
    ticket = shop.work()
    shop.judge(ticket, "APPROVED")
    shop.clock.advance(1)
    seen = queue.changes_since(TENANT, begin)
    assert [(e.name, e.data["status"]) for e in seen.events] == [  # type: ignore[index,call-overload]
        ("ticket", "NEW"), ("ticket", "PROCESSING"), ("ticket", "IN_REVIEW"), ("ticket", "READY"),
    ]  # fmt: skip
    assert queue.changes_since("other", begin).events == ()
    middle = seen.events[1].position
    assert queue.changes_since(TENANT, middle).events == seen.events[2:]
    assert queue.changes_since(TENANT, seen.position).events == ()
    assert queue.changes_since(TENANT, "nonsense").events == ()


def test_a_reader_who_was_away_for_long_catches_up_from_the_store() -> None:
    shop = Workshop()
    begin = "0"
    tickets = [shop.work().ticket_id for _ in range(3)]
    queue = WatchQueue(SqliteTicketFeed(shop.database), shop.clock)  # begins now
    seen, position = [], begin
    for _ in range(10):
        page = queue.changes_since(TENANT, position)
        seen += [e.data["ticket_id"] for e in page.events]  # type: ignore[index,call-overload]
        position = page.position
    assert set(seen) == set(tickets)
    assert len(seen) == 9  # NEW, PROCESSING, READY of each


def test_many_watchers_read_the_store_a_few_times() -> None:
    shop = Workshop()
    feed = SqliteTicketFeed(shop.database)
    reads: list[int] = []
    original = feed.since
    feed.since = lambda sequence, limit=500: reads.append(sequence) or original(sequence, limit)  # type: ignore[method-assign,func-returns-value]
    queue = WatchQueue(feed, shop.clock)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _n: queue.changes_since(TENANT, "0"), range(200)))
    assert len(reads) <= 201
    reads.clear()
    position = queue.changes_since(TENANT).position
    for _ in range(200):
        queue.changes_since(TENANT, position)
    assert reads == []
