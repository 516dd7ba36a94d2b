"""How many requests a second a tenant may make: a token bucket each, in the sizes of its account's tier."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType

from rimedio.domain.ticket import AccountTier

BUCKETS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second in the long run, and how many may come at once."""

    per_second: int
    burst: int


TIERS: Mapping[AccountTier, Rate] = MappingProxyType(
    {
        AccountTier.FREE: Rate(10, 20),
        AccountTier.STANDARD: Rate(100, 200),
        AccountTier.ENTERPRISE: Rate(1000, 2000),
    }
)
ANONYMOUS = Rate(200, 1000)  # of an address, on routes that need no token and with tokens that do not count
STATIC = Rate(200, 1000)  # of an address, on the console's files


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass, and what the X-RateLimit headers say. Seconds are rounded up."""

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: int
    retry_seconds: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """X-RateLimit-Limit, -Remaining, -Reset (seconds until the burst is whole again); Retry-After."""
        found = [
            (b"x-ratelimit-limit", b"%d" % self.limit),
            (b"x-ratelimit-remaining", b"%d" % self.remaining),
            (b"x-ratelimit-reset", b"%d" % self.reset_seconds),
        ]
        return found if self.allowed else [*found, (b"retry-after", b"%d" % self.retry_seconds)]


class RateLimiter:
    """Buckets by key. Used by one thread: the event loop's."""

    def __init__(self, overrides: Mapping[str, Rate] | None = None) -> None:
        self._overrides = dict(overrides or {})
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens left, when

    def take_for_tenant(self, tenant_id: str, tier: str, now: float) -> Verdict:
        """One request of a tenant; `now` is monotonic seconds."""
        rate = self._overrides.get(tenant_id)
        if rate is None:
            rate = TIERS[AccountTier(tier)] if tier in TIERS else TIERS[AccountTier.STANDARD]
        return self.take(f"tenant {tenant_id}", rate, now)

    def take(self, key: str, rate: Rate, now: float) -> Verdict:
        """One request under `key`."""
        left, since = self._buckets.get(key, (float(rate.burst), now))
        left = min(float(rate.burst), left + (now - since) * rate.per_second)
        allowed = left >= 1.0
        if allowed:
            left -= 1.0
        self._buckets[key] = (left, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)  # the one unused for longest: most likely full again
        return Verdict(
            allowed,
            rate.per_second,
            int(left),
            ceil((rate.burst - left) / rate.per_second),
            max(1, ceil((1.0 - left) / rate.per_second)),
        )


def overrides_of(text: str) -> Mapping[str, Rate]:
    """Rates by tenant out of the setting `rate_overrides`, such as `acme=50/100, other=10/20`."""
    found: dict[str, Rate] = {}
    for part in filter(str.strip, text.split(",")):
        tenant, _, numbers = part.partition("=")
        per_second, _, burst = numbers.partition("/")
        found[tenant.strip()] = Rate(max(1, int(per_second)), max(1, int(burst)))
    return found
