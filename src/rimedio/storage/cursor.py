"""Opaque page cursors: where a page ended, sealed together with the query that it belongs to.

A seal protects against mistakes and against cursors taken from another query; it is no secret. Nothing
depends on it: a position only chooses where to go on inside the partition that the query itself names, so a
forged cursor can never show another tenant's items.
"""

import base64
import binascii
import hashlib

import orjson

from rimedio.domain.errors import UnknownCursor

_SEAL_BYTES = 12
_REFUSAL = "The cursor is not one of this list. Start again without a cursor, then pass the one you get."


def seal(position: tuple[str, ...], query: str) -> str:
    """A URL-safe cursor that holds `position` and fits `query` only."""
    payload = orjson.dumps(position)
    return _spell(_digest(payload, query) + payload)


def unseal(cursor: str, query: str, length: int) -> tuple[str, ...]:
    """The position, `length` texts. Raises UnknownCursor for a cursor damaged or made for another query."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        digest, payload = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if digest != _digest(payload, query) or _spell(raw) != cursor:
            raise UnknownCursor(_REFUSAL)
        position = orjson.loads(payload)
    except (binascii.Error, ValueError) as error:
        raise UnknownCursor(_REFUSAL) from error
    if len(position) != length:
        raise UnknownCursor(_REFUSAL)
    return tuple(str(part) for part in position)


def _spell(raw: bytes) -> str:
    """The one spelling of a cursor; base64 would let spare bits vary."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _digest(payload: bytes, query: str) -> bytes:
    return hashlib.blake2b(payload + b"\x00" + query.encode(), digest_size=_SEAL_BYTES).digest()
