"""Frames of `application/vnd.amazon.eventstream`: lengths, headers, payload, each part with its checksum.

Source: the event stream encoding of AWS's API protocols. A frame is: total length, length of headers, CRC-32 of
these eight bytes, headers, payload, CRC-32 of all before. A header is: length of name, name, type 7 (string),
length of value in two bytes, value. All numbers are big-endian.
"""

import json
import struct
import zlib
from collections.abc import Mapping

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_STRING = 7
_PRELUDE_BYTES = 12
_CRC_BYTES = 4


def event(name: str, payload: Mapping[str, object]) -> bytes:
    """A frame that carries one event, such as `contentBlockDelta`."""
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps(payload, ensure_ascii=False).encode())


def exception(name: str, message: str) -> bytes:
    """A frame that ends a stream with an exception; `name` as errors are called: `ThrottlingException`."""
    member = name[0].lower() + name[1:]  # the stream's member of that exception
    headers = {":exception-type": member, ":content-type": "application/json", ":message-type": "exception"}
    return frame(headers, json.dumps({"message": message}, ensure_ascii=False).encode())


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One frame."""
    packed = b"".join(_header(name, value) for name, value in headers.items())
    total = _PRELUDE_BYTES + len(packed) + len(payload) + _CRC_BYTES
    prelude = struct.pack("!II", total, len(packed))
    body = prelude + struct.pack("!I", zlib.crc32(prelude)) + packed + payload
    return body + struct.pack("!I", zlib.crc32(body))


def _header(name: str, value: str) -> bytes:
    coded, said = name.encode(), value.encode()
    return struct.pack("!B", len(coded)) + coded + struct.pack("!BH", _STRING, len(said)) + said
