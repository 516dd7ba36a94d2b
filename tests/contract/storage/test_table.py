"""What every `Table` must do."""

from dataclasses import replace

import pytest

from rimedio.domain.errors import ConditionFailed, InvalidInput
from rimedio.storage.conditions import (
    And,
    AtLeast,
    AtMost,
    AttributeIn,
    BeginsWith,
    Between,
    Condition,
    Contains,
    Equals,
    Exists,
    GreaterThan,
    LessThan,
    Not,
    NotExists,
    Or,
)  # fmt: skip
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
    SortCondition,
    SortEquals,
    Table,
    Update,
)  # fmt: skip
from rimedio.storage.values import Item, Value

A = Key("p", "a")


def item(sk: str = "a", **attributes: Value) -> Item:
    return {"pk": "p", "sk": sk, **attributes}


def sort_keys(table: Table, query: Query) -> list[Value]:
    return [found["sk"] for found in table.query(query).items]


class TestGetAndPut:
    def test_what_was_put_is_read_back(self, table: Table) -> None:
        stored = item(
            text="perché 🛠", whole=3, part=0.1, yes=True, no=False, none=None, empty="", raw=b"\x00\xff",
            several=[1, "two", [3], {"four": None}], nested={"a": {"b": [b"x"]}},
        )  # fmt: skip
        table.put(stored)
        assert table.get(A) == stored

    def test_an_item_that_was_never_put_is_none(self, table: Table) -> None:
        assert table.get(A) is None

    def test_a_put_replaces_the_whole_item(self, table: Table) -> None:
        table.put(item(old=1))
        table.put(item(new=2))
        assert table.get(A) == item(new=2)

    def test_a_whole_float_comes_back_as_an_integer(self, table: Table) -> None:
        table.put(item(number=2.0))
        found = table.get(A)
        assert found is not None
        assert repr(found["number"]) == "2"

    @pytest.mark.parametrize(
        "value", [2**63, -(2**63) - 1, float("inf"), float("nan"), 1e126, "\ud800", {"a": {1, 2}}, object()]
    )
    def test_a_value_that_no_home_can_keep_is_refused(self, table: Table, value: Value) -> None:
        with pytest.raises(InvalidInput, match="number"):
            table.put(item(number=value))
        assert table.get(A) is None

    @pytest.mark.parametrize("value", [2**63 - 1, -(2**63), 9.9e125, 1e-130, 0.1 + 0.2, 1e22, -1.5e-7])
    def test_numbers_keep_their_value_to_the_last_digit(self, table: Table, value: float) -> None:
        table.put(item(number=value))
        found = table.get(A)
        assert found is not None
        assert found["number"] == value

    @pytest.mark.parametrize("key", [Key("", "a"), Key("p", ""), Key("p" * 2049, "a"), Key("p", "à" * 513)])
    def test_a_key_that_is_empty_or_too_long_is_refused(self, table: Table, key: Key) -> None:
        with pytest.raises(InvalidInput, match="key"):
            table.put({"pk": key.pk, "sk": key.sk})
        with pytest.raises(InvalidInput, match="key"):
            table.get(key)

    def test_the_longest_keys_are_accepted(self, table: Table) -> None:
        key = Key("p" * 2048, "s" * 1024)
        table.put({"pk": key.pk, "sk": key.sk})
        assert table.get(key) is not None

    def test_an_item_without_a_sort_key_is_refused(self, table: Table) -> None:
        with pytest.raises(InvalidInput):
            table.put({"pk": "p"})

    def test_an_index_key_that_is_no_text_is_refused(self, table: Table) -> None:
        for value in (1, "", None):
            with pytest.raises(InvalidInput, match="gsi1pk"):
                table.put(item(gsi1pk=value, gsi1sk="x"))

    def test_an_item_above_400_kb_is_refused_and_one_just_below_kept(self, table: Table) -> None:
        with pytest.raises(InvalidInput, match="object store"):
            table.put(item(text="x" * 400 * 1024))
        table.put(item(text="x" * (400 * 1024 - 100)))
        assert table.get(A) is not None

    def test_an_update_cannot_grow_an_item_above_400_kb(self, table: Table) -> None:
        table.put(item(text="x" * 300 * 1024))
        with pytest.raises(InvalidInput):
            table.update(A, Changes(set={"more": "x" * 200 * 1024}))
        assert table.get(A) == item(text="x" * 300 * 1024)

    def test_nesting_beyond_32_levels_is_refused(self, table: Table) -> None:
        deep: Value = "x"
        for _ in range(40):
            deep = [deep]
        with pytest.raises(InvalidInput, match="deeper"):
            table.put(item(deep=deep))


