"""Counts of the prompt cache follow the service's rules."""

import pytest

from rimedio.bedrock_local.errors import ValidationError
from rimedio.bedrock_local.prompt import CachePoint, Prompt, Turn
from rimedio.bedrock_local.prompt_cache import PromptCache
from rimedio.domain.clock import FakeClock

SYSTEM = "s" * 30
TURN = "u" * 10


def cache(clock: FakeClock) -> PromptCache:
    return PromptCache(len, clock, tokens_min=20)


def prompt(*ttls: str, system: str = SYSTEM, model: str = "m") -> Prompt:
    points = tuple(
        CachePoint(system[: len(system) - n], ttl)
        for n, ttl in zip(range(len(ttls), 0, -1), ttls, strict=True)
    )
    return Prompt(model, (Turn("user", TURN),), system, cache_points=points)


def test_what_was_written_is_read_until_it_is_too_old() -> None:
    clock = FakeClock()
    counts = cache(clock)
    first, second = counts.usage(prompt("5m"), 4), counts.usage(prompt("5m"), 4)
    assert (first.cache_write, first.cache_read, second.cache_write, second.cache_read) == (29, 0, 0, 29)
    assert first.total == second.total == len(SYSTEM) + 1 + len(TURN) + 4
    clock.sleep(299)
    assert counts.usage(prompt("5m"), 0).cache_read == 29  # and that renewed it
    clock.sleep(299)
    assert counts.usage(prompt("5m"), 0).cache_read == 29
    clock.sleep(301)
    assert counts.usage(prompt("5m"), 0).cache_read == 0


def test_an_hour_is_an_hour_and_models_do_not_share() -> None:
    clock = FakeClock()
    counts = cache(clock)
    assert counts.usage(prompt("1h"), 0).written == {"1h": 29}
    clock.sleep(3500)
    assert counts.usage(prompt("1h", model="other"), 0).cache_read == 0
    assert counts.usage(prompt("1h"), 0).cache_read == 29


def test_only_what_is_new_behind_a_known_prefix_is_written() -> None:
    counts = cache(FakeClock())
    counts.usage(prompt("5m", "5m"), 0)
    longer = Prompt("m", (Turn("user", TURN),), SYSTEM, cache_points=(
        CachePoint(SYSTEM[:28], "5m"), CachePoint(f"{SYSTEM}\n{TURN}", "5m")))  # fmt: skip
    usage = counts.usage(longer, 0)
    assert (usage.cache_read, usage.cache_write, usage.input) == (28, 13, 0)


def test_short_prefixes_and_too_many_points() -> None:
    counts = cache(FakeClock())
    assert counts.usage(prompt("5m", system="s" * 15), 0).cache_write == 0
    with pytest.raises(ValidationError, match="at most 4"):
        counts.usage(prompt(*["5m"] * 5), 0)
