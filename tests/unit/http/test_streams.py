"""Event streams: what is written, when they wake, how they end."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from rimedio.domain.errors import NotFound, Unavailable
from rimedio.http import change_hub, streams
from rimedio.http.change_hub import ChangeHub
from rimedio.http.request import Message, Request
from rimedio.http.streams import Streams
from rimedio.lambdas.caller import Caller
from rimedio.lambdas.sse import StreamCall, event_bytes

ROUTE = "GET /v1/events/stream"
CALLER = Caller("acme", "anna", frozenset(), "req_1")


@dataclass(frozen=True)
class Told:
    name: str
    position: str
    data: object


class ScriptedFeed:
    """Gives out what is put into it."""

    topics = frozenset({"tenant acme"})
    settle_seconds = 0.0

    def __init__(self, every_seconds: float | None = None) -> None:
        self.every_seconds = every_seconds
        self.news: list[Told] = []
        self.closing = False
        self.ended = False
        self.polls = 0

    def poll(self) -> Sequence[Told]:
        self.polls += 1
        news, self.news = self.news, []
        self.ended = self.closing
        return news


class Client:
    """Takes in what is sent; hangs up when told."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.gone = asyncio.Event()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def text(self) -> str:
        return b"".join(m.get("body", b"") for m in self.messages[1:]).decode()

    @property
    def finished(self) -> bool:
        return self.messages[-1].get("more_body") is False

    async def until(self, text: str) -> None:
        async with asyncio.timeout(60):
            while text not in self.text:
                await asyncio.sleep(0.005)


class Changes:
    """Topics touched, as the store would tell."""

    def __init__(self) -> None:
        self.mark = 0
        self.touched: set[str] = set()

    def __call__(self, after: int | None) -> tuple[int, frozenset[str]]:
        touched, self.touched = self.touched, set()
        self.mark += 1
        return self.mark, frozenset(touched)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_hub, "LOOK_SECONDS", 0.01)


def call(expires_at: float | None = None) -> StreamCall:
    return StreamCall({}, CALLER, {}, time.time() + 3600 if expires_at is None else expires_at)


def request() -> Request:
    found = Request("GET", "/v1/events/stream", b"", "", {}, {}, "req_12345678")
    found.route = ROUTE
    return found


def made(opener: object, changes: Changes | None = None) -> Streams:
    return Streams({ROUTE: opener}, changes or Changes(), lambda: datetime(2026, 1, 1, tzinfo=UTC))  # type: ignore[dict-item]


async def served(one: Streams, client: Client, **options: float) -> None:
    await one.serve(request(), call(**options), [], client.receive, client.send)


def test_an_event_is_one_line_of_data_whatever_is_in_it() -> None:
    text = event_bytes("chunk", {"text": "a\nb\r\n\ndata: x"}, "1\n2").decode()

    assert text == 'id: 12\nevent: chunk\ndata: {"text":"a\\nb\\r\\n\\ndata: x"}\n\n'


def test_a_citation_in_a_stream_names_a_file_without_the_folders_of_the_machine() -> None:
    text = event_bytes("citation", {"id": "c1", "source_uri": "/srv/private/xc200.pdf#page=3"}).decode()

    assert text == 'event: citation\ndata: {"id":"c1","source_uri":"xc200.pdf#page=3"}\n\n'


def test_a_stream_gives_what_is_there_and_then_what_comes() -> None:
    async def scene() -> None:
        feed, changes, client = ScriptedFeed(), Changes(), Client()
        feed.news = [Told("ticket", "1", {"n": 1})]
        task = asyncio.create_task(served(made(lambda _: feed, changes), client))
        await client.until('"n":1')
        feed.news, feed.closing = [Told("complete", "2", {"n": 2})], True
        changes.touched = {"tenant acme"}
        await asyncio.wait_for(task, 60)
        assert 'id: 2\nevent: complete\ndata: {"n":2}\n\n' in client.text
        assert client.finished
        assert dict(client.messages[0]["headers"])[b"content-type"].startswith(b"text/event-stream")

    asyncio.run(scene())


def test_a_stream_of_something_else_is_left_asleep() -> None:
    async def scene() -> None:
        feed, changes, client = ScriptedFeed(), Changes(), Client()
        task = asyncio.create_task(served(made(lambda _: feed, changes), client))
        await client.until("retry")
        async with asyncio.timeout(60):
            while feed.polls < 2:  # at the start, and once more when the hub knows where it stands
                await asyncio.sleep(0.005)
        changes.touched = {"tenant other"}
        mark = changes.mark
        while changes.mark < mark + 3:
            await asyncio.sleep(0.005)
        assert feed.polls == 2
        client.gone.set()
        await asyncio.wait_for(task, 60)

    asyncio.run(scene())


def test_what_changes_while_the_first_stream_opens_is_not_missed() -> None:
    """The hub's first look only learns where it stands; whoever asked just before asks again."""

    async def scene() -> None:
        feed, client = ScriptedFeed(), Client()
        first = feed.poll

        def poll() -> Sequence[Told]:
            news = first()
            if feed.polls == 1:
                feed.news, feed.closing = [Told("ticket", "1", 1)], True
            return news

        feed.poll = poll  # type: ignore[method-assign]
        await asyncio.wait_for(served(made(lambda _: feed), client), 60)
        assert "event: ticket" in client.text

    asyncio.run(scene())


