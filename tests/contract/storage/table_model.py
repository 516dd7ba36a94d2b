"""The table against a model: a plain dict that does the same, step by step, for whatever hypothesis thinks up."""

from collections.abc import Callable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import ConditionFailed, InvalidInput
from rimedio.storage.conditions import AtLeast, Equals, Exists, Not, NotExists, holds
from rimedio.storage.streams import ChangeStream
from rimedio.storage.table import (
    Changes,
    Check,
    Delete,
    Index,
    Key,
    Put,
    Query,
    SortAbove,
    SortBeginsWith,
    SortBelow,
    SortBetween,
    Table,
    Update,
)  # fmt: skip
from rimedio.storage.values import added, canonical_item

LOOKS_MAX = 500  # an engine on a busy machine tells of a change a moment after it
sort_texts = st.text(st.sampled_from("ab\U0010ffff\ud7ff\ue000é"), min_size=1, max_size=3)
keys = st.builds(Key, st.sampled_from(["p", "q"]), sort_texts)
numbers = st.integers(-5, 5) | st.sampled_from([0.5, -0.1, 2.0])
attributes = st.fixed_dictionaries(
    {},
    optional={
        "n": numbers, "t": st.sampled_from(["x", "", "é"]), "b": st.booleans(),
        "deep": st.lists(st.dictionaries(st.sampled_from("ab"), st.binary(max_size=2) | st.none()), max_size=2),
        "gsi1pk": st.sampled_from(["g", "h"]), "gsi1sk": sort_texts, "gsi2pk": st.just("g"), "gsi2sk": sort_texts,
        "expires_at": st.integers(-5, 5),
    },
)  # fmt: skip
conditions = st.none() | st.sampled_from(
    [
        Exists("pk"),
        NotExists("pk"),
        Equals("n", 1),
        Not(Equals("n", 1)),
        AtLeast("n", 0),
        Equals("b", True),
        Exists("t"),
    ]
)
sorts = st.none() | st.one_of(
    st.builds(SortBeginsWith, sort_texts),
    st.builds(SortBelow, sort_texts, st.booleans()),
    st.builds(SortAbove, sort_texts, st.booleans()),
    st.tuples(sort_texts, sort_texts).map(lambda pair: SortBetween(*sorted(pair))),
)
puts = st.builds(lambda key, more, c: Put({**key._asdict(), **more}, c), keys, attributes, conditions)
updates = st.builds(
    lambda key, more, add, c: Update(
        key, Changes(set=more, add=add, remove=() if "t" in more else ("t",)), c
    ),
    keys,
    attributes.map(lambda more: {k: v for k, v in more.items() if k != "count"}),
    st.fixed_dictionaries({}, optional={"count": numbers}),
    conditions,
)
deletes = st.builds(Delete, keys, conditions)
checks = st.builds(Check, keys, conditions.filter(lambda c: c is not None))


def matches(sort, value: str) -> bool:
    match sort:
        case None:
            return True
        case SortBeginsWith(prefix):
            return value.startswith(prefix)
        case SortBelow(limit, inclusive):
            return value < limit or (inclusive and value == limit)
        case SortAbove(limit, inclusive):
            return value > limit or (inclusive and value == limit)
        case SortBetween(low, high):
            return low <= value <= high
    raise AssertionError(sort)


