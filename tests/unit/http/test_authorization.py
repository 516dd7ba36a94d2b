"""The authorizer and the cache in front of it."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from rimedio.bootstrap.identity import HomeIdentity
from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import Unauthorized
from rimedio.domain.ticket import AccountTier
from rimedio.http.authorization import Authorization
from rimedio.http.request import Request
from rimedio.lambdas.authorizer import AuthorizerHandler, UnauthorizedRequest, bearer_of
from rimedio.security.permissions import Role
from rimedio.settings import Settings

ARN = "arn:aws:execute-api:eu-south-1:000000000000:abc/prod/GET/v1/tickets/t1"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def identity(tmp_path: Path, clock: FakeClock) -> HomeIdentity:
    return HomeIdentity(tmp_path, Settings(), clock, SeededIds())


class Counted:
    """An authorizer that counts its calls."""

    def __init__(self, handler: AuthorizerHandler) -> None:
        self.handler = handler
        self.calls = 0

    def __call__(self, event: Mapping[str, object]) -> Mapping[str, object]:
        self.calls += 1
        return self.handler(event)


def caller_of(cache: Authorization, request: Request) -> Mapping[str, str]:
    """As the gateway does it."""
    found = cache.known(request)
    if found is None:
        found = cache.ask(request)
        cache.keep(request, found)
    return found


def with_token(token: str | None, scheme: str = "Bearer") -> Request:
    headers = {} if token is None else {"authorization": f"{scheme} {token}"}
    return Request("GET", "/v1/me", b"", "", headers, {}, "req_1")


def test_the_policy_opens_the_stage_and_the_context_says_who_calls(identity: HomeIdentity) -> None:
    issued = identity.issuer.issue("anna", "acme", [Role.OPERATOR, Role.TECHNICIAN], tier=AccountTier.FREE)
    handler = AuthorizerHandler(identity.verifier)

    answer = handler({"headers": {"Authorization": f"bearer {issued.token}"}, "methodArn": ARN})

    assert answer["principalId"] == "anna"
    assert answer["context"] == {
        "tenant_id": "acme",
        "subject": "anna",
        "roles": "operator,technician",
        "tier": "FREE",
        "expires_at": str(int(issued.principal.expires_at.timestamp())),
    }
    (statement,) = answer["policyDocument"]["Statement"]  # type: ignore[index]
    assert statement["Effect"] == "Allow"
    assert statement["Resource"] == "arn:aws:execute-api:eu-south-1:000000000000:abc/prod/*"


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Basic eA=="}, {"Authorization": "Bearer"}, {"Authorization": "Bearer a b"}, None],
)
def test_without_a_bearer_token_api_gateway_is_told_its_word(identity: HomeIdentity, headers: object) -> None:
    with pytest.raises(UnauthorizedRequest) as refused:
        AuthorizerHandler(identity.verifier)({"headers": headers, "methodArn": ARN})

    assert str(refused.value) == "Unauthorized"


def test_the_scheme_is_read_in_any_case() -> None:
    assert bearer_of({"AUTHORIZATION": "bEaReR a.b.c"}) == "a.b.c"


def test_a_token_is_verified_once_in_five_minutes(identity: HomeIdentity, clock: FakeClock) -> None:
    token = identity.issuer.issue("anna", "acme", [Role.ADMIN]).token
    authorizer = Counted(AuthorizerHandler(identity.verifier))
    cache = Authorization(authorizer, now=lambda: clock.now().timestamp())

    for _ in range(3):
        assert caller_of(cache, with_token(token))["subject"] == "anna"
    assert authorizer.calls == 1
    clock.advance(301)
    caller_of(cache, with_token(token))
    assert authorizer.calls == 2


def test_a_cached_token_does_not_outlive_itself(identity: HomeIdentity, clock: FakeClock) -> None:
    token = identity.issuer.issue("anna", "acme", [Role.ADMIN], life=timedelta(seconds=60)).token
    cache = Authorization(AuthorizerHandler(identity.verifier), now=lambda: clock.now().timestamp())
    caller_of(cache, with_token(token))
    clock.advance(60)

    with pytest.raises(Unauthorized, match="expired"):
        caller_of(cache, with_token(token))


def test_a_refusal_is_not_kept(identity: HomeIdentity) -> None:
    authorizer = Counted(AuthorizerHandler(identity.verifier))
    cache = Authorization(authorizer)
    for _ in range(2):
        with pytest.raises(Unauthorized):
            caller_of(cache, with_token("a.b.c"))

    assert authorizer.calls == 2
    assert not cache._known


def test_two_tokens_are_two_callers(identity: HomeIdentity, clock: FakeClock) -> None:
    cache = Authorization(AuthorizerHandler(identity.verifier), now=lambda: clock.now().timestamp())
    tokens = {tenant: identity.issuer.issue("x", tenant, [Role.ADMIN]).token for tenant in ("a", "b")}

    for _ in range(2):
        for tenant, token in tokens.items():
            assert caller_of(cache, with_token(token))["tenant_id"] == tenant