CONDITIONS: list[tuple[Condition, bool]] = [
    (Exists("text"), True),
    (Exists("missing"), False),
    (NotExists("text"), False),
    (NotExists("missing"), True),
    (Equals("text", "mango"), True),
    (Equals("text", "man"), False),
    (Equals("number", 5), True),
    (Equals("number", 5.0), True),
    (Equals("number", "5"), False),
    (Equals("flag", True), True),
    (Equals("flag", 1), False),
    (Equals("number", True), False),
    (Equals("missing", 5), False),
    (Equals("none", None), True),
    (Equals("several", ["a", 1]), True),
    (Equals("several", [1, "a"]), False),
    (Equals("map", {"a": 1}), True),
    (Equals("map", {"a": 2}), False),
    (Not(Equals("missing", 5)), True),
    (LessThan("number", 6), True),
    (LessThan("number", 5), False),
    (LessThan("missing", 6), False),
    (LessThan("text", "n"), True),
    (LessThan("number", "6"), False),
    (LessThan("flag", 6), False),
    (AtMost("number", 5), True),
    (AtMost("number", 4.9), False),
    (GreaterThan("number", 4.9), True),
    (GreaterThan("number", 5), False),
    (GreaterThan("text", "N"), True),
    (AtLeast("number", 5), True),
    (AtLeast("number", 5.1), False),
    (Between("number", 5, 9), True),
    (Between("number", 6, 9), False),
    (Between("text", "a", "z"), True),
    (AttributeIn("text", ("apple", "mango")), True),
    (AttributeIn("text", ("apple",)), False),
    (AttributeIn("missing", ("apple",)), False),
    (BeginsWith("text", "man"), True),
    (BeginsWith("text", "ang"), False),
    (BeginsWith("number", "5"), False),
    (Contains("text", "ang"), True),
    (Contains("text", "x"), False),
    (Contains("several", "a"), True),
    (Contains("several", "b"), False),
    (Contains("number", "5"), False),
    (And((Exists("text"), Exists("number"))), True),
    (And((Exists("text"), Exists("missing"))), False),
    (Or((Exists("missing"), Exists("number"))), True),
    (Or((Exists("missing"), NotExists("number"))), False),
    (Not(Or((Exists("missing"), And((Exists("text"), Equals("number", 6)))))), True),
]


class TestConditions:
    @pytest.mark.parametrize(("condition", "expected"), CONDITIONS, ids=repr)
    def test_a_condition_decides_about_a_put(
        self, table: Table, condition: Condition, expected: bool
    ) -> None:
        before = item(text="mango", number=5, flag=True, none=None, several=["a", 1], map={"a": 1})
        table.put(before)
        if expected:
            table.put(item(new=1), condition)
            assert table.get(A) == item(new=1)
        else:
            with pytest.raises(ConditionFailed):
                table.put(item(new=1), condition)
            assert table.get(A) == before

    def test_an_absent_item_satisfies_not_exists_only(self, table: Table) -> None:
        for condition in (Exists("pk"), Equals("a", 1), LessThan("a", 1), Equals("a", None)):
            with pytest.raises(ConditionFailed):
                table.put(item(), condition)
        table.put(item(), NotExists("pk"))
        with pytest.raises(ConditionFailed):
            table.put(item(), NotExists("pk"))

    def test_a_comparison_with_something_that_has_no_order_is_refused(self) -> None:
        for value in (True, None, [1], {"a": 1}):
            with pytest.raises(InvalidInput):
                LessThan("a", value)  # type: ignore[arg-type]
        with pytest.raises(InvalidInput):
            Between("a", 2, 1)
        with pytest.raises(InvalidInput):
            Between("a", 1, "2")
        with pytest.raises(InvalidInput):
            AttributeIn("a", ())
        with pytest.raises(InvalidInput):
            And(())

    def test_optimistic_locking_lets_one_of_two_writers_win(self, table: Table) -> None:
        table.put(item(version=1))
        table.put(item(version=2, by="first"), Equals("version", 1))
        with pytest.raises(ConditionFailed):
            table.put(item(version=2, by="second"), Equals("version", 1))
        assert table.get(A) == item(version=2, by="first")


