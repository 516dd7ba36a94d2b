"""What every `ChangeStream` must do."""

import pytest

from rimedio.domain.errors import ConditionFailed
from rimedio.storage.conditions import Exists
from rimedio.storage.streams import Change, ChangeKind, process
from rimedio.storage.table import Changes, Check, Delete, Key, Put, Update

A = Key("p", "a")


def item(sk="a", **attributes):
    return {"pk": "p", "sk": sk, **attributes}


def test_every_write_of_an_item_is_told_in_order_with_both_images(home) -> None:
    home.table.put(item(n=1))
    home.table.update(A, Changes(add={"n": 1}))
    home.table.put(item(n=3, raw=b"\x00"))
    home.table.delete(A)
    changes = home.stream.read("mail")
    assert [(c.kind, c.key, c.old, c.new) for c in changes] == [
        (ChangeKind.INSERT, A, None, item(n=1)),
        (ChangeKind.MODIFY, A, item(n=1), item(n=2)),
        (ChangeKind.MODIFY, A, item(n=2), item(n=3, raw=b"\x00")),
        (ChangeKind.REMOVE, A, item(n=3, raw=b"\x00"), None),
    ]
    sequences = [c.sequence for c in changes]
    assert sequences == sorted(set(sequences))
    times = [c.at for c in changes]
    assert times == sorted(times)


def test_writes_that_change_nothing_or_were_refused_are_not_told(home) -> None:
    home.table.put(item(n=1))
    home.table.put(item(n=1))
    home.table.update(A, Changes(set={"n": 1}))
    home.table.delete(Key("p", "absent"))
    with pytest.raises(ConditionFailed):
        home.table.transact_write([Put(item("b")), Check(Key("p", "c"), Exists("pk"))])
    assert len(home.stream.read("mail")) == 1


def test_a_transaction_tells_each_of_its_writes(home) -> None:
    home.table.put(item("b"))
    home.table.transact_write(
        [Put(item("a")), Delete(Key("p", "b")), Update(Key("p", "c"), Changes(set={"x": 1}))]
    )
    told = {(c.key.sk, c.kind) for c in home.stream.read("mail")[1:]}
    assert told == {("a", ChangeKind.INSERT), ("b", ChangeKind.REMOVE), ("c", ChangeKind.INSERT)}


def test_what_was_not_acknowledged_comes_again(home) -> None:
    for n in range(5):
        home.table.put(item(n=n))
    first = home.stream.read("mail", limit=2)
    assert home.stream.read("mail", limit=2) == first
    home.stream.acknowledge("mail", first[0])
    assert home.stream.read("mail", limit=1) == [first[1]]
    home.stream.acknowledge("mail", first[1])
    assert [c.new["n"] for c in home.stream.read("mail")] == [2, 3, 4]


def test_an_old_acknowledgement_does_not_take_the_consumer_back(home) -> None:
    for n in range(3):
        home.table.put(item(n=n))
    changes = home.stream.read("mail")
    home.stream.acknowledge("mail", changes[2])
    home.stream.acknowledge("mail", changes[0])
    assert home.stream.read("mail") == []


def test_consumers_do_not_disturb_each_other(home) -> None:
    home.table.put(item(n=1))
    home.stream.acknowledge("mail", home.stream.read("mail")[0])
    assert home.stream.read("mail") == []
    assert len(home.stream.read("audit")) == 1


def test_a_handler_that_fails_gets_the_same_change_again_and_none_before_it(home) -> None:
    for n in range(4):
        home.table.put(item(n=n))
    seen: list[int] = []
    failing = True

    def handle(change: Change) -> None:
        seen.append(change.new["n"])
        if failing and change.new["n"] == 2:
            raise OSError("down")

    with pytest.raises(OSError, match="down"):
        process(home.stream, "mail", handle)
    failing = False
    assert process(home.stream, "mail", handle) == 2
    assert seen == [0, 1, 2, 2, 3]
    assert process(home.stream, "mail", handle) == 0
