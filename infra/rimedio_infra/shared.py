"""What stacks hand on to those that are deployed later, beyond what names can tell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rimedio_infra.deployment import Deployment
from rimedio_infra.grants import Grant


@dataclass(frozen=True)
class Shared:
    """Ids and addresses that AWS makes up."""

    key_arn: str
    domain_endpoint: str | None = None
    guardrail: str | None = None
    pool_id: str | None = None
    client_id: str | None = None


Maker: TypeAlias = Callable[[Deployment, Shared], Sequence[Grant]]
