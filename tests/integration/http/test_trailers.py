"""Fields behind the last chunk of a body are no headers."""

import pytest
from tests.integration.http.house import House


@pytest.mark.parametrize("field", ["Authorization: Bearer x", "Content-Type: text/plain"])
def test_a_field_behind_the_body_is_no_header(house: House, field: str) -> None:
    """A proxy looks at the head alone: what stands in a trailer was judged by nobody."""
    received = house.raw(
        f"POST /v1/ask HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {house.token()}\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        f"2\r\n{{}}\r\n0\r\n{field}\r\n\r\n".encode(),
        seconds=60,
    )

    assert b" 400 " in received.splitlines()[0]
    assert b"body.question" in received
