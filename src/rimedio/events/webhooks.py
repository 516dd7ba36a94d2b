"""Webhooks: who wants to be told over HTTP, with which secret, and how the receiver is doing."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import ConditionFailed, Conflict, InvalidInput, NotFound, Unavailable
from rimedio.events.bus import EventBus, RetryPolicy, Rule, Target
from rimedio.events.delivery_queue import WEBHOOK
from rimedio.events.detail_types import DetailType
from rimedio.events.signing import new_secret
from rimedio.security.ssrf import PublicUrl
from rimedio.storage import keys
from rimedio.storage.codec import from_item, to_attributes
from rimedio.storage.conditions import And, Equals
from rimedio.storage.table import Changes, Key, Table
from rimedio.storage.values import Value

WEBHOOKS_MAX = 50  # a tenant
DESCRIPTION_CHARS_MAX = 200
OLD_SECRET_LIVES = timedelta(hours=24)
RESTS_AFTER_FAILURES = 5
REST_SECONDS = 30.0
REST_SECONDS_MAX = 3600.0
DISABLED_AFTER = timedelta(days=5)
MANAGED_BY = "webhooks"
CHANGE_ATTEMPTS_MAX = 10
SECRETS = "secrets"
SECRETS_MAX = 4  # that sign at the same time
HEALTH = ("enabled", "disabled_reason", "failures", "failing_since", "rests_until")


class Sealer(Protocol):
    """Encrypts what must not be read in the data folder."""

    def encrypt_with_kms(self, plain: bytes, context: Mapping[str, str]) -> bytes:
        """The sealed bytes, bound to the context."""
        ...

    def decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """The plain bytes again."""
        ...


class UrlCheck(Protocol):
    """Judges a URL; raises InvalidInput when it must not be called."""

    def __call__(self, url: str) -> PublicUrl:
        """The URL with the addresses to connect to."""
        ...


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A secret, encrypted, in base64; `until` is when an old one ends."""

    sealed: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where to deliver what. `failures` counts those since the last success; while it rests, nothing is sent."""

    webhook_id: str
    tenant_id: str
    url: str
    events: tuple[DetailType, ...]
    created_at: datetime
    description: str = ""
    enabled: bool = True
    disabled_reason: str | None = None
    failures: int = 0
    failing_since: datetime | None = None
    rests_until: datetime | None = None
    secrets: tuple[SealedSecret, ...] = field(default=(), repr=False)

    @property
    def rule_name(self) -> str:
        """The rule of the bus that brings its events."""
        return f"webhook-{self.webhook_id}"

    def failed(self, at: datetime) -> "Webhook":
        """The same webhook after one more failure: it rests longer and longer, and ends disabled."""
        failures, since = self.failures + 1, self.failing_since or at
        after = replace(self, failures=failures, failing_since=since)
        if failures >= RESTS_AFTER_FAILURES:
            beyond = min(failures - RESTS_AFTER_FAILURES, 10)
            rest = min(REST_SECONDS_MAX, REST_SECONDS * 2.0**beyond)
            after = replace(after, rests_until=at + timedelta(seconds=rest))
        if at - since >= DISABLED_AFTER:
            days = DISABLED_AFTER.days
            return after.disabled(f"Every delivery failed for {days} days. Register it again.")
        return after

    def disabled(self, reason: str) -> "Webhook":
        """The same webhook, no longer called."""
        return replace(self, enabled=False, disabled_reason=reason, rests_until=None)

    def recovered(self) -> "Webhook":
        """The same webhook after a success."""
        return replace(self, failures=0, failing_since=None, rests_until=None)


@dataclass(frozen=True, slots=True)
class Registered:
    """A new webhook or secret; the secret is shown this once."""

    webhook: Webhook
    secret: str


class WebhookStore:
    """Webhooks in the table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def save(self, webhook: Webhook) -> None:
        """Write one; the same id replaces."""
        self._table.put(_item(webhook))

    def change_health(
        self, tenant_id: str, webhook_id: str, alter: Callable[[Webhook], Webhook]
    ) -> Webhook | None:
        """Write only how its receiver is doing, made of how it stands now: deliveries end side by side, and a
        secret changed meanwhile stays changed.

        The webhook as it stands then; None when it was removed. Raises ConditionFailed after ten lost races.
        """
        for attempt in range(CHANGE_ATTEMPTS_MAX):
            before = self.find(tenant_id, webhook_id)
            if before is None:
                return None
            after = alter(before)
            if after == before:
                return before
            try:
                self._write_health(before, after)
            except ConditionFailed:
                if attempt + 1 == CHANGE_ATTEMPTS_MAX:
                    raise
            else:
                return after
        raise AssertionError("unreachable")

    def _write_health(self, before: Webhook, after: Webhook) -> None:
        plain = to_attributes(after)
        there = {name: plain[name] for name in HEALTH if name in plain}
        gone = tuple(name for name in HEALTH if name not in plain)
        as_read = And((Equals("enabled", before.enabled), Equals("failures", before.failures)))
        self._table.update(_key(after), Changes(set=there, remove=gone), as_read)

    def change_secrets(self, before: Webhook, after: Webhook) -> None:
        """Write only its secrets. Raises ConditionFailed when they are no longer those of `before`."""
        as_read = Equals(SECRETS, to_attributes(before)[SECRETS])
        self._table.update(_key(after), Changes(set={SECRETS: to_attributes(after)[SECRETS]}), as_read)

    def find(self, tenant_id: str, webhook_id: str) -> Webhook | None:
        """The webhook, or None."""
        item = self._table.get(keys.WEBHOOK.key(tenant=tenant_id, webhook=webhook_id))
        return None if item is None else from_item(Webhook, item)

    def get(self, tenant_id: str, webhook_id: str) -> Webhook:
        """The webhook. Raises NotFound."""
        found = self.find(tenant_id, webhook_id)
        if found is None:
            raise NotFound(f"There is no webhook {webhook_id}. List the webhooks to see their ids.")
        return found

    def list(self, tenant_id: str) -> tuple[Webhook, ...]:
        """All webhooks of a tenant, at most `WEBHOOKS_MAX`."""
        page = self._table.query(keys.WEBHOOKS_OF_TENANT.query(tenant=tenant_id, limit=WEBHOOKS_MAX))
        return tuple(from_item(Webhook, item) for item in page.items)

    def remove(self, tenant_id: str, webhook_id: str) -> Webhook:
        """Take it away and return it. Raises NotFound."""
        found = self.get(tenant_id, webhook_id)
        self._table.delete(keys.WEBHOOK.key(tenant=tenant_id, webhook=webhook_id))
        return found


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Use cases: register, list, change the secret, remove."""

    store: WebhookStore
    bus: EventBus
    sealer: Sealer
    check_url: UrlCheck
    clock: Clock
    ids: Ids

    def register(
        self, tenant_id: str, url: str, events: tuple[DetailType, ...], description: str = ""
    ) -> Registered:
        """A new webhook and its secret.

        Raises InvalidInput for a URL that must not be called, Conflict when there are too many.
        """
        if not events:
            known = ", ".join(DetailType)
            raise InvalidInput(f"A webhook needs at least one kind of event. There are: {known}.")
        if len(description) > DESCRIPTION_CHARS_MAX:
            raise InvalidInput(f"The description is longer than {DESCRIPTION_CHARS_MAX} characters.")
        self._require_reachable(url)
        if len(self.store.list(tenant_id)) >= WEBHOOKS_MAX:
            raise Conflict(f"There are {WEBHOOKS_MAX} webhooks already. Remove one first.")
        made = Webhook(
            webhook_id=self.ids.new("whk"),
            tenant_id=tenant_id,
            url=url,
            events=tuple(dict.fromkeys(events)),
            created_at=self.clock.now(),
            description=description,
        )
        secret = new_secret()
        made = replace(made, secrets=(SealedSecret(self._seal(made, secret)),))
        self.bus.put_rule(rule_of(made))  # first: a rule without its webhook delivers nothing
        self.store.save(made)
        return Registered(made, secret)

    def _require_reachable(self, url: str) -> None:
        try:
            self.check_url(url)
        except Unavailable as error:  # a name without an address is the caller's mistake here
            raise InvalidInput(str(error)) from error

    def change_secret(self, tenant_id: str, webhook_id: str) -> Registered:
        """A new secret; the ones before sign as well for a day, also where two change it at once.

        Raises NotFound, ConditionFailed after ten lost races.
        """
        for attempt in range(CHANGE_ATTEMPTS_MAX):
            webhook, now = self.store.get(tenant_id, webhook_id), self.clock.now()
            secret = new_secret()
            newest, *older = webhook.secrets
            kept = (replace(newest, until=now + OLD_SECRET_LIVES), *_alive(older, now))[: SECRETS_MAX - 1]
            changed = replace(webhook, secrets=(SealedSecret(self._seal(webhook, secret)), *kept))
            try:
                self.store.change_secrets(webhook, changed)
            except ConditionFailed:
                if attempt + 1 == CHANGE_ATTEMPTS_MAX:
                    raise
            else:
                return Registered(changed, secret)
        raise AssertionError("unreachable")

    def enable(self, tenant_id: str, webhook_id: str) -> Webhook:
        """Deliver again to one that was disabled. Raises NotFound."""

        def well(webhook: Webhook) -> Webhook:
            return replace(webhook.recovered(), enabled=True, disabled_reason=None)

        enabled = self.store.change_health(tenant_id, webhook_id, well)
        return enabled or self.store.get(tenant_id, webhook_id)

    def remove(self, tenant_id: str, webhook_id: str) -> None:
        """Remove it; what still waits for it is dropped. Raises NotFound."""
        webhook = self.store.remove(tenant_id, webhook_id)
        self.bus.remove_rule(tenant_id, webhook.rule_name)

    def secrets_of(self, webhook: Webhook) -> tuple[str, ...]:
        """The secrets to sign with, in clear: the current one, and those before while they live."""
        alive = _alive(webhook.secrets, self.clock.now())
        context = _context(webhook)
        return tuple(self.sealer.decrypt(base64.b64decode(s.sealed), context).decode() for s in alive)

    def _seal(self, webhook: Webhook, secret: str) -> str:
        return base64.b64encode(self.sealer.encrypt_with_kms(secret.encode(), _context(webhook))).decode()


def _alive(secrets: Sequence[SealedSecret], now: datetime) -> list[SealedSecret]:
    return [s for s in secrets if s.until is None or s.until > now]


def target_of(webhook: Webhook) -> Target:
    """The webhook as a target of the bus, tried for 24 hours."""
    return Target(webhook.webhook_id, f"{WEBHOOK}:{webhook.webhook_id}", retry=RetryPolicy())


def rule_of(webhook: Webhook) -> Rule:
    """The rule that brings a webhook its events."""
    return Rule(
        webhook.tenant_id,
        webhook.rule_name,
        {"account": [webhook.tenant_id], "detail-type": [event.value for event in webhook.events]},
        (target_of(webhook),),
        description=f"Events of the webhook {webhook.webhook_id}",
        managed_by=MANAGED_BY,
    )


def _context(webhook: Webhook) -> Mapping[str, str]:
    return {"tenant_id": webhook.tenant_id, "purpose": "webhook-secret", "id": webhook.webhook_id}


def _key(webhook: Webhook) -> Key:
    return keys.WEBHOOK.key(tenant=webhook.tenant_id, webhook=webhook.webhook_id)


def _item(webhook: Webhook) -> dict[str, Value]:
    return to_attributes(webhook) | keys.WEBHOOK.attributes(
        tenant=webhook.tenant_id, webhook=webhook.webhook_id
    )
