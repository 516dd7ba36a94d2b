"""Sweeping takes what is over and nothing else, whatever the table."""

from rimedio.storage.housekeeping import sweep
from rimedio.storage.table import Key, Query


def test_sweeping_leaves_what_is_alive_and_what_a_consumer_still_needs(home) -> None:
    now = int(home.clock.now().timestamp())
    for n in range(7):
        home.table.put({"pk": "p", "sk": str(n), "expires_at": now + 60})
    home.table.put({"pk": "p", "sk": "alive"})
    assert len(home.stream.read("slow", limit=3)) == 3
    home.clock.advance(2 * 24 * 3600)
    sweep(home.table, home.stream, at_once=2)
    assert home.table.query(Query("p")).items == ({"pk": "p", "sk": "alive"},)
    assert home.table.get(Key("p", "0")) is None
    assert len(home.stream.read("slow", limit=100)) >= 8
