"""Token buckets."""

from rimedio.http.rates import ANONYMOUS, BUCKETS_MAX, Rate, RateLimiter, overrides_of


def test_a_tier_gives_its_burst_and_then_its_rate() -> None:
    limiter = RateLimiter()
    for tier, burst, per_second in (("FREE", 20, 10), ("STANDARD", 200, 100), ("ENTERPRISE", 2000, 1000)):
        allowed = [limiter.take_for_tenant(tier, tier, 0.0).allowed for _ in range(burst + 1)]
        assert allowed == [True] * burst + [False]
        later = [limiter.take_for_tenant(tier, tier, 1.0).allowed for _ in range(per_second + 1)]
        assert later == [True] * per_second + [False]


def test_a_tier_that_nobody_knows_is_the_standard_one() -> None:
    assert RateLimiter().take_for_tenant("acme", "GOLD", 0.0).limit == 100


def test_tenants_do_not_take_from_each_other() -> None:
    limiter = RateLimiter()
    for _ in range(20):
        limiter.take_for_tenant("acme", "FREE", 0.0)

    assert not limiter.take_for_tenant("acme", "FREE", 0.0).allowed
    assert limiter.take_for_tenant("other", "FREE", 0.0).allowed


def test_a_refusal_says_when_to_come_back() -> None:
    limiter = RateLimiter()
    rate = Rate(2, 1)
    limiter.take("one", rate, 10.0)
    verdict = limiter.take("one", rate, 10.0)

    assert dict(verdict.headers()) == {
        b"x-ratelimit-limit": b"2",
        b"x-ratelimit-remaining": b"0",
        b"x-ratelimit-reset": b"1",
        b"retry-after": b"1",
    }
    assert limiter.take("one", rate, 10.5).allowed


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    limiter = RateLimiter()
    limiter.take("one", Rate(10, 20), 0.0)

    assert limiter.take("one", Rate(10, 20), 1e6).remaining == 19


def test_a_single_tenant_may_have_a_rate_of_its_own() -> None:
    limiter = RateLimiter(overrides_of(" acme = 5/7 , other=1/2,"))

    assert limiter.take_for_tenant("acme", "ENTERPRISE", 0.0).limit == 5
    assert limiter.take_for_tenant("other", "FREE", 0.0).remaining == 1
    assert limiter.take_for_tenant("third", "FREE", 0.0).limit == 10
    assert overrides_of("") == {}


def test_strangers_cannot_fill_the_memory() -> None:
    limiter = RateLimiter()
    for number in range(BUCKETS_MAX + 100):
        limiter.take(f"anonymous {number}", ANONYMOUS, 0.0)

    assert len(limiter._buckets) == BUCKETS_MAX
