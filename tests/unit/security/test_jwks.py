"""Another issuer's keys."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import Unavailable
from rimedio.security.jwks import JwksDocument, from_file
from rimedio.security.keys import jwk_of

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()


class Source:
    """Serves documents and counts how often it was asked."""

    def __init__(self, *entries: dict[str, str]) -> None:
        self.entries = list(entries)
        self.asked = 0
        self.down = False

    def __call__(self) -> bytes:
        self.asked += 1
        if self.down:
            raise Unavailable("down")
        return json.dumps({"keys": self.entries}).encode()


def entry(kid: str, **changes: str) -> dict[str, str]:
    return {**jwk_of(kid, KEY), **changes}


def test_keys_are_fetched_once_and_again_when_they_are_old() -> None:
    source, clock = Source(entry("one")), FakeClock()
    keys = JwksDocument(source, clock)

    assert keys.public_key("one") == KEY
    keys.public_key("one")
    assert source.asked == 1
    clock.advance(601)
    keys.public_key("one")
    assert source.asked == 2


def test_an_unknown_key_id_is_asked_for_but_not_without_end() -> None:
    source, clock = Source(entry("one")), FakeClock()
    keys = JwksDocument(source, clock)
    keys.public_key("one")
    source.entries.append(entry("two"))
    clock.advance(31)

    assert keys.public_key("two") == KEY
    for number in range(50):
        assert keys.public_key(f"guess{number}") is None
    assert source.asked == 2


def test_an_outage_of_the_issuer_locks_nobody_out() -> None:
    source, clock = Source(entry("one")), FakeClock()
    keys = JwksDocument(source, clock)
    keys.public_key("one")
    source.down = True
    clock.advance(3600)

    assert keys.public_key("one") == KEY


def test_keys_of_other_kinds_and_weak_ones_are_left_out() -> None:
    source = Source(
        entry("enc", use="enc"),
        entry("other", alg="RS512"),
        entry("oct", kty="oct"),
        dict(jwk_of("weak", WEAK)),
    )
    keys = JwksDocument(source, FakeClock())

    assert [keys.public_key(kid) for kid in ("enc", "other", "oct", "weak")] == [None] * 4


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": [{"kty": "RSA"}]}', '{"keys": 3}'])
def test_what_is_no_key_set_is_said_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "jwks.json").write_text(text)

    with pytest.raises(Unavailable, match="JWKS"):
        JwksDocument(from_file(tmp_path / "jwks.json"), FakeClock()).public_key("one")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no key set"):
        JwksDocument(from_file(tmp_path / "absent.json"), FakeClock()).public_key("one")
