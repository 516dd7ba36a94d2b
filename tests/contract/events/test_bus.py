"""What every event bus must do."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from rimedio.domain.errors import InvalidInput, NotFound
from rimedio.events.bus import EVERY_TENANT, Reason, RetryPolicy, Rule, Target
from rimedio.events.operators import InvalidPattern
from rimedio.events.sqlite_bus import SqliteBus
from rimedio.events.sqlite_queue import SqliteQueue
from rimedio.events.transformer import InputTransformer

ALL = {"source": ["rimedio.tickets"]}
AT_HOME = pytest.mark.parametrize("home", ["sqlite-memory", "sqlite-file"], indirect=True)


def test_an_event_reaches_the_targets_of_the_rules_that_match(home) -> None:
    home.listen({"detail": {"name": ["one"]}})
    results = home.bus.put_events((home.event("one"), home.event("two")))
    assert [(r.duplicate, r.error) for r in results] == [(False, None), (False, None)]
    home.work()
    assert [e.detail["name"] for e in home.received] == ["one"]


def test_the_same_event_put_twice_is_delivered_once(home) -> None:
    home.listen(ALL)
    for duplicate in (False, True):
        (result,) = home.bus.put_events((home.event(),))
        assert result.duplicate is (duplicate and home.knows_duplicates)
        home.work()
    assert len(home.received) == 1


def test_one_event_fans_out_to_every_target_of_every_rule(home) -> None:
    targets = tuple(Target(f"t{n}", "handler:seen") for n in range(3))
    home.bus.put_rule(Rule("acme", "many", ALL, targets))
    home.listen(ALL, name="one-more")
    home.bus.put_events((home.event(),))
    home.work()
    assert len(home.received) == 4


def test_a_tenants_rule_never_sees_another_tenants_events_and_the_systems_rule_sees_all(home) -> None:
    home.listen(ALL, tenant="acme")
    home.listen(ALL, tenant=EVERY_TENANT, name="system")
    home.bus.put_events((home.event("one", "acme"), home.event("two", "other")))
    home.work()
    assert sorted(e.account for e in home.received) == ["acme", "acme", "other"]
    assert home.bus.rules("other") == ()


def test_a_refused_event_does_not_hold_back_the_others(home) -> None:
    home.listen(ALL)
    results = home.bus.put_events((home.event("big", text="x" * 300_000), home.event("small")))
    assert results[0].error is not None
    assert results[1].error is None
    home.work()
    assert [e.detail["name"] for e in home.received] == ["small"]


def test_a_rule_can_be_replaced_switched_off_and_removed(home) -> None:
    home.listen({"detail": {"name": ["never"]}})
    home.listen(ALL)
    home.bus.put_events((home.event("one"),))
    home.work()
    home.bus.put_rule(Rule("acme", "rule", ALL, (Target("t", "handler:seen"),), enabled=False))
    home.bus.put_events((home.event("two"),))
    home.work()
    assert [e.detail["name"] for e in home.received] == ["one"]
    home.bus.remove_rule("acme", "rule")
    assert home.bus.rules("acme") == ()


def test_what_waits_for_a_removed_rule_is_dropped(home) -> None:
    home.listen(ALL)
    home.bus.put_events((home.event(),))
    home.bus.remove_rule("acme", "rule")
    home.work()
    home.listen(ALL)
    home.work()
    assert home.received == []


def test_a_rule_with_a_bad_pattern_or_bad_targets_is_refused(home) -> None:
    with pytest.raises(InvalidPattern):
        home.bus.put_rule(Rule("acme", "bad", {"a": []}))
    with pytest.raises(InvalidInput):
        Rule("acme", "bad name", ALL)
    with pytest.raises(InvalidInput, match="Only one"):
        Target("t", "handler:seen", input={}, input_path="$.detail")
    with pytest.raises(InvalidInput):
        RetryPolicy(maximum_retry_attempts=186)
    with pytest.raises(InvalidInput):
        RetryPolicy(maximum_event_age_seconds=59)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ({}, None),
        ({"input": {"fixed": 1}}, {"fixed": 1}),
        ({"input_path": "$.detail.name"}, "one"),
        ({"transformer": InputTransformer('{"n": <n>}', {"n": "$.detail.name"})}, {"n": "one"}),
    ],
)
def test_a_target_gets_the_event_or_what_its_input_makes_of_it(home, shape, expected) -> None:
    seen = []
    home.targets.schemes["log"] = lambda delivery: seen.append(delivery.payload)
    home.bus.put_rule(Rule("acme", "rule", ALL, (Target("t", "log:", **shape),)))
    event = home.event()
    home.bus.put_events((event,))
    home.work()
    whole = event.envelope() | {"region": home.region}
    assert seen == [whole if expected is None else expected]


def test_a_target_that_fails_is_tried_again_with_growing_waits_until_it_works(home) -> None:
    home.listen(ALL)
    attempts = []

    def fail_twice(event):
        attempts.append(home.clock.now())
        if len(attempts) < 3:
            raise OSError("down")

    home.targets.handlers["seen"] = fail_twice
    home.bus.put_events((home.event(),))
    while len(attempts) < 3:
        home.work()
        home.clock.advance(1)
    first, second, third = attempts
    assert timedelta(seconds=5) <= second - first <= timedelta(seconds=12)
    assert timedelta(seconds=10) <= third - second <= timedelta(seconds=22)


def test_what_fails_too_often_ends_as_a_dead_letter_and_can_be_sent_again(home) -> None:
    home.listen(ALL, retry=RetryPolicy(maximum_retry_attempts=2))
    home.targets.handlers["seen"] = _broken
    home.bus.put_events((home.event(),))
    for _ in range(5):
        home.work()
        home.clock.advance(100)
    (letter,) = home.queue.dead_letters("acme").items
    assert (letter.reason, letter.attempts, letter.rule) == (Reason.RETRIES_EXHAUSTED, 3, "rule")
    assert "broken" in letter.error
    assert home.queue.dead_letters("other").items == ()
    with pytest.raises(NotFound):
        home.queue.redrive("other", letter.dead_letter_id)
    home.targets.handlers["seen"] = home.received.append
    home.queue.redrive("acme", letter.dead_letter_id)
    home.work()
    assert [e.id for e in home.received] == [home.event().id]
    assert home.queue.dead_letters("acme").items == ()


def test_an_event_that_grows_too_old_ends_as_a_dead_letter(home) -> None:
    home.listen(ALL, retry=RetryPolicy(maximum_event_age_seconds=60))
    home.targets.handlers["seen"] = _broken
    home.bus.put_events((home.event(),))
    for _ in range(20):
        home.work()
        home.clock.advance(20)
    (letter,) = home.queue.dead_letters("acme").items
    assert letter.reason is Reason.EVENT_TOO_OLD


def test_what_can_never_work_is_not_tried_again(home) -> None:
    home.bus.put_rule(Rule("acme", "rule", ALL, (Target("t", "handler:nobody"),)))
    home.bus.put_events((home.event(),))
    home.work()
    (letter,) = home.queue.dead_letters("acme").items
    assert (letter.reason, letter.attempts) == (Reason.NOT_RETRYABLE, 1)


def test_dead_letters_come_in_pages_newest_first(home) -> None:
    home.bus.put_rule(Rule("acme", "rule", ALL, (Target("t", "handler:nobody"),)))
    for n in range(5):
        home.bus.put_events((home.event(str(n)),))
        home.work()
        home.clock.advance(1)
    names, cursor = [], None
    for _ in range(3):
        page = home.queue.dead_letters("acme", limit=2, cursor=cursor)
        names += [letter.event.detail["name"] for letter in page.items]
        cursor = page.cursor
    assert names == ["4", "3", "2", "1", "0"]
    assert cursor is None


@AT_HOME
def test_dead_letters_are_bounded_by_age_and_number(home) -> None:
    home.bus.put_rule(Rule("acme", "rule", ALL, (Target("t", "handler:nobody"),)))
    for n in range(5):
        home.bus.put_events((home.event(str(n)),))
        home.work()
        home.clock.advance(60)
    assert home.queue.trim(timedelta(days=1), most=3) == 2
    assert home.queue.trim(timedelta(seconds=90), most=3) == 2
    assert [x.event.detail["name"] for x in home.queue.dead_letters("acme").items] == ["4"]


@AT_HOME
def test_deliveries_survive_the_process_that_was_at_them(home) -> None:
    home.listen(ALL)
    home.bus.put_events((home.event(),))
    (claimed,) = home.queue.claim("local", limit=5, at_once=5)
    assert home.queue.claim("local", limit=5, at_once=5) == []
    reborn = SqliteQueue(home.database, home.clock)
    assert [i.event.id for i in reborn.claim("local", limit=5, at_once=5)] == [claimed.event.id]


@AT_HOME
def test_rules_survive_the_process_too(home) -> None:
    home.listen(ALL)
    reborn = SqliteBus(home.database, home.queue, home.clock)
    reborn.put_events((home.event(),))
    home.work()
    assert len(home.received) == 1


@AT_HOME
def test_one_address_never_takes_more_than_its_share(home) -> None:
    home.listen(ALL)
    home.bus.put_rule(Rule("acme", "log", ALL, (Target("t", "log:"),)))
    home.bus.put_events([home.event(str(n)) for n in range(4)])
    first = home.queue.claim("local", limit=2, at_once=2)
    second = home.queue.claim("local", limit=2, at_once=2)
    assert {i.target.address for i in first} != {i.target.address for i in second}
    assert home.queue.claim("local", limit=2, at_once=2) == []


@AT_HOME
def test_an_event_that_nobody_needs_is_forgotten_after_a_while(home) -> None:
    home.bus.put_events((home.event(),))
    assert home.bus.trim() == 0
    home.clock.advance(4 * 86_400)
    assert home.bus.trim() == 1


def _broken(_event):
    raise OSError("broken")


@AT_HOME
def test_many_workers_deliver_each_event_once_and_no_more_at_a_time_than_allowed(home) -> None:
    lock, seen, at_once, most = threading.Lock(), Counter(), Counter(), Counter()

    def deliver(delivery):
        with lock:
            at_once[delivery.name] += 1
            most[delivery.name] = max(most[delivery.name], at_once[delivery.name])
        with lock:
            seen[delivery.event.id, delivery.name] += 1
            at_once[delivery.name] -= 1

    home.targets.schemes["webhook"] = deliver
    targets = tuple(Target(name, f"webhook:{name}") for name in ("a", "b", "c"))
    home.bus.put_rule(Rule("acme", "all", ALL, targets))
    home.bus.put_events([home.event(str(n)) for n in range(40)])
    worker = replace(home.dispatcher, lane="webhook", at_once=2, limit=1)

    def work() -> None:
        while home.queue.waiting():
            worker.run_once()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(seen) == 120
    assert set(seen.values()) == {1}
    assert max(most.values()) <= 2