class TestUpdate:
    def test_an_update_sets_adds_and_removes(self, table: Table) -> None:
        table.put(item(keep=1, change="a", count=2, drop=True))
        found = table.update(
            A, Changes(set={"change": "b", "new": [1]}, add={"count": 3}, remove=("drop", "no"))
        )
        assert found == item(keep=1, change="b", new=[1], count=5)
        assert table.get(A) == found

    def test_an_update_makes_an_absent_item(self, table: Table) -> None:
        assert table.update(A, Changes(add={"count": 1})) == item(count=1)
        assert table.get(A) == item(count=1)

    def test_decimals_are_added_as_decimals(self, table: Table) -> None:
        table.put(item(cost=0.1))
        assert table.update(A, Changes(add={"cost": 0.2}))["cost"] == 0.3
        assert table.update(A, Changes(add={"cost": -0.3}))["cost"] == 0

    def test_adding_to_text_is_refused(self, table: Table) -> None:
        table.put(item(count="2"))
        with pytest.raises(InvalidInput):
            table.update(A, Changes(add={"count": 1}))

    def test_a_refused_condition_changes_nothing(self, table: Table) -> None:
        table.put(item(count=1))
        with pytest.raises(ConditionFailed):
            table.update(A, Changes(add={"count": 1}), Equals("count", 2))
        with pytest.raises(ConditionFailed):
            table.update(Key("p", "b"), Changes(set={"x": 1}), Exists("pk"))
        assert table.get(A) == item(count=1)
        assert table.get(Key("p", "b")) is None

    def test_an_update_moves_an_item_between_index_partitions(self, table: Table) -> None:
        table.put(item(gsi1pk="NEW", gsi1sk="1"))
        table.update(A, Changes(set={"gsi1pk": "READY"}))
        assert table.query(Query("NEW", index=Index.GSI1)).items == ()
        assert sort_keys(table, Query("READY", index=Index.GSI1)) == ["a"]
        table.update(A, Changes(remove=("gsi1pk",)))
        assert table.query(Query("READY", index=Index.GSI1)).items == ()

    def test_an_update_of_nothing_of_a_key_or_twice_is_refused(self) -> None:
        for wrong in ({}, {"set": {"pk": "x"}}, {"remove": ("sk",)}, {"set": {"a": 1}, "remove": ("a",)}):
            with pytest.raises(InvalidInput):
                Changes(**wrong)  # type: ignore[arg-type]


class TestDelete:
    def test_a_deleted_item_is_gone_and_returned(self, table: Table) -> None:
        table.put(item(x=1))
        assert table.delete(A) == item(x=1)
        assert table.get(A) is None
        assert table.delete(A) is None

    def test_a_refused_condition_keeps_the_item(self, table: Table) -> None:
        table.put(item(x=1))
        with pytest.raises(ConditionFailed):
            table.delete(A, Equals("x", 2))
        assert table.get(A) == item(x=1)


