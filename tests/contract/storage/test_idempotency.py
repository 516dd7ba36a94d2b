"""What the idempotency store does over every table."""

from datetime import timedelta

import pytest

from rimedio.domain.clock import SeededIds
from rimedio.domain.errors import ConditionFailed, Conflict
from rimedio.storage.idempotency import Attempt, IdempotencyStore, Replay, Request, hash_payload
from rimedio.storage.table import Key, Put

REQUEST = Request("acme", "answer", "key-1", hash_payload({"a": 1}))


@pytest.fixture
def store(home) -> IdempotencyStore:
    return IdempotencyStore(home.table, home.clock, SeededIds(), lease=timedelta(seconds=60))


def begun(store: IdempotencyStore, request: Request = REQUEST) -> Attempt:
    found = store.begin(request)
    assert isinstance(found, Attempt)
    return found


def test_a_completed_request_is_replayed_with_its_result(store: IdempotencyStore) -> None:
    store.complete(begun(store), {"ticket": "tkt_1", "count": 2})
    assert store.begin(REQUEST) == Replay({"ticket": "tkt_1", "count": 2})
    assert store.find(REQUEST) == Replay({"ticket": "tkt_1", "count": 2})


def test_a_second_attempt_waits_for_the_first(store: IdempotencyStore) -> None:
    begun(store)
    with pytest.raises(Conflict, match="being worked on"):
        store.begin(REQUEST)


def test_a_failed_attempt_lets_the_next_begin_at_once(store: IdempotencyStore) -> None:
    store.fail(begun(store))
    assert store.find(REQUEST) is None
    store.complete(begun(store), "done")
    assert store.begin(REQUEST) == Replay("done")


def test_an_attempt_that_died_is_overtaken_and_cannot_complete_later(store: IdempotencyStore, home) -> None:
    dead = begun(store)
    home.clock.advance(59)
    with pytest.raises(Conflict):
        store.begin(REQUEST)
    home.clock.advance(1)
    alive = begun(store)
    with pytest.raises(ConditionFailed):
        store.complete(dead, "late")
    store.fail(dead)
    store.complete(alive, "done")
    assert store.begin(REQUEST) == Replay("done")


def test_failing_after_completing_keeps_the_result(store: IdempotencyStore) -> None:
    attempt = begun(store)
    store.complete(attempt, "done")
    store.fail(attempt)
    assert store.begin(REQUEST) == Replay("done")


def test_the_same_key_with_another_payload_is_a_conflict_at_every_stage(
    store: IdempotencyStore, home
) -> None:
    other = Request("acme", "answer", "key-1", hash_payload({"a": 2}))
    attempt = begun(store)
    home.clock.advance(120)
    with pytest.raises(Conflict, match="another request"):
        store.begin(other)
    store.complete(attempt, "done")
    with pytest.raises(Conflict, match="another request"):
        store.begin(other)


def test_keys_are_told_apart_by_tenant_and_operation(store: IdempotencyStore) -> None:
    store.complete(begun(store), "done")
    for tenant, scope in (("other", "answer"), ("acme", "review")):
        begun(store, Request(tenant, scope, "key-1", REQUEST.payload_hash))


def test_a_record_expires(store: IdempotencyStore, home) -> None:
    store.complete(begun(store), "done")
    home.clock.advance(24 * 3600)
    begun(store)


def test_work_and_completion_are_written_together(store: IdempotencyStore, home) -> None:
    attempt = begun(store)
    work = {"pk": "p", "sk": "work"}
    home.table.transact_write([Put(work), store.completion(attempt, "done")])
    assert store.begin(REQUEST) == Replay("done")
    with pytest.raises(ConditionFailed):
        home.table.transact_write(
            [Put(work | {"n": 2}), store.completion(Attempt(REQUEST, "try_foreign"), "twice")]
        )
    assert home.table.get(Key("p", "work")) == work


def test_any_key_is_accepted_and_never_stored_as_it_is(store: IdempotencyStore) -> None:
    for key in ("#", "x" * 10_000, "è", "\ud800"):
        request = Request("acme", "answer", key, "h")
        store.complete(begun(store, request), key == "#")
        assert key == "#" or key not in request.item_key.pk


def test_a_payload_hash_ignores_the_order_of_keys_only() -> None:
    assert hash_payload({"a": 1, "b": [1, 2]}) == hash_payload({"b": [1, 2], "a": 1})
    assert hash_payload({"a": 1, "b": [1, 2]}) != hash_payload({"a": 1, "b": [2, 1]})
