"""Security, put together: keys, tokens, sign-in, encryption; on a data folder, also beside a running service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rimedio.domain.clock import Clock, Ids, RandomIds, SystemClock
from rimedio.domain.errors import InvalidSetting
from rimedio.settings import Settings

if TYPE_CHECKING:
    from rimedio.security.encryption import EnvelopeCipher
    from rimedio.security.keys import KeyRing
    from rimedio.security.master_keys import LocalKeyService
    from rimedio.security.sign_in import Invitation, SignInCodes
    from rimedio.security.tokens import TokenIssuer, TokenRules, TokenVerifier, Verifier

KEYS = "keys"
SIGN_IN = "sign-in"
SESSION_LIFE = timedelta(hours=12)
SIGNING_KEY_LIFE = timedelta(days=30)
SWEEP_SECONDS = 300.0
ROTATION_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Session:
    """What a sign-in code is exchanged for."""

    token: str
    expires_at: datetime
    subject: str
    tenant_id: str
    roles: tuple[str, ...]


def session_of(found: "Invitation", issuer: "TokenIssuer") -> Session:
    """The session that a redeemed invitation gives: a token for twelve hours."""
    issued = issuer.issue(found.subject, found.tenant_id, found.roles, tier=found.tier, life=SESSION_LIFE)
    roles = tuple(sorted(found.roles))
    return Session(issued.token, issued.principal.expires_at, found.subject, found.tenant_id, roles)


class Identity:
    """Who may do what, in any home. The parts that a home has of its own kind: see the subclasses."""

    settings: Settings

    @property
    def verifier(self) -> "Verifier":
        """Reads tokens."""
        raise NotImplementedError

    @property
    def issuer(self) -> "TokenIssuer":
        """Makes tokens."""
        raise NotImplementedError

    @property
    def cipher(self) -> "EnvelopeCipher":
        """Encrypts what must not be read where it is stored."""
        raise NotImplementedError

    def jwks(self) -> Mapping[str, object]:
        """The public keys of Rimedio's own tokens, as published at /.well-known/jwks.json."""
        raise NotImplementedError

    def loops(self) -> Mapping[str, tuple[Callable[[], int], float]]:
        """Work in the background."""
        return {}

    def start_session(self, code: str, source: str = "") -> Session:
        """Exchange a sign-in code for a token; `source` is the address that asks.

        Raises Unauthorized, or Throttled after too many wrong codes; Forbidden where people sign in elsewhere.
        """
        raise NotImplementedError


class HomeIdentity(Identity):
    """Identity on a data folder. Needs the folder's path only, not its lock."""

    def __init__(
        self, folder: Path, settings: Settings, clock: Clock | None = None, ids: Ids | None = None
    ) -> None:
        self._folder = folder
        self.settings = settings
        self._clock = clock or SystemClock()
        self._ids = ids or RandomIds()

    @cached_property
    def rules(self) -> "TokenRules":
        """Issuer, audience and claims."""
        from rimedio.security.tokens import TokenRules

        return TokenRules()

    @cached_property
    def keys(self) -> "KeyRing":
        """The keys that sign tokens."""
        from rimedio.security.keys import KeyRing

        return KeyRing(self._folder / KEYS, self._clock)

    @cached_property
    def issuer(self) -> "TokenIssuer":
        """Makes tokens."""
        from rimedio.security.tokens import TokenIssuer

        return TokenIssuer(self.keys, self.rules, self._clock, self._ids)

    @cached_property
    def verifier(self) -> "Verifier":
        """Reads tokens: the home's own, and those of the issuer that the settings name."""
        from rimedio.security.tokens import SeveralIssuers, TokenVerifier

        home = TokenVerifier(self.keys, self.rules, self._clock)
        other = self._other_issuer()
        return SeveralIssuers(home, other) if other else home

    def _other_issuer(self) -> "TokenVerifier | None":
        settings = self.settings
        if not settings.jwks:
            return None
        if not settings.token_issuer or not settings.token_audience:
            msg = "`jwks` names keys of another issuer. Set `token_issuer` and `token_audience` as well."
            raise InvalidSetting(msg)
        from rimedio.security.jwks import JwksDocument, from_file, from_url
        from rimedio.security.tokens import TokenRules, TokenVerifier

        fetch = (
            from_url(settings.jwks)
            if settings.jwks.startswith("https://")
            else from_file(Path(settings.jwks))
        )
        rules = TokenRules(
            settings.token_issuer,
            settings.token_audience,
            settings.token_tenant_claim,
            settings.token_roles_claim,
        )
        return TokenVerifier(JwksDocument(fetch, self._clock), rules, self._clock)

    @cached_property
    def codes(self) -> "SignInCodes":
        """One-time sign-in codes."""
        from rimedio.security.sign_in import SignInCodes

        return SignInCodes(self._folder / SIGN_IN, self._clock)

    @cached_property
    def master_keys(self) -> "LocalKeyService":
        """The master key that wraps data keys."""
        from rimedio.security.master_keys import LocalKeyService

        return LocalKeyService(self._folder / KEYS, self._clock)

    @cached_property
    def cipher(self) -> "EnvelopeCipher":
        """Encrypts what must not be read in the data folder."""
        from rimedio.security.encryption import EnvelopeCipher

        return EnvelopeCipher(self.master_keys, self._clock)

    def loops(self) -> Mapping[str, tuple[Callable[[], int], float]]:
        """Work in the background: forget unused sign-in codes, change the signing key each month."""
        return {
            "sign-in codes": (self.codes.sweep, SWEEP_SECONDS),
            "signing key": (lambda: int(self.keys.rotate_when_older(SIGNING_KEY_LIFE)), ROTATION_SECONDS),
        }

    def jwks(self) -> Mapping[str, object]:
        """The public keys, as published at /.well-known/jwks.json."""
        return self.keys.jwks()

    def start_session(self, code: str, source: str = "") -> Session:
        """Exchange a sign-in code for a token; `source` is the address that asks.

        Raises Unauthorized, or Throttled after too many wrong codes.
        """
        return session_of(self.codes.redeem(code, source), self.issuer)