class TestQuery:
    @pytest.fixture(autouse=True)
    def _items(self, table: Table) -> None:
        for sk in ("a", "ab", "abc", "b", "B", "é", "z", "\U0001f6e0", "～"):
            table.put(item(sk, gsi1pk="g", gsi1sk=f"1{sk}", gsi2pk="h", gsi2sk="same"))
        table.put({"pk": "p2", "sk": "a", "gsi1pk": "g2", "gsi1sk": "x"})
        table.put({"pk": "p", "sk": "c", "gsi1pk": "g"})  # half a key: not in the index

    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            (None, ["B", "a", "ab", "abc", "b", "c", "z", "é", "～", "\U0001f6e0"]),
            (SortEquals("ab"), ["ab"]),
            (SortEquals("no"), []),
            (SortBeginsWith("a"), ["a", "ab", "abc"]),
            (SortBeginsWith("abcd"), []),
            (SortBetween("a", "abc"), ["a", "ab", "abc"]),
            (SortBelow("ab"), ["B", "a"]),
            (SortBelow("ab", inclusive=True), ["B", "a", "ab"]),
            (SortAbove("z"), ["é", "～", "\U0001f6e0"]),
            (SortAbove("z", inclusive=True), ["z", "é", "～", "\U0001f6e0"]),
        ],
        ids=repr,
    )
    def test_a_partition_is_read_in_utf8_order(
        self, table: Table, sort: SortCondition | None, expected: list[str]
    ) -> None:
        assert sort_keys(table, Query("p", sort)) == expected
        assert sort_keys(table, Query("p", sort, reverse=True)) == expected[::-1]

    def test_an_index_is_read_by_its_own_keys_and_is_sparse(self, table: Table) -> None:
        found = sort_keys(table, Query("g", SortBeginsWith("1a"), Index.GSI1))
        assert found == ["a", "ab", "abc"]
        assert "c" not in sort_keys(table, Query("g", index=Index.GSI1))

    @pytest.mark.parametrize("limit", [1, 2, 3, 9, 10])
    @pytest.mark.parametrize("reverse", [False, True])
    @pytest.mark.parametrize("index", [None, Index.GSI1, Index.GSI2])
    def test_pages_together_are_the_whole_in_order(
        self, table: Table, index: Index | None, reverse: bool, limit: int
    ) -> None:
        partition = {None: "p", Index.GSI1: "g", Index.GSI2: "h"}[index]
        whole = sort_keys(table, Query(partition, index=index, reverse=reverse))
        query: Query | None = Query(partition, index=index, reverse=reverse, limit=limit)
        seen: list[Value] = []
        while query is not None:
            page = table.query(query)
            assert len(page.items) == limit or page.cursor is None
            seen += [found["sk"] for found in page.items]
            query = None if page.cursor is None else replace(query, cursor=page.cursor)
        if index is Index.GSI2:  # equal sort keys: any order, each once
            whole, seen = sorted(map(str, whole)), sorted(map(str, seen))
        assert seen == whole

    def test_a_page_that_ends_with_the_partition_has_no_cursor(self, table: Table) -> None:
        assert table.query(Query("p", limit=10)).cursor is None
        assert table.query(Query("p", limit=9)).cursor is not None

    def test_a_page_goes_on_after_its_last_item_was_deleted(self, table: Table) -> None:
        page = table.query(Query("p", limit=3))
        table.delete(Key("p", "ab"))
        table.put(item("aba"))
        assert sort_keys(table, Query("p", limit=3, cursor=page.cursor)) == ["aba", "abc", "b"]

    def test_a_cursor_fits_its_own_query_only(self, table: Table) -> None:
        query = Query("g", SortBeginsWith("1"), Index.GSI1, limit=2)
        cursor = table.query(query).cursor
        assert cursor is not None
        assert table.query(replace(query, cursor=cursor, limit=5)).items
        others = [
            replace(query, partition="g2"), replace(query, sort=None), replace(query, sort=SortBeginsWith("1a")),
            replace(query, reverse=True), replace(query, index=Index.GSI2), replace(query, index=None),
        ]  # fmt: skip
        for other in others:
            with pytest.raises(InvalidInput, match="cursor"):
                table.query(replace(other, cursor=cursor))

    def test_a_tampered_cursor_is_refused(self, table: Table) -> None:
        query = Query("p", limit=2)
        cursor = table.query(query).cursor
        assert cursor is not None
        tampered = [
            cursor[:place] + ("A" if letter != "A" else "B") + cursor[place + 1 :]
            for place, letter in enumerate(cursor)
        ]
        for wrong in [*tampered, cursor[:-1], cursor + "A", cursor + "=", "", " ", "é", "null", "x" * 5000]:
            with pytest.raises(InvalidInput, match="cursor"):
                table.query(replace(query, cursor=wrong))

    @pytest.mark.parametrize("limit", [0, -1, 1002])
    def test_a_limit_out_of_bounds_is_refused(self, limit: int) -> None:
        with pytest.raises(InvalidInput, match="limit"):
            Query("p", limit=limit)

    def test_an_empty_prefix_and_a_backward_range_are_refused(self) -> None:
        with pytest.raises(InvalidInput):
            SortBeginsWith("")
        with pytest.raises(InvalidInput):
            SortBetween("b", "a")


class TestQueryMany:
    def test_each_query_gets_its_page_in_order(self, table: Table) -> None:
        for number in range(20):
            table.put({"pk": f"p{number % 10}", "sk": f"{number:02d}"})
        pages = table.query_many([Query(f"p{number}", limit=1) for number in (*range(10), 99)])
        assert [[found["sk"] for found in page.items] for page in pages[:-1]] == [
            [f"{n:02d}"] for n in range(10)
        ]
        assert all(page.cursor is not None for page in pages[:-1])
        assert pages[-1].items == ()
        assert table.query_many([]) == []

    def test_a_query_that_is_refused_refuses_all(self, table: Table) -> None:
        with pytest.raises(InvalidInput, match="cursor"):
            table.query_many([Query("p"), Query("p", cursor="x")])


class TestBatchGet:
    def test_those_that_exist_are_found(self, table: Table) -> None:
        table.put(item("a", x=1))
        table.put(item("b", x=2))
        wanted = [Key("p", "a"), Key("p", "b"), Key("p", "c"), Key("p", "a")]
        assert table.batch_get(wanted) == {Key("p", "a"): item("a", x=1), Key("p", "b"): item("b", x=2)}
        assert table.batch_get([]) == {}

    def test_more_than_100_at_once_are_refused(self, table: Table) -> None:
        with pytest.raises(InvalidInput, match="100"):
            table.batch_get([Key("p", str(n)) for n in range(101)])


