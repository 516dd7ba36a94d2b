"""Signatures of webhooks, after the Standard Webhooks specification, for sender and receiver.

The signed content is `id.timestamp.body`, HMAC-SHA256 under the webhook's secret, base64, with the version
`v1` in front. Several signatures may stand in the header, one a secret, while a secret is being changed.
Source: https://github.com/standard-webhooks/standard-webhooks, "Signature scheme".
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from rimedio.domain.errors import InvalidInput, Unauthorized

SECRET_PREFIX = "whsec_"  # noqa: S105 - what a secret begins with
SECRET_BYTES = 32
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE = timedelta(minutes=5)


def new_secret() -> str:
    """A secret as the receiver is shown it: `whsec_` and base64 of 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """The signature `v1,…` of a message. Raises InvalidInput when the secret is none."""
    content = f"{webhook_id}.{timestamp}.".encode() + body
    digest = hmac.new(_key(secret), content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def signed_headers(
    message_secrets: Sequence[str], webhook_id: str, at: datetime, body: bytes
) -> dict[str, str]:
    """The three headers of a message, signed with each secret."""
    timestamp = int(at.timestamp())
    signatures = " ".join(sign(secret, webhook_id, timestamp, body) for secret in message_secrets)
    return {ID: webhook_id, TIMESTAMP: str(timestamp), SIGNATURE: signatures}


def verify_webhook(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    tolerance: timedelta = TOLERANCE,
) -> str:
    """For receivers: the id of an authentic message, by which duplicates are known.

    Header names count in any case. Raises Unauthorized when a header is missing, the signature is another
    one, or the message is older or newer than `tolerance`.
    """
    given = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in (ID, TIMESTAMP, SIGNATURE) if not given.get(name)]
    if missing:
        raise Unauthorized(f"The header {missing[0]} is missing. Only signed messages are accepted.")
    text = given[TIMESTAMP]
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise Unauthorized(f"The {TIMESTAMP} {text[:20]!r} is no time in seconds.")
    if abs(now.timestamp() - int(text)) > tolerance.total_seconds():
        raise Unauthorized("The message is too old, or from the future. Check this machine's clock.")
    wanted = sign(secret, given[ID], int(text), body).encode()
    matches = [hmac.compare_digest(wanted, found.encode()) for found in given[SIGNATURE].split(" ")]
    if not any(matches):
        raise Unauthorized("The signature does not belong to this message and secret. Check the secret.")
    return given[ID]


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < 24:  # the specification's least
        raise InvalidInput(f"The webhook secret must be {SECRET_PREFIX} and base64 of 24 bytes or more.")
    return key
