"""Starting and ending the server."""

import socket
import threading
import time

import httpx
import pytest
from tests.integration.http.house import House, running_house

from rimedio.domain.errors import InvalidInput
from rimedio.http.server import run_server


def test_a_port_that_is_taken_is_said_in_words(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInput, match=f"Port {port} of 127.0.0.1 is taken"):
            run_server(house.system, host="127.0.0.1", port=port)


@pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid", "999.1.1.1"])
def test_an_address_that_is_not_ours_is_said_in_words(house: House, host: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be listened on"):
        run_server(house.system, host=host, port=0)


def test_a_request_at_hand_is_answered_before_the_end(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, answers = threading.Event(), []
    with running_house(tmp_path_factory.mktemp("drain")) as fresh:
        ticket = fresh.open_ticket()
        real = fresh.system.conversations.messages

        def slowly(*arguments: object, **named: object) -> object:
            began.set()
            time.sleep(0.7)
            return real(*arguments, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(fresh.system.conversations, "messages", slowly)
        url, headers = f"{fresh.url}/v1/tickets/{ticket.ticket_id}/messages", fresh.headers()
        thread = threading.Thread(target=lambda: answers.append(httpx.get(url, headers=headers, timeout=60)))
        thread.start()
        assert began.wait(60)
    thread.join(60)

    assert [answer.status_code for answer in answers] == [200]


def test_after_the_end_nobody_listens(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        running_house(tmp_path_factory.mktemp("end")) as fresh,
        httpx.Client(base_url=fresh.url, timeout=60) as kept,
    ):
        assert kept.get("/v1/health").status_code == 200  # and the connection stays open
        url = fresh.url
    with pytest.raises(httpx.ConnectError):
        httpx.get(url + "/v1/health", timeout=60)
