"""Tokens that must not count, sent to the running service; each differs in one thing from one that does."""

import base64
import hashlib
import hmac
import json
import time

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.integration.http.house import ACME, House

Claims = dict[str, object]


def claims(**changes: object) -> Claims:
    now = int(time.time())
    made: Claims = {
        "iss": "rimedio", "aud": "rimedio-api", "sub": "anna", "tenant_id": ACME, "roles": ["admin"],
        "tier": "FREE", "iat": now, "nbf": now, "exp": now + 600,
    }  # fmt: skip
    return {name: value for name, value in (made | changes).items() if value is not None}


def status_of(house: House, token: str) -> int:
    return httpx.get(
        house.url + "/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=60
    ).status_code


def signed(house: House, payload: Claims, algorithm: str = "RS256") -> str:
    key = house.system.identity.keys.current()
    return jwt.encode(payload, key.private, algorithm, {"kid": key.kid})


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_the_honest_token_counts(house: House) -> None:
    assert status_of(house, signed(house, claims())) == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1_700_000_000}, {"exp": None}, {"aud": "another-api"}, {"aud": None}, {"iss": "another"},
        {"nbf": 4_000_000_000}, {"tenant_id": None}, {"tenant_id": ""}, {"sub": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_claim_is_refused(house: House, changes: Claims) -> None:
    assert status_of(house, signed(house, claims(**changes))) == 401


def test_the_algorithm_none_is_refused(house: House) -> None:
    kid = house.system.identity.keys.current().kid
    for name in ("none", "None", "nOnE"):
        assert status_of(house, f"{part({'alg': name, 'kid': kid})}.{part(claims())}.") == 401


def test_the_published_key_is_no_hmac_secret(house: House) -> None:
    key = house.system.identity.keys.current()
    public = key.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    text = f"{part({'alg': 'HS256', 'kid': key.kid})}.{part(claims())}"
    digest = base64.urlsafe_b64encode(hmac.new(public, text.encode(), hashlib.sha256).digest())
    assert status_of(house, f"{text}.{digest.rstrip(b'=').decode()}") == 401


def test_another_key_is_refused(house: House) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kid = house.system.identity.keys.current().kid
    assert status_of(house, jwt.encode(claims(), stranger, "RS256", {"kid": kid})) == 401


def test_a_changed_payload_is_refused(house: House) -> None:
    header, _, signature = signed(house, claims(roles=["technician"])).split(".")
    assert status_of(house, f"{header}.{part(claims())}.{signature}") == 401


def test_another_algorithm_is_refused(house: House) -> None:
    assert status_of(house, signed(house, claims(), "RS512")) == 401


def test_a_token_in_the_url_is_not_looked_at(house: House) -> None:
    token = signed(house, claims())
    assert httpx.get(house.url + f"/v1/me?access_token={token}", timeout=60).status_code == 401
    assert httpx.get(house.url + "/v1/me", cookies={"Authorization": token}, timeout=60).status_code == 401


def test_a_rotation_keeps_tokens_and_a_theft_ends_them(house: House) -> None:
    """Last in this file: afterwards no token of before counts."""
    before = signed(house, claims(sub="before"))
    house.system.identity.keys.rotate()
    assert status_of(house, before) == 200
    assert status_of(house, signed(house, claims(sub="after"))) == 200
    stolen = signed(house, claims(sub="stolen"))
    house.system.identity.keys.rotate(forget_old=True)
    assert status_of(house, stolen) == 401
    house._tokens.clear()
