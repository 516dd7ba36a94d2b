"""Tokens of a Cognito user pool.

Source: Amazon Cognito Developer Guide, "Verifying JSON web tokens". An access token names its app client in
`client_id` and has no `aud`; an ID token has the client as `aud`. Custom attributes such as the tenant stand in ID
tokens, and in access tokens only where a trigger before token generation puts them there. Groups stand in both.
"""

from collections.abc import Callable, Collection

from rimedio.domain.clock import Clock
from rimedio.domain.errors import Unauthorized
from rimedio.security.jwks import JwksDocument, from_url
from rimedio.security.tokens import KeySource, Principal, TokenRules, principal_of, signed_claims

ACCESS, ID = "access", "id"
CLIENT_CLAIM = {ACCESS: "client_id", ID: "aud"}
TENANT_CLAIM = "custom:tenant_id"
ROLES_CLAIM = "cognito:groups"
TIER_CLAIM = "custom:tier"


def issuer_of(region: str, user_pool_id: str) -> str:
    """The pool's name in its tokens."""
    return f"https://cognito-idp.{region}.amazonaws.com/{user_pool_id}"


class CognitoVerifier:
    """Says for whom a token of a user pool speaks. `client_ids` are the app clients that count."""

    def __init__(
        self,
        issuer: str,
        client_ids: Collection[str],
        keys: KeySource,
        clock: Clock,
        *,
        uses: Collection[str] = (ACCESS, ID),
    ) -> None:
        self._rules = TokenRules(issuer, "", TENANT_CLAIM, ROLES_CLAIM, TIER_CLAIM)
        self._client_ids = frozenset(client_ids)
        self._keys = keys
        self._clock = clock
        self._uses = frozenset(uses)

    @property
    def issuer(self) -> str:
        """The user pool."""
        return self._rules.issuer

    def verify(self, token: str) -> Principal:
        """Raises Unauthorized with the reason, Unavailable when the pool's keys cannot be had."""
        claims = signed_claims(token, self._keys, self._rules.issuer, None)
        use = claims.get("token_use")
        if not isinstance(use, str) or use not in self._uses:
            raise Unauthorized(f"The token is for {use!r}; one for {' or '.join(sorted(self._uses))} counts.")
        client = claims.get(CLIENT_CLAIM[use])
        if not isinstance(client, str) or client not in self._client_ids:
            raise Unauthorized("The token was made for another app client. Sign in with this one.")
        return principal_of(claims, self._rules, self._clock)


def cognito_verifier(
    region: str,
    user_pool_id: str,
    client_ids: Collection[str],
    clock: Clock,
    *,
    endpoint: str | None = None,
    fetch: Callable[[str], Callable[[], bytes]] = from_url,
) -> CognitoVerifier:
    """The verifier of a pool, with its published keys. `endpoint` stands in for Cognito's own address."""
    issuer = issuer_of(region, user_pool_id)
    base = issuer if endpoint is None else f"{endpoint}/{user_pool_id}"
    keys = JwksDocument(fetch(f"{base}/.well-known/jwks.json"), clock)
    return CognitoVerifier(issuer, client_ids, keys, clock)