class TableModel(RuleBasedStateMachine):
    """`purges`: whether the table removes what is over when it is told to, not some day by itself."""

    def __init__(self, table: Table, stream: ChangeStream, clock: FakeClock, *, purges: bool) -> None:
        super().__init__()
        self.table, self.stream, self.clock, self.purges = table, stream, clock, purges
        self.zero = int(clock.now().timestamp())
        self.model: dict[Key, dict] = {}
        self.replayed: dict[Key, dict] = {}

    def alive(self, key: Key) -> dict | None:
        found = self.model.get(key)
        if found is None or found.get("expires_at", self.zero + 10**9) <= self.clock.now().timestamp():
            return None
        return found

    def timed(self, item: dict) -> dict:
        return item | ({"expires_at": self.zero + item["expires_at"]} if "expires_at" in item else {})

    def apply(self, actions: list) -> bool:
        """What the actions do to the model; False when a condition refuses them all."""
        for action in actions:
            if action.condition is not None and not holds(action.condition, self.alive(key_of(action))):
                return False
        for action in actions:
            key = key_of(action)
            if isinstance(action, Put):
                self.model[key] = canonical_item(action.item)[0]
            elif isinstance(action, Delete):
                if self.alive(key) is not None:
                    del self.model[key]
                else:
                    self.model.pop(key, None)
            elif isinstance(action, Update):
                item = dict(self.alive(key) or key._asdict()) | dict(action.changes.set)
                for name, step in action.changes.add.items():
                    item[name] = added(item.get(name, 0), step, name)
                for name in action.changes.remove:
                    item.pop(name, None)
                self.model[key] = canonical_item(item)[0]
        return True

    def act(self, actions: list, write: Callable[[], object]) -> None:
        if self.apply(actions):
            write()
        else:
            with pytest.raises(ConditionFailed):
                write()

    @rule(put=puts)
    def put(self, put: Put) -> None:
        put = Put(self.timed(dict(put.item)), put.condition)
        self.act([put], lambda: self.table.put(put.item, put.condition))

    @rule(update=updates)
    def update(self, update: Update) -> None:
        changes = Changes(self.timed(dict(update.changes.set)), update.changes.add, update.changes.remove)
        update = Update(update.key, changes, update.condition)
        self.act([update], lambda: self.table.update(update.key, changes, update.condition))

    @rule(delete=deletes)
    def delete(self, delete: Delete) -> None:
        self.act([delete], lambda: self.table.delete(delete.key, delete.condition))

    @rule(actions=st.lists(puts | updates | deletes | checks, min_size=1, max_size=4))
    def transact(self, actions: list) -> None:
        for place, action in enumerate(actions):
            if isinstance(action, Put):
                actions[place] = Put(self.timed(dict(action.item)), action.condition)
            elif isinstance(action, Update):
                changes = Changes(
                    self.timed(dict(action.changes.set)), action.changes.add, action.changes.remove
                )
                actions[place] = Update(action.key, changes, action.condition)
        touched = [key_of(action) for action in actions]
        if len(set(touched)) < len(touched):
            with pytest.raises(InvalidInput):
                self.table.transact_write(actions)
        else:
            self.act(actions, lambda: self.table.transact_write(actions))

    @rule(seconds=st.integers(1, 3))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule()
    def purge(self) -> None:
        self.table.purge_expired()
        if not self.purges:
            return
        self.model = {key: item for key, item in self.model.items() if self.alive(key) is not None}

    @rule(
        index=st.sampled_from([None, Index.GSI1, Index.GSI2]), partition=st.sampled_from(["p", "q", "g", "h"]),
        sort=sorts, reverse=st.booleans(), limit=st.integers(1, 4),
    )  # fmt: skip
    def query(self, index, partition: str, sort, reverse: bool, limit: int) -> None:
        pk, sk = ("pk", "sk") if index is None else index.attributes
        wanted = [
            item
            for key, item in self.model.items()
            if self.alive(key) and item.get(pk) == partition and sk in item and matches(sort, item[sk])
        ]
        wanted.sort(key=lambda item: item[sk], reverse=reverse)
        seen: list = []
        cursor = None
        while True:
            page = self.table.query(Query(partition, sort, index, reverse, limit, cursor))
            seen += page.items
            cursor = page.cursor
            if cursor is None:
                break
            assert len(page.items) == limit
        assert [item[sk] for item in seen] == [item[sk] for item in wanted]
        assert sorted(seen, key=_place) == sorted(wanted, key=_place)  # equal index keys have no order

    @invariant()
    def every_item_reads_as_in_the_model(self) -> None:
        found = self.table.batch_get(list(self.model)[:100])
        assert found == {key: item for key in self.model if (item := self.alive(key)) is not None}

    @invariant()
    def the_stream_replays_to_the_same_items(self) -> None:
        for _ in range(LOOKS_MAX):
            self._replay()
            if self.replayed == self.model:
                return
        assert self.replayed == self.model

    def _replay(self) -> None:
        changes = self.stream.read("replay", 1000)
        for change in changes:
            assert self.replayed.get(change.key) == change.old
            if change.new is None:
                del self.replayed[change.key]
            else:
                self.replayed[change.key] = dict(change.new)
        if changes:
            self.stream.acknowledge("replay", changes[-1])


def key_of(action: Put | Update | Delete | Check) -> Key:
    return Key(action.item["pk"], action.item["sk"]) if isinstance(action, Put) else action.key


def _place(item: dict) -> tuple[str, ...]:
    return tuple(str(item.get(name)) for name in ("pk", "sk"))
