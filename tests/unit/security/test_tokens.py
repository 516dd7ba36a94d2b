"""Tokens that count, and all the ways in which one does not."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import InvalidInput, Unauthorized
from rimedio.domain.ticket import AccountTier
from rimedio.security.keys import KeyRing
from rimedio.security.permissions import Role
from rimedio.security.tokens import SeveralIssuers, TokenIssuer, TokenRules, TokenVerifier

CLOCK = FakeClock()


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return KeyRing(tmp_path_factory.mktemp("keys"), CLOCK)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def issuer(ring: KeyRing, clock: FakeClock) -> TokenIssuer:
    return TokenIssuer(ring, TokenRules(), clock, SeededIds())


@pytest.fixture
def verifier(ring: KeyRing, clock: FakeClock) -> TokenVerifier:
    return TokenVerifier(ring, TokenRules(), clock)


def claims(clock: FakeClock, **changes: object) -> dict[str, object]:
    now = int(clock.now().timestamp())
    made: dict[str, object] = {
        "iss": "rimedio", "aud": "rimedio-api", "sub": "anna", "tenant_id": "acme", "roles": ["operator"],
        "tier": "FREE", "iat": now, "nbf": now, "exp": now + 60,
    }  # fmt: skip
    made |= changes
    return {name: value for name, value in made.items() if value is not None}


def signed(ring: KeyRing, payload: dict[str, object], **header: object) -> str:
    key = ring.current()
    return jwt.encode(payload, key.private, "RS256", {"kid": key.kid, **header})


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def public_pem(ring: KeyRing) -> bytes:
    public = ring.current().private.public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def test_a_token_says_for_whom_it_speaks(issuer: TokenIssuer, verifier: TokenVerifier) -> None:
    issued = issuer.issue("anna", "acme", [Role.OPERATOR], tier=AccountTier.ENTERPRISE)

    assert verifier.verify(issued.token) == issued.principal


def test_a_token_of_another_issuer_may_lack_nbf_and_have_other_claim_names(
    ring: KeyRing, clock: FakeClock
) -> None:
    rules = TokenRules("https://pool.example", "client", "custom:tenant_id", "cognito:groups", "custom:tier")
    payload = claims(
        clock, iss=rules.issuer, aud="client", nbf=None, tenant_id=None,
        **{"custom:tenant_id": "acme", "cognito:groups": ["admin", "staff"]},
    )  # fmt: skip

    found = TokenVerifier(ring, rules, clock).verify(signed(ring, payload))

    assert (found.tenant_id, found.roles, found.tier) == ("acme", {Role.ADMIN}, AccountTier.STANDARD)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "other-api"}, {"aud": None}, {"iss": "other"}, {"iss": None},
        {"exp": 1}, {"exp": None}, {"exp": "soon"}, {"exp": True}, {"exp": 1e300},
        {"nbf": 4_000_000_000}, {"iat": 4_000_000_000}, {"iat": None},
        {"tenant_id": None}, {"tenant_id": ""}, {"tenant_id": "  "}, {"tenant_id": 7}, {"tenant_id": ["acme"]},
        {"tenant_id": "a" * 65}, {"sub": None}, {"sub": ""},
    ],
    ids=str,
)  # fmt: skip
def test_a_claim_that_is_wrong_or_missing_refuses_the_token(
    ring: KeyRing, verifier: TokenVerifier, clock: FakeClock, changes: dict[str, object]
) -> None:
    with pytest.raises(Unauthorized):
        verifier.verify(signed(ring, claims(clock, **changes)))


def test_a_token_counts_until_the_second_it_expires(
    issuer: TokenIssuer, verifier: TokenVerifier, clock: FakeClock
) -> None:
    token = issuer.issue("anna", "acme", [Role.ADMIN], life=timedelta(minutes=1)).token
    clock.advance(59)
    assert verifier.verify(token).subject == "anna"
    clock.advance(1)
    with pytest.raises(Unauthorized, match="expired"):
        verifier.verify(token)


def test_alg_none_is_refused(ring: KeyRing, verifier: TokenVerifier, clock: FakeClock) -> None:
    for name in ("none", "None", "NONE", ""):
        header = part({"alg": name, "typ": "JWT", "kid": ring.current().kid})
        for signature in ("", "AAAA"):
            with pytest.raises(Unauthorized):
                verifier.verify(f"{header}.{part(claims(clock))}.{signature}")


def test_an_hmac_keyed_with_the_public_key_is_refused(
    ring: KeyRing, verifier: TokenVerifier, clock: FakeClock
) -> None:
    for named in ("HS256", "RS256"):
        text = f"{part({'alg': named, 'typ': 'JWT', 'kid': ring.current().kid})}.{part(claims(clock))}"
        digest = hmac.new(public_pem(ring), text.encode(), hashlib.sha256).digest()
        with pytest.raises(Unauthorized):
            verifier.verify(f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}")


def test_another_key_under_our_key_id_is_refused(
    ring: KeyRing, verifier: TokenVerifier, clock: FakeClock
) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for kid in (ring.current().kid, "unknown", "../../etc/passwd", ""):
        with pytest.raises(Unauthorized):
            verifier.verify(jwt.encode(claims(clock), stranger, "RS256", {"kid": kid}))


def test_a_key_brought_along_in_the_header_is_not_looked_at(
    verifier: TokenVerifier, clock: FakeClock, ring: KeyRing
) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(stranger.public_key()))
    for header in ({"jwk": jwk}, {"jku": "https://evil.example/jwks"}, {"x5u": "https://evil.example"}):
        token = jwt.encode(claims(clock), stranger, "RS256", {"kid": ring.current().kid, **header})
        with pytest.raises(Unauthorized):
            verifier.verify(token)


def test_other_algorithms_are_refused_even_with_the_right_key(
    ring: KeyRing, verifier: TokenVerifier, clock: FakeClock
) -> None:
    key = ring.current()
    for algorithm in ("RS384", "RS512", "PS256"):
        with pytest.raises(Unauthorized):
            verifier.verify(jwt.encode(claims(clock), key.private, algorithm, {"kid": key.kid}))
    curve = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(Unauthorized):
        verifier.verify(jwt.encode(claims(clock), curve, "ES256", {"kid": key.kid}))


def test_a_token_whose_payload_was_changed_is_refused(
    issuer: TokenIssuer, verifier: TokenVerifier, clock: FakeClock
) -> None:
    header, _, signature = issuer.issue("anna", "acme", [Role.TECHNICIAN]).token.split(".")
    with pytest.raises(Unauthorized):
        verifier.verify(f"{header}.{part(claims(clock, roles=['admin']))}.{signature}")


def test_a_token_without_a_key_id_is_refused(
    ring: KeyRing, verifier: TokenVerifier, clock: FakeClock
) -> None:
    with pytest.raises(Unauthorized, match="kid"):
        verifier.verify(jwt.encode(claims(clock), ring.current().private, "RS256"))


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "é.é.é", "x" * 9000, "[" * 3000, "e30.e30.e30"])
def test_what_is_no_token_is_refused_without_a_traceback(verifier: TokenVerifier, text: str) -> None:
    with pytest.raises(Unauthorized):
        verifier.verify(text)


def test_roles_that_do_not_exist_give_nothing(
    ring: KeyRing, verifier: TokenVerifier, clock: FakeClock
) -> None:
    for roles in (["root"], "admin", None, {"admin": True}, [["admin"]]):
        assert verifier.verify(signed(ring, claims(clock, roles=roles))).roles == frozenset()


def test_a_token_cannot_outlive_its_key(issuer: TokenIssuer) -> None:
    for life in (timedelta(days=91), timedelta(0), timedelta(seconds=-1)):
        with pytest.raises(InvalidInput):
            issuer.issue("anna", "acme", [Role.ADMIN], life=life)


def test_tokens_of_two_issuers_count_each_with_its_own_keys(tmp_path: Path, clock: FakeClock) -> None:
    home, pool = KeyRing(tmp_path / "home", clock), KeyRing(tmp_path / "pool", clock)
    ours, theirs = TokenRules(), TokenRules("https://pool.example", "client")
    both = SeveralIssuers(TokenVerifier(home, ours, clock), TokenVerifier(pool, theirs, clock))

    def issue(keys: KeyRing, rules: TokenRules) -> str:
        return TokenIssuer(keys, rules, clock, SeededIds()).issue("anna", "acme", [Role.ADMIN]).token

    assert both.verify(issue(home, ours)).subject == both.verify(issue(pool, theirs)).subject == "anna"
    for forged in (
        issue(pool, ours),
        issue(home, theirs),
        issue(home, TokenRules("https://evil.example")),
        "x",
    ):
        with pytest.raises(Unauthorized):
            both.verify(forged)
