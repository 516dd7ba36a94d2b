"""The Lambda authorizer (REQUEST type): a bearer token in, an IAM policy and the caller's context out.

The gateway at home calls the same handler and caches its answer as API Gateway does: by token, up to
300 seconds. API Gateway does not know when a token expires, so the answer says it (`expires_at`, epoch
seconds) and whoever uses a cached answer looks at it.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rimedio.domain.errors import RimedioError, Unauthorized, Unavailable

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio
    from rimedio.security.tokens import Principal, Verifier

CACHE_SECONDS_MAX = 300
UNAUTHORIZED = "Unauthorized"  # API Gateway answers 401 to an error with exactly this text, and 500 to others
_BEARER = re.compile(r"^Bearer +([A-Za-z0-9._~+/=-]+) *$", re.IGNORECASE)
_ARN = re.compile(r"^(arn:[^:]*:execute-api:[^:]*:[^:]*:[^/]*/[^/]*)/")


class UnauthorizedRequest(Unauthorized):
    """What API Gateway turns into 401. `reason` is for the log and for the gateway at home."""

    def __init__(self, reason: str) -> None:
        super().__init__(UNAUTHORIZED)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class AuthorizerHandler:
    """Answers authorizer events; safe to call from many threads."""

    verifier: "Verifier"

    def __call__(self, event: Mapping[str, object], context: object = None) -> dict[str, object]:
        """`{principalId, policyDocument, context, usageIdentifierKey}`. Raises UnauthorizedRequest."""
        headers = event.get("headers")
        token = bearer_of(headers if isinstance(headers, Mapping) else {})
        if token is None:
            raise UnauthorizedRequest("There is no token. Send the header `Authorization: Bearer <JWT>`.")
        try:
            principal = self.verifier.verify(token)
        except Unavailable:
            raise  # the issuer's keys cannot be had now: that is not the caller's fault
        except RimedioError as error:
            raise UnauthorizedRequest(str(error)) from None
        return {
            "principalId": principal.subject,
            "policyDocument": _policy(str(event.get("methodArn", ""))),
            "context": _context(principal),
            "usageIdentifierKey": usage_key(principal.tenant_id),
        }


def build_authorizer(system: "Rimedio") -> AuthorizerHandler:
    """The authorizer of one system."""
    return AuthorizerHandler(system.identity.verifier)


def usage_key(tenant_id: str) -> str:
    """The API key by which API Gateway counts a tenant's requests in its usage plan: a name, and no secret."""
    return hashlib.sha256(f"usage of {tenant_id}".encode()).hexdigest()[:40]


def bearer_of(headers: Mapping[str, object]) -> str | None:
    """The token of the Authorization header, or None."""
    for name, value in headers.items():
        if name.lower() == "authorization":
            found = _BEARER.match(str(value))
            return found[1] if found else None
    return None


def _context(principal: "Principal") -> dict[str, str]:
    """What the handlers read; API Gateway passes text, numbers and booleans only."""
    return {
        "tenant_id": principal.tenant_id,
        "subject": principal.subject,
        "roles": ",".join(sorted(principal.roles)),
        "tier": principal.tier.value,
        "expires_at": str(int(principal.expires_at.timestamp())),
    }


def _policy(method_arn: str) -> dict[str, object]:
    """Every route of the stage: the answer is cached for a token, not for a route, so a policy for the one
    that was asked first would refuse the next. Roles are checked by the handler, from the one matrix.
    """
    stage = _ARN.match(method_arn)
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": f"{stage[1]}/*" if stage else method_arn or "*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
