"""Security on AWS, put together: people sign in through Cognito or by invitation, machines with tokens of our own.

The user pool's tokens count wherever a client brings them. The console takes an invitation, as at home: a one-time
code, here an item of the table, exchanged for a token that the keys in the secret have signed.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from rimedio.aws.connections import AwsConnections
from rimedio.bootstrap.identity import Identity, Session, session_of
from rimedio.domain.clock import Clock, Ids, RandomIds, SystemClock
from rimedio.domain.errors import InvalidSetting
from rimedio.settings import Settings

if TYPE_CHECKING:
    from rimedio.security.cognito_tokens import CognitoVerifier
    from rimedio.security.encryption import EnvelopeCipher
    from rimedio.security.kms_keys import KmsKeyService
    from rimedio.security.secrets_keys import SecretKeyRing
    from rimedio.security.secrets_rotation import SecretRotation
    from rimedio.security.tokens import TokenIssuer, Verifier
    from rimedio.storage.sign_in_codes import TableSignInCodes
    from rimedio.storage.table import Table

COGNITO = "cognito-idp"


class AwsIdentity(Identity):
    """Who may do what, on AWS."""

    def __init__(
        self,
        connections: AwsConnections,
        settings: Settings,
        clock: Clock | None = None,
        ids: Ids | None = None,
        *,
        table: "Callable[[], Table] | None" = None,
    ) -> None:
        """`table` answers the table that invitations are kept in; without one nobody is invited."""
        self._connections = connections
        self._table = table
        self.settings = settings
        self._clock = clock or SystemClock()
        self._ids = ids or RandomIds()

    @cached_property
    def keys(self) -> "SecretKeyRing":
        """The keys that sign the tokens of machines. Raises InvalidSetting."""
        from rimedio.security.secrets_keys import SecretKeyRing
        from rimedio.security.secrets_reader import SecretReader

        secret = self._needed("token_keys_secret")
        reader = SecretReader(self._connections.client("secretsmanager"), secret, self._clock)
        return SecretKeyRing(reader, self._clock)

    @cached_property
    def issuer(self) -> "TokenIssuer":
        """Makes tokens for machines."""
        from rimedio.security.tokens import TokenIssuer, TokenRules

        return TokenIssuer(self.keys, TokenRules(), self._clock, self._ids)

    @cached_property
    def verifier(self) -> "Verifier":
        """Reads the user pool's tokens, and Rimedio's own where there are keys for them. Raises InvalidSetting."""
        from rimedio.security.tokens import IssuerVerifier, SeveralIssuers, TokenRules, TokenVerifier

        found: list[IssuerVerifier] = []
        if self.settings.user_pool_id is not None:
            found.append(self._cognito())
        if self.settings.token_keys_secret is not None:
            found.append(TokenVerifier(self.keys, TokenRules(), self._clock))
        if not found:
            msg = "Nobody can sign in: set `user_pool_id` and `user_pool_client_id`, or `token_keys_secret`."
            raise InvalidSetting(msg)
        return SeveralIssuers(*found)

    def _cognito(self) -> "CognitoVerifier":
        from rimedio.security.cognito_tokens import cognito_verifier

        clients = [c.strip() for c in self._needed("user_pool_client_id").split(",") if c.strip()]
        return cognito_verifier(
            self._connections.region,
            self._needed("user_pool_id"),
            clients,
            self._clock,
            endpoint=self._connections.endpoint(COGNITO),
        )

    @cached_property
    def master_keys(self) -> "KmsKeyService":
        """The master key in KMS. Raises InvalidSetting."""
        from rimedio.security.kms_keys import KmsKeyService

        return KmsKeyService(self._connections.client("kms"), self._needed("kms_key"))

    @cached_property
    def cipher(self) -> "EnvelopeCipher":
        """Encrypts what must not be read where it is stored."""
        from rimedio.security.encryption import EnvelopeCipher

        return EnvelopeCipher(self.master_keys, self._clock)

    @cached_property
    def rotation(self) -> "SecretRotation":
        """The rotation function of the signing keys."""
        from rimedio.security.secrets_keys import token_keys
        from rimedio.security.secrets_rotation import SecretRotation

        client = self._connections.client("secretsmanager")
        return SecretRotation(client, {self._needed("token_keys_secret"): token_keys(self._clock)})

    def jwks(self) -> Mapping[str, object]:
        """The public keys of the tokens of machines; none where there are no such tokens."""
        return self.keys.jwks() if self.settings.token_keys_secret is not None else {"keys": []}

    @cached_property
    def codes(self) -> "TableSignInCodes":
        """One-time sign-in codes, in the table. Raises InvalidSetting."""
        from rimedio.storage.sign_in_codes import TableSignInCodes

        if self._table is None:
            raise InvalidSetting("There is no table for invitations. Open the whole system (bootstrap.aws).")
        return TableSignInCodes(self._table(), self._clock)

    def start_session(self, code: str, source: str = "") -> Session:
        """Exchange an invitation for a token; `source` is the address that asks.

        Raises Unauthorized, Throttled after too many wrong codes, Unavailable before the secret's first rotation.
        """
        return session_of(self.codes.redeem(code, source), self.issuer)

    def _needed(self, name: str) -> str:
        value = getattr(self.settings, name)
        if not value:
            msg = f"On AWS the setting `{name}` must be set. Its environment: RIMEDIO_{name.upper()}."
            raise InvalidSetting(msg)
        return str(value)