class TestTransactWrite:
    def test_all_actions_happen(self, table: Table) -> None:
        table.put(item("b", n=1))
        table.put(item("c"))
        table.put(item("d", ok=True))
        table.transact_write(
            [
                Put(item("a", x=1), NotExists("pk")),
                Update(Key("p", "b"), Changes(add={"n": 1}), Equals("n", 1)),
                Delete(Key("p", "c"), Exists("pk")),
                Check(Key("p", "d"), Equals("ok", True)),
            ]
        )
        assert table.query(Query("p")).items == (item("a", x=1), item("b", n=2), item("d", ok=True))

    def test_one_refusal_undoes_all_and_names_every_failed_action(self, table: Table) -> None:
        table.put(item("b", n=1))
        with pytest.raises(ConditionFailed) as caught:
            table.transact_write(
                [
                    Put(item("a")),
                    Update(Key("p", "b"), Changes(add={"n": 1}), Equals("n", 7)),
                    Delete(Key("p", "c")),
                    Check(Key("p", "d"), Exists("pk")),
                ]
            )
        assert caught.value.failed == (1, 3)
        assert table.query(Query("p")).items == (item("b", n=1),)

    def test_an_invalid_action_undoes_all(self, table: Table) -> None:
        table.put(item("b", n="text"))
        for wrong in (Update(Key("p", "b"), Changes(add={"n": 1})), Put(item("c", x=float("nan")))):
            with pytest.raises(InvalidInput):
                table.transact_write([Put(item("a")), wrong])
        assert table.get(A) is None

    def test_two_actions_on_one_item_are_refused(self, table: Table) -> None:
        with pytest.raises(InvalidInput, match="twice"):
            table.transact_write([Put(item()), Check(A, NotExists("pk"))])

    def test_none_or_more_than_100_actions_are_refused_and_100_done(self, table: Table) -> None:
        for count in (0, 101):
            with pytest.raises(InvalidInput, match="actions"):
                table.transact_write([Put(item(str(n))) for n in range(count)])
        table.transact_write([Put(item(str(n))) for n in range(100)])
        assert len(table.query(Query("p", limit=200)).items) == 100

    def test_more_than_4_mb_are_refused(self, table: Table) -> None:
        with pytest.raises(InvalidInput, match="Split"):
            table.transact_write([Put(item(str(n), text="x" * 390_000)) for n in range(12)])
        assert table.query(Query("p")).items == ()


class TestExpiry:
    def expiring(self, home, seconds: float, **attributes: Value) -> Item:
        return item(expires_at=int(home.clock.now().timestamp() + seconds), **attributes)

    def test_an_item_vanishes_from_every_read_when_its_time_is_up(self, home) -> None:
        table = home.table
        table.put(self.expiring(home, 60, gsi1pk="g", gsi1sk="1"))
        home.clock.advance(59)
        assert table.get(A) is not None
        home.clock.advance(1)
        assert table.get(A) is None
        assert table.batch_get([A]) == {}
        assert table.query(Query("p")).items == ()
        assert table.query(Query("g", index=Index.GSI1)).items == ()

    def test_an_expired_item_counts_as_absent_in_writes(self, home) -> None:
        table = home.table
        for write in (
            lambda: table.put(item(new=1), Exists("pk")),
            lambda: table.update(A, Changes(set={"new": 1}), Equals("old", 1)),
            lambda: table.delete(A, Exists("old")),
        ):
            table.put(self.expiring(home, 60, old=1))
            home.clock.advance(60)
            with pytest.raises(ConditionFailed):
                write()
        assert table.delete(A) is None
        table.put(self.expiring(home, 60, old=1))
        home.clock.advance(60)
        assert table.update(A, Changes(set={"new": 1}), NotExists("pk")) == item(new=1)

    def test_purging_keeps_what_is_alive(self, home) -> None:
        home.table.put(self.expiring(home, 60))
        home.table.put(item("b"))
        home.table.purge_expired()
        home.clock.advance(60)
        home.table.purge_expired()
        assert home.table.get(A) is None
        assert home.table.get(Key("p", "b")) == item("b")

    @pytest.mark.parametrize("value", [1.5, "soon", True, None])
    def test_an_expiry_that_is_no_whole_number_is_refused(self, table: Table, value: Value) -> None:
        with pytest.raises(InvalidInput, match="expires_at"):
            table.put(item(expires_at=value))
