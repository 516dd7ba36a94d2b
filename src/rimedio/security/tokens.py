"""Tokens: issued at home with RS256, verified against the home's keys or another issuer's.

Only RS256 counts, whatever a token's header says: neither `none` nor an HMAC keyed with the public key
(RFC 8725, sections 2.1 and 3.1). Header fields that would bring their own key are never looked at.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import InvalidInput, Unauthorized
from rimedio.domain.ticket import AccountTier
from rimedio.security.keys import TOKEN_LIFE_MAX, SigningKey
from rimedio.security.permissions import Role

ALGORITHM = "RS256"
LEEWAY = timedelta(seconds=5)  # clocks of two machines
TOKEN_CHARS_MAX = 8192
NAME_CHARS_MAX = 200
TENANT_CHARS_MAX = 64


@dataclass(frozen=True, slots=True)
class TokenRules:
    """Who issues tokens, for whom, and under which names the claims stand.

    A Cognito user pool has the tenant in `custom:tenant_id` and the roles in `cognito:groups`.
    """

    issuer: str = "rimedio"
    audience: str = "rimedio-api"
    tenant_claim: str = "tenant_id"
    roles_claim: str = "roles"
    tier_claim: str = "tier"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a token speaks for, until when."""

    subject: str
    tenant_id: str
    roles: frozenset[Role]
    tier: AccountTier
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A signed token and what it says."""

    token: str
    principal: Principal


class KeySource(Protocol):
    """Knows the public keys of an issuer."""

    def public_key(self, kid: str) -> rsa.RSAPublicKey | None:
        """The key of this id, or None."""
        ...


class Verifier(Protocol):
    """Says for whom a token speaks."""

    def verify(self, token: str) -> Principal:
        """Raises Unauthorized with the reason, Unavailable when the issuer's keys cannot be had."""
        ...


class SigningKeys(KeySource, Protocol):
    """Keys of which one signs."""

    def current(self) -> SigningKey:
        """The key that signs now. Raises StorageFailed, Unavailable."""
        ...


class TokenIssuer:
    """Signs tokens with the home's own key."""

    def __init__(self, keys: SigningKeys, rules: TokenRules, clock: Clock, ids: Ids) -> None:
        self._keys = keys
        self._rules = rules
        self._clock = clock
        self._ids = ids

    def issue(
        self,
        subject: str,
        tenant_id: str,
        roles: Iterable[Role],
        *,
        tier: AccountTier = AccountTier.STANDARD,
        life: timedelta = timedelta(hours=12),
    ) -> IssuedToken:
        """A token that lives for `life`, at most 90 days. Raises InvalidInput."""
        if not timedelta() < life <= TOKEN_LIFE_MAX:
            raise InvalidInput(f"A token lives up to {TOKEN_LIFE_MAX.days} days, not {life}. Choose less.")
        rules, key = self._rules, self._keys.current()
        now = self._clock.now().replace(microsecond=0)
        held = frozenset(roles)
        payload = {
            "iss": rules.issuer,
            "aud": rules.audience,
            "sub": _name("subject", subject, NAME_CHARS_MAX),
            rules.tenant_claim: _name("tenant", tenant_id, TENANT_CHARS_MAX),
            rules.roles_claim: sorted(held),
            rules.tier_claim: tier.value,
            "iat": now,
            "nbf": now,
            "exp": now + life,
            "jti": self._ids.new("tok"),
        }
        token = jwt.encode(payload, key.private, ALGORITHM, {"kid": key.kid})
        return IssuedToken(token, Principal(subject, tenant_id, held, tier, now + life))


class TokenVerifier:
    """Says for whom a token speaks."""

    def __init__(self, keys: KeySource, rules: TokenRules, clock: Clock) -> None:
        self._keys = keys
        self._rules = rules
        self._clock = clock

    @property
    def issuer(self) -> str:
        """Whose tokens it reads."""
        return self._rules.issuer

    def verify(self, token: str) -> Principal:
        """Raises Unauthorized with the reason: shape, algorithm, key, signature, times, issuer, claims."""
        rules = self._rules
        claims = signed_claims(token, self._keys, rules.issuer, rules.audience)
        return principal_of(claims, rules, self._clock)


