"""Frames are what botocore's own decoder reads, whatever they carry."""

import json

from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from rimedio.bedrock_local.event_stream import event, exception, frame


@given(
    st.dictionaries(st.text("abc:-", min_size=1, max_size=20), st.text(max_size=50), max_size=5), st.binary()
)
def test_headers_and_payload_come_back(headers: dict[str, str], payload: bytes) -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(frame(headers, payload))
    message = next(buffer)
    assert (message.headers, message.payload) == (headers, payload)


def test_an_event_says_its_name_and_an_exception_the_streams_member() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(
        event("messageStart", {"role": "assistant"}) + exception("ThrottlingException", "Slow down.")
    )
    started, broken = list(buffer)
    assert started.headers[":event-type"] == "messageStart"
    assert broken.headers[":exception-type"] == "throttlingException"
    assert json.loads(broken.payload) == {"message": "Slow down."}
