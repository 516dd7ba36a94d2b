"""Sign in with a one-time code; the public keys that tokens are checked with."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from rimedio.lambdas.router import Api
from rimedio.security.permissions import Role
from rimedio.security.sign_in import CODE_CHARS_MAX

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

TAG = "account"


class SignIn(BaseModel):
    """A code that `rimedio serve`, `rimedio sign-in` or, on AWS, `tools.invite` printed."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"code": "7K2M-Q0XW-93HB"}]}
    )

    code: Annotated[str, Field(min_length=1, max_length=CODE_CHARS_MAX)]


class SignedIn(BaseModel):
    """The token, and whom it stands for."""

    model_config = ConfigDict(frozen=True)

    token: str
    expires_at: datetime
    subject: str
    tenant_id: str
    roles: tuple[Role, ...]


class PublicKey(BaseModel):
    """A public key (RFC 7517)."""

    model_config = ConfigDict(frozen=True, extra="allow")

    kty: str
    kid: str
    n: str
    e: str


class KeySet(BaseModel):
    """The keys that sign tokens now, and those whose tokens still live."""

    model_config = ConfigDict(frozen=True)

    keys: tuple[PublicKey, ...]


def register(api: Api, system: "Rimedio") -> None:
    """Routes of signing in."""

    @api.post("/v1/session", summary="Sign in with a one-time code", tag=TAG, errors=(401,))
    def start_session(body: SignIn) -> SignedIn:
        """Each code works once, within fifteen minutes. On AWS the user pool's tokens count as well."""
        session = system.identity.start_session(body.code, _source(api.event))
        return SignedIn(
            token=session.token,
            expires_at=session.expires_at,
            subject=session.subject,
            tenant_id=session.tenant_id,
            roles=tuple(Role(name) for name in session.roles),
        )

    @api.get("/.well-known/jwks.json", summary="Public keys of the tokens", tag=TAG)
    def get_keys() -> KeySet:
        return KeySet.model_validate(system.identity.jwks())


def _source(event: Mapping[str, object]) -> str:
    """The caller's address, as the gateway saw it."""
    context = event.get("requestContext")
    identity = context.get("identity") if isinstance(context, dict) else None
    return str(identity.get("sourceIp") or "") if isinstance(identity, dict) else ""
