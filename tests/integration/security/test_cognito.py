"""Tokens of a Cognito user pool: real ones of moto's, and forged ones against a key set on loopback."""

from datetime import UTC, datetime

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from rimedio.domain.clock import FakeClock, SystemClock
from rimedio.domain.errors import Unauthorized
from rimedio.security.cognito_tokens import CognitoVerifier, cognito_verifier, issuer_of
from rimedio.security.keys import jwk_of
from rimedio.security.permissions import Role
from rimedio.security.tokens import SeveralIssuers

PASSWORD = "Long-enough-1!"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ISSUER = issuer_of("eu-south-1", "eu-south-1_pool")


@pytest.fixture(scope="module")
def pool(connections):
    """A pool with a client, a group, and a user of the tenant acme who is in it."""
    client = connections.client("cognito-idp")
    schema = [{"Name": "tenant_id", "AttributeDataType": "String", "Mutable": True}]
    pool_id = client.create_user_pool(PoolName="people", Schema=schema)["UserPool"]["Id"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    app = client.create_user_pool_client(UserPoolId=pool_id, ClientName="console", ExplicitAuthFlows=flows)
    client_id = app["UserPoolClient"]["ClientId"]
    client.create_group(UserPoolId=pool_id, GroupName=Role.OPERATOR.value)
    client.admin_create_user(
        UserPoolId=pool_id,
        Username="ada",
        UserAttributes=[{"Name": "custom:tenant_id", "Value": "acme"}],
        MessageAction="SUPPRESS",
    )
    client.admin_set_user_password(UserPoolId=pool_id, Username="ada", Password=PASSWORD, Permanent=True)
    client.admin_add_user_to_group(UserPoolId=pool_id, Username="ada", GroupName=Role.OPERATOR.value)
    tokens = client.admin_initiate_auth(
        UserPoolId=pool_id,
        ClientId=client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    return pool_id, client_id, tokens


def test_a_real_id_token_names_tenant_and_roles(connections, pool) -> None:
    pool_id, client_id, tokens = pool
    endpoint = connections.endpoint("cognito-idp")
    verifier = cognito_verifier(connections.region, pool_id, [client_id], SystemClock(), endpoint=endpoint)
    found = SeveralIssuers(verifier).verify(tokens["IdToken"])
    assert (found.tenant_id, found.roles) == ("acme", {Role.OPERATOR})


def test_a_real_access_token_without_a_tenant_speaks_for_nobody(connections, pool) -> None:
    pool_id, client_id, tokens = pool
    verifier = cognito_verifier(
        connections.region, pool_id, [client_id], SystemClock(), endpoint=connections.endpoint("cognito-idp")
    )
    with pytest.raises(Unauthorized, match="custom:tenant_id"):
        verifier.verify(tokens["AccessToken"])


def test_a_token_for_another_app_client_does_not_count(connections, pool) -> None:
    pool_id, _, tokens = pool
    verifier = cognito_verifier(
        connections.region, pool_id, ["another"], SystemClock(), endpoint=connections.endpoint("cognito-idp")
    )
    with pytest.raises(Unauthorized, match="another app client"):
        verifier.verify(tokens["IdToken"])


class OneKey:
    """A key set of one."""

    def __init__(self) -> None:
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def public_key(self, kid: str) -> rsa.RSAPublicKey | None:
        return self.private.public_key() if kid == "one" else None


@pytest.fixture(scope="module")
def key() -> OneKey:
    return OneKey()


def claims(**more: object) -> dict[str, object]:
    found = {
        "iss": ISSUER, "sub": "ada", "iat": int(NOW.timestamp()) - 10, "exp": int(NOW.timestamp()) + 3600,
        "token_use": "id", "aud": "console", "custom:tenant_id": "acme", "cognito:groups": ["operator"],
    } | more  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def verify(key: OneKey, said: dict[str, object], **options: object):
    token = jwt.encode(said, key.private, "RS256", {"kid": "one"})
    return CognitoVerifier(ISSUER, ["console"], key, FakeClock(NOW), **options).verify(token)


def test_an_access_token_counts_by_its_client(key) -> None:
    said = claims(token_use="access", client_id="console", aud=None)
    assert verify(key, said).tenant_id == "acme"
    with pytest.raises(Unauthorized, match="another app client"):
        verify(key, claims(token_use="access", aud="console"))
    with pytest.raises(Unauthorized, match="access"):
        verify(key, claims(), uses=("access",))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": issuer_of("eu-south-1", "eu-south-1_other")},
        {"token_use": "refresh"},
        {"token_use": None},
        {"aud": ["console", "other"]},
        {"aud": "other"},
        {"exp": int(NOW.timestamp()) - 1},
        {"custom:tenant_id": None},
        {"custom:tenant_id": " "},
        {"sub": None},
    ],
    ids=str,
)
def test_claims_that_do_not_count(key, change) -> None:
    with pytest.raises(Unauthorized):
        verify(key, claims(**change))


def test_a_key_that_the_pool_does_not_publish_does_not_count(key) -> None:
    token = jwt.encode(claims(), OneKey().private, "RS256", {"kid": "one"})
    with pytest.raises(Unauthorized):
        CognitoVerifier(ISSUER, ["console"], key, FakeClock(NOW)).verify(token)


def test_the_published_keys_are_read_from_the_pools_address(key) -> None:
    import json

    asked = []

    def fetch(url: str):
        asked.append(url)
        document = json.dumps({"keys": [jwk_of("one", key.private.public_key())]}).encode()
        return lambda: document

    verifier = cognito_verifier("eu-south-1", "eu-south-1_pool", ["console"], FakeClock(NOW), fetch=fetch)
    token = jwt.encode(claims(), key.private, "RS256", {"kid": "one"})
    assert verifier.verify(token).subject == "ada"
    assert asked == [f"{ISSUER}/.well-known/jwks.json"]
