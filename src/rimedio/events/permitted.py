"""What a tenant's own rules and schedules may do: reach its own webhooks and tickets, and the log.

Handlers inside the process belong to the system; a rule that somebody writes over the API must not call them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rimedio.domain.errors import Forbidden, NotFound
from rimedio.events.bus import EventBus, Rule, Target
from rimedio.events.delivery_queue import WEBHOOK
from rimedio.events.webhooks import WebhookStore

SCHEMES = ("log", WEBHOOK, "workflow")
WORKFLOWS = ("ticket",)


@dataclass(frozen=True, slots=True)
class TenantRules:
    """Use cases: a tenant's rules, checked before they are kept."""

    bus: EventBus
    webhooks: WebhookStore

    def check(self, tenant_id: str, targets: Iterable[Target]) -> None:
        """Raises Forbidden for a target that is not the tenant's, NotFound for one that is not there."""
        for target in targets:
            if target.scheme not in SCHEMES:
                known = ", ".join(f"{scheme}:" for scheme in SCHEMES)
                raise Forbidden(f"The target {target.address!r} is not yours to call. Use one of {known}.")
            if target.scheme == WEBHOOK:
                self.webhooks.get(tenant_id, target.name)
            if target.scheme == "workflow" and target.name not in WORKFLOWS:
                raise NotFound(f"There is no workflow {target.name!r}. There are: {', '.join(WORKFLOWS)}.")

    def put(self, rule: Rule) -> Rule:
        """Make or replace a rule. Raises Forbidden also where a part of Rimedio keeps the rule for itself."""
        self._require_own(rule.tenant_id, rule.name)
        self.check(rule.tenant_id, rule.targets)
        self.bus.put_rule(rule)
        return rule

    def remove(self, tenant_id: str, name: str) -> None:
        """Remove a rule. Raises NotFound, Forbidden."""
        if not any(rule.name == name for rule in self.bus.rules(tenant_id)):
            raise NotFound(f"There is no rule {name!r}. List the rules to see their names.")
        self._require_own(tenant_id, name)
        self.bus.remove_rule(tenant_id, name)

    def _require_own(self, tenant_id: str, name: str) -> None:
        for rule in self.bus.rules(tenant_id):
            if rule.name == name and rule.managed_by is not None:
                raise Forbidden(f"The rule {name!r} is kept by {rule.managed_by}. Change it there.")
