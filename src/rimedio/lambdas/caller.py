"""Who is calling, as the authorizer found out; nothing of it ever comes from the body."""

from collections.abc import Mapping
from dataclasses import dataclass

from rimedio.domain.errors import Unauthorized
from rimedio.domain.ticket import AccountTier
from rimedio.security.permissions import Role

NO_TOKEN = "There is no valid token. Send the header `Authorization: Bearer <JWT>`."  # noqa: S105 - a sentence


@dataclass(frozen=True, slots=True)
class Caller:
    """The person or system behind a request. `tenant_id` is the only tenant it may see."""

    tenant_id: str
    subject: str
    roles: frozenset[Role]
    request_id: str
    tier: AccountTier = AccountTier.STANDARD

    def has(self, *roles: Role) -> bool:
        """Whether the caller has one of `roles`."""
        return not self.roles.isdisjoint(roles)


def caller_of(authorizer: Mapping[str, object], request_id: str) -> Caller:
    """The caller out of `requestContext.authorizer`. Raises Unauthorized when no authorizer let it pass.

    The keys are `tenant_id`, `subject`, `roles` (with commas between them) and `tier`; names of roles that
    Rimedio does not know give no right.
    """
    tenant, subject = authorizer.get("tenant_id"), authorizer.get("subject")
    if not tenant or not subject:
        raise Unauthorized(NO_TOKEN)
    named = {part.strip() for part in str(authorizer.get("roles") or "").split(",")}
    tier = str(authorizer.get("tier") or "")
    return Caller(
        tenant_id=str(tenant),
        subject=str(subject),
        roles=frozenset(role for role in Role if role.value in named),
        request_id=request_id,
        tier=AccountTier(tier) if tier in AccountTier.__members__ else AccountTier.STANDARD,
    )