def test_a_client_that_leaves_ends_its_stream_and_frees_its_place() -> None:
    async def scene() -> None:
        feed, client = ScriptedFeed(), Client()
        one = made(lambda _: feed)
        task = asyncio.create_task(served(one, client))
        await client.until("retry")
        assert one.count == 1
        client.gone.set()
        await asyncio.wait_for(task, 60)
        assert one.count == 0
        assert not client.finished  # nothing is written to a line that is closed

    asyncio.run(scene())


def test_silence_is_broken_by_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.03)

    async def scene() -> None:
        client = Client()
        task = asyncio.create_task(served(made(lambda _: ScriptedFeed()), client))
        await client.until(": heartbeat\n\n: heartbeat\n\n")
        client.gone.set()
        await asyncio.wait_for(task, 60)

    asyncio.run(scene())


def test_a_stream_ends_with_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.03)

    async def scene() -> None:
        client = Client()
        await asyncio.wait_for(
            served(made(lambda _: ScriptedFeed()), client, expires_at=time.time() + 0.1), 60
        )
        assert client.finished

    asyncio.run(scene())


def test_all_streams_end_when_the_service_does() -> None:
    async def scene() -> None:
        client = Client()
        one = made(lambda _: ScriptedFeed())
        task = asyncio.create_task(served(one, client))
        await client.until("retry")
        one.stop()
        await asyncio.wait_for(task, 60)
        assert client.finished
        with pytest.raises(Unavailable):
            await served(one, Client())

    asyncio.run(scene())


def test_what_cannot_be_opened_is_refused_before_anything_is_sent() -> None:
    def opener(_: StreamCall) -> ScriptedFeed:
        raise NotFound("There is no such ticket.")

    async def scene() -> None:
        client = Client()
        one = made(opener)
        with pytest.raises(NotFound):
            await served(one, client)
        assert client.messages == []
        assert one.count == 0

    asyncio.run(scene())


def test_what_breaks_later_is_an_event() -> None:
    class Broken(ScriptedFeed):
        def poll(self) -> Sequence[Told]:
            raise NotFound("It is gone.")

    async def scene() -> None:
        client = Client()
        await served(made(lambda _: Broken()), client)
        assert 'event: error\ndata: {"code":"NOT_FOUND","message":"It is gone."}' in client.text
        assert client.finished

    asyncio.run(scene())


def test_a_producer_is_passed_on_event_by_event() -> None:
    def produce(_: StreamCall) -> Iterator[Told]:
        return (Told("chunk", str(n), n) for n in range(100))

    async def scene() -> None:
        client = Client()
        await asyncio.wait_for(served(made(produce), client), 60)
        assert client.text.count("event: chunk") == 100
        assert client.finished

    asyncio.run(scene())


def test_a_producer_is_stopped_when_nobody_listens() -> None:
    closed = []

    def produce(_: StreamCall) -> Iterator[Told]:
        try:
            for number in range(1_000_000):
                yield Told("chunk", str(number), number)
        finally:
            closed.append(True)

    async def scene() -> None:
        client = Client()
        task = asyncio.create_task(served(made(produce), client))
        await client.until("event: chunk")
        client.gone.set()
        await asyncio.wait_for(task, 60)
        async with asyncio.timeout(60):
            while not closed:
                await asyncio.sleep(0.005)

    asyncio.run(scene())


def test_a_producer_that_fails_says_so_in_the_stream() -> None:
    def produce(_: StreamCall) -> Iterator[Told]:
        yield Told("start", "1", 1)
        raise Unavailable("No model answers.")

    async def scene() -> None:
        client = Client()
        await asyncio.wait_for(served(made(produce), client), 60)
        assert "event: start" in client.text
        assert '"code":"SERVICE_UNAVAILABLE"' in client.text

    asyncio.run(scene())


def test_many_streams_need_one_look_at_the_store() -> None:
    async def scene() -> None:
        changes = Changes()
        feeds = [ScriptedFeed() for _ in range(300)]
        waiting = iter(feeds)
        one = made(lambda _: next(waiting), changes)
        clients = [Client() for _ in feeds]
        tasks = [asyncio.create_task(served(one, client)) for client in clients]
        for client in clients:
            await client.until("retry")
        for feed in feeds:
            feed.news, feed.closing = [Told("ticket", "1", 1)], True
        changes.touched = {"tenant acme"}
        await asyncio.wait_for(asyncio.gather(*tasks), 60)
        assert all("event: ticket" in client.text for client in clients)

    asyncio.run(scene())


def test_the_hub_rests_when_nobody_waits() -> None:
    async def scene() -> None:
        changes = Changes()
        with ThreadPoolExecutor(1) as pool:
            hub = ChangeHub(changes, pool)
            with hub.subscribed(frozenset({"a"})) as wake:
                while not changes.mark:
                    await asyncio.sleep(0.005)
                changes.touched = {"a"}
                await asyncio.wait_for(wake.wait(), 60)
            assert hub._task is not None
            await asyncio.wait_for(hub._task, 60)
            assert not hub._waiting

    asyncio.run(scene())