def signed_claims(token: str, keys: KeySource, issuer: str, audience: str | None) -> Mapping[str, object]:
    """The claims of a token that this issuer has signed for this audience; None leaves that to the caller.

    Raises Unauthorized with the reason: shape, algorithm, key, signature, issuer, missing claims.
    """
    if len(token) > TOKEN_CHARS_MAX:
        raise Unauthorized(f"The token has {len(token)} characters; at most {TOKEN_CHARS_MAX} are read.")
    required = ["exp", "iat", "iss", "sub"] + ([] if audience is None else ["aud"])
    try:
        header = jwt.get_unverified_header(token)
        kid = header.get("kid")
        if header.get("alg") != ALGORITHM or not isinstance(kid, str):
            raise Unauthorized(f"The token must be signed with {ALGORITHM} and name its key (kid).")
        key = keys.public_key(kid)
        if key is None:
            raise Unauthorized("The token was signed with a key that is not known here. Sign in again.")
        claims: Mapping[str, object] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=audience,
            issuer=issuer,
            options={
                "require": required,
                "verify_aud": audience is not None,
                "verify_exp": False,  # times are judged by the clock that was given
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise Unauthorized(f"The token does not count: {error}. Sign in again.") from error
    return claims


def principal_of(claims: Mapping[str, object], rules: TokenRules, clock: Clock) -> Principal:
    """For whom proved claims speak. Raises Unauthorized: times, tenant, subject."""
    expires = _check_times(claims, clock)
    tenant = _claim(claims, rules.tenant_claim, TENANT_CHARS_MAX)
    subject = _claim(claims, "sub", NAME_CHARS_MAX)
    named = claims.get(rules.roles_claim, [])
    roles = frozenset(r for r in Role if isinstance(named, list) and r.value in named)
    wanted = claims.get(rules.tier_claim)
    tier = next((known for known in AccountTier if known == wanted), AccountTier.STANDARD)
    return Principal(subject, tenant, roles, tier, expires)


def _check_times(claims: Mapping[str, object], clock: Clock) -> datetime:
    now = clock.now()
    issued, expires = _instant(claims, "iat"), _instant(claims, "exp")
    begins = _instant(claims, "nbf") if "nbf" in claims else issued  # Cognito writes none
    if expires <= now:
        raise Unauthorized(f"The token expired at {expires:%Y-%m-%d %H:%M} UTC. Sign in again.")
    if max(begins, issued) > now + LEEWAY:
        raise Unauthorized(f"The token counts only from {begins:%Y-%m-%d %H:%M} UTC. Check the clocks.")
    return expires


class IssuerVerifier(Verifier, Protocol):
    """A verifier of one issuer's tokens."""

    @property
    def issuer(self) -> str:
        """Whose tokens it reads."""
        ...


class SeveralIssuers:
    """Verifies tokens of the home and of another issuer side by side, by the issuer that a token names."""

    def __init__(self, *verifiers: IssuerVerifier) -> None:
        self._by_issuer = {verifier.issuer: verifier for verifier in verifiers}

    def verify(self, token: str) -> Principal:
        """Raises Unauthorized. The name is only a claim until that issuer's own key has proved it."""
        try:
            named = jwt.decode(token[:TOKEN_CHARS_MAX], options={"verify_signature": False}).get("iss")
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise Unauthorized(f"The token does not count: {error}. Sign in again.") from error
        verifier = self._by_issuer.get(named) if isinstance(named, str) else None
        if verifier is None:
            raise Unauthorized("The token comes from an issuer that is not known here. Sign in again.")
        return verifier.verify(token)


def _instant(claims: Mapping[str, object], name: str) -> datetime:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unauthorized(f"The token's claim `{name}` is not a time. Sign in again.")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise Unauthorized(f"The token's claim `{name}` is not a time. Sign in again.") from error


def _claim(claims: Mapping[str, object], name: str, chars_max: int) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= chars_max:
        raise Unauthorized(f"The token has no valid claim `{name}`. Sign in again.")
    return value


def _name(what: str, value: str, chars_max: int) -> str:
    if not 0 < len(value.strip()) <= chars_max:
        raise InvalidInput(f"The {what} {value!r} must have 1 to {chars_max} characters.")
    return value
