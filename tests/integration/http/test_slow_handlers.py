"""Handlers that take long hold up nobody but themselves."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.integration.http.house import House


def test_questions_that_wait_for_a_model_do_not_hold_up_lists(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, began = threading.Event(), threading.Semaphore(0)
    held: list[bool] = []
    real = house.system.ask

    class Waiting:
        def __call__(self, *arguments: object, **named: object) -> object:
            began.release()
            held.append(free.wait(120))
            return real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setitem(house.system.__dict__, "ask", Waiting())
    body = {"question": "What does E029 mean on the XC-200?"}
    with house.client() as client, ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(client.post, "/v1/ask", json=body) for _ in range(12)]
        for _ in range(4):
            assert began.acquire(timeout=60)
        assert client.get("/v1/tickets").status_code == 200
        assert client.get("/v1/me").status_code == 200
        free.set()
        assert {future.result().status_code for future in asked} == {200}
    assert held == [True] * 12  # the lists came while all who had asked were kept waiting
