"""Batches of which a part fails: what may work later is sent again alone, nothing is forgotten."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import Unavailable
from rimedio.events.partial_failures import EntryFailure, PartialBatches


class Service:
    """Fails each entry as often as told; counts what it took."""

    def __init__(self, failures: dict[str, int], refused: frozenset[str] = frozenset()) -> None:
        self.failures = dict(failures)
        self.refused = refused
        self.taken: list[str] = []
        self.batches: list[list[str]] = []

    def call(self, entries) -> list[EntryFailure]:
        self.batches.append(list(entries))
        failed = []
        for place, entry in enumerate(entries):
            if entry in self.refused:
                failed.append(EntryFailure(place, "Malformed", "no", may_work_later=False))
            elif self.failures.get(entry, 0) > 0:
                self.failures[entry] -= 1
                failed.append(EntryFailure(place, "Throttling", "slow down", may_work_later=True))
            else:
                self.taken.append(entry)
        return failed


def batches(service: Service, **limits: int) -> PartialBatches[str]:
    return PartialBatches(service.call, len, FakeClock(), **limits)


def test_only_what_failed_is_sent_again() -> None:
    service = Service({"b": 2})
    assert batches(service).send(["a", "b", "c"]) == {}
    assert service.batches == [["a", "b", "c"], ["b"], ["b"]]
    assert sorted(service.taken) == ["a", "b", "c"]


def test_a_refusal_is_told_by_place_and_not_repeated() -> None:
    service = Service({}, frozenset({"bad"}))
    found = batches(service, entries_max=2).send(["a", "b", "bad", "c"])
    assert {place: failure.code for place, failure in found.items()} == {2: "Malformed"}
    assert service.taken == ["a", "b", "c"]
    assert len(service.batches) == 2


def test_what_is_neither_taken_nor_refused_is_an_error() -> None:
    service = Service({"b": 99})
    with pytest.raises(Unavailable, match="1 entries were not taken in 5 attempts"):
        batches(service).send(["a", "b"])
    assert service.taken == ["a"]


def test_waits_grow_between_attempts() -> None:
    clock, service = FakeClock(), Service({"a": 4})
    before = clock.monotonic()
    PartialBatches(service.call, len, clock, waits=lambda failed: failed * 1.0).send(["a"])
    assert clock.monotonic() - before == 1 + 2 + 3 + 4


@given(
    st.lists(st.text("ab", min_size=1, max_size=9), max_size=40),
    st.integers(1, 10),
    st.integers(9, 60),
)
def test_batches_keep_their_limits_and_their_order(entries, most, size) -> None:
    service = Service({})
    batches(service, entries_max=most, bytes_max=size).send(entries)
    assert [entry for batch in service.batches for entry in batch] == entries
    assert all(len(batch) <= most and sum(map(len, batch)) <= size for batch in service.batches)
