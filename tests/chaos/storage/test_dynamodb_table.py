"""What the table does when DynamoDB throttles, fails, hangs, or loses its answers."""

from collections.abc import Callable

import pytest

from rimedio.aws.faults import (
    Denied,
    Fault,
    NoConnection,
    Refusal,
    Reset,
    ServerError,
    Throttle,
    Timeout,
    canceled,
    nothing_processed,
)  # fmt: skip
from rimedio.domain.errors import (
    ConditionFailed,
    Forbidden,
    RimedioError,
    StorageFailed,
    Throttled,
    Unavailable,
)
from rimedio.storage.conditions import Equals, NotExists
from rimedio.storage.table import Changes, Key, Put, Query, Table, Update

A = Key("p", "a")
PASSING = [Throttle(), ServerError(500), ServerError(503), Timeout(), Reset(), NoConnection()]
LOST = [Timeout(carried_out=True), Reset(carried_out=True)]
CALLS: dict[str, tuple[str, Callable[[Table], object]]] = {
    "GetItem": ("get_item", lambda table: table.get(A)),
    "PutItem": ("put_item", lambda table: table.put({"pk": "p", "sk": "new"})),
    "UpdateItem": ("update_item", lambda table: table.update(A, Changes(set={"n": 2}))),
    "DeleteItem": ("delete_item", lambda table: table.delete(A)),
    "Query": ("query", lambda table: table.query(Query("p"))),
    "BatchGetItem": ("batch_get_item", lambda table: table.batch_get([A])),
    "TransactWriteItems": (
        "transact_write_items",
        lambda table: table.transact_write([Put({"pk": "p", "sk": "new"})]),
    ),
}


@pytest.mark.parametrize("operation", CALLS)
def test_every_call_outlives_two_faults_of_each_kind(ground, operation: str) -> None:
    ground.table.put({"pk": "p", "sk": "a", "n": 1})
    for fault in PASSING:
        ground.faults.clear()
        ground.faults.on("dynamodb", operation, fault, calls=(1, 2))
        CALLS[operation][1](ground.table)
        assert ground.faults.count("dynamodb", operation) >= 3


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Throttle(), Throttled),
        (ServerError(503), Unavailable),
        (Timeout(), Unavailable),
        (NoConnection(), Unavailable),
        (Denied(), Forbidden),
        (Refusal("ResourceNotFoundException"), StorageFailed),
    ],
    ids=repr,
)
def test_a_lasting_fault_is_an_error_that_says_what_failed(
    ground, operation: str, fault: Fault, error: type[RimedioError]
) -> None:
    ground.faults.on("dynamodb", operation, fault)
    with pytest.raises(error, match="Amazon DynamoDB failed while") as caught:
        CALLS[operation][1](ground.table)
    assert type(caught.value) is error


@pytest.mark.parametrize("lost", LOST, ids=repr)
class TestLostAnswers:
    """The service did it, the answer was lost, botocore asks again."""

    def test_a_put_that_was_done_is_not_refused_by_its_own_condition(self, ground, lost: Fault) -> None:
        ground.faults.on("dynamodb", "PutItem", lost, calls=(1,))
        ground.table.put({"pk": "p", "sk": "a", "n": 1}, NotExists("pk"))
        assert ground.table.get(A) == {"pk": "p", "sk": "a", "n": 1}

    def test_a_put_that_another_was_quicker_with_is_refused_all_the_same(self, ground, lost: Fault) -> None:
        ground.table.put({"pk": "p", "sk": "a", "by": "another"})
        ground.faults.on("dynamodb", "PutItem", lost, calls=(1,))
        with pytest.raises(ConditionFailed):
            ground.table.put({"pk": "p", "sk": "a", "by": "me"}, NotExists("pk"))

    def test_a_change_of_version_counts_once(self, ground, lost: Fault) -> None:
        ground.table.put({"pk": "p", "sk": "a", "version": 1, "draft": "x"})
        ground.faults.on("dynamodb", "UpdateItem", lost, calls=(1,))
        changes = Changes(set={"version": 2}, remove=("draft",))
        assert ground.table.update(A, changes, Equals("version", 1)) == {"pk": "p", "sk": "a", "version": 2}

    def test_a_sum_is_added_once(self, ground, lost: Fault) -> None:
        ground.table.put({"pk": "p", "sk": "a", "cost": 1})
        ground.faults.on("dynamodb", "TransactWriteItems", lost, calls=(1,))
        assert ground.table.update(A, Changes(add={"cost": 2}))["cost"] == 3
        assert ground.table.get(A) == {"pk": "p", "sk": "a", "cost": 3}

    def test_a_transaction_happens_once(self, ground, lost: Fault) -> None:
        ground.table.put({"pk": "p", "sk": "a", "cost": 1})
        ground.faults.on("dynamodb", "TransactWriteItems", lost, calls=(1, 2))
        ground.table.transact_write(
            [Update(A, Changes(add={"cost": 2})), Put({"pk": "p", "sk": "b"}, NotExists("pk"))]
        )
        assert [item.get("cost") for item in ground.table.query(Query("p")).items] == [3, None]


class TestConflicts:
    def test_a_transaction_waits_while_another_holds_an_item(self, ground) -> None:
        ground.faults.on("dynamodb", "TransactWriteItems", canceled("TransactionConflict"), calls=(1, 2, 3))
        before = ground.clock.now()
        ground.table.transact_write([Put({"pk": "p", "sk": "a"})])
        waited = (ground.clock.now() - before).total_seconds()
        assert waited == pytest.approx(0.1 + 0.2 + 0.4)  # doubling, here without jitter
        assert ground.table.get(A) is not None

    @pytest.mark.parametrize(
        "code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
    )
    def test_a_transaction_that_never_gets_through_says_so_and_writes_nothing(
        self, ground, code: str
    ) -> None:
        ground.faults.on("dynamodb", "TransactWriteItems", canceled("None", code))
        with pytest.raises(Throttled):
            ground.table.transact_write([Put({"pk": "p", "sk": "a"}), Put({"pk": "p", "sk": "b"})])
        assert ground.faults.count("dynamodb", "TransactWriteItems") == 8
        assert ground.table.query(Query("p")).items == ()

    def test_a_conflict_hides_no_refusal(self, ground) -> None:
        ground.faults.on(
            "dynamodb",
            "TransactWriteItems",
            canceled("ConditionalCheckFailed", "TransactionConflict"),
            calls=(1,),
        )
        ground.table.put({"pk": "p", "sk": "b", "n": 1})
        with pytest.raises(ConditionFailed) as caught:
            ground.table.transact_write(
                [Put({"pk": "p", "sk": "a"}, Equals("n", 1)), Put({"pk": "p", "sk": "b"}, Equals("n", 2))]
            )
        assert caught.value.failed == (0, 1)

    @pytest.mark.parametrize("code", ["TransactionConflictException", "ReplicatedWriteConflictException"])
    def test_a_single_write_waits_while_another_one_holds_its_item(self, ground, code: str) -> None:
        ground.faults.on("dynamodb", "PutItem", Refusal(code), calls=(1, 2, 3))
        ground.table.put({"pk": "p", "sk": "a"})
        assert ground.table.get(A) is not None


class TestBatches:
    def test_keys_that_were_left_are_asked_for_again(self, ground) -> None:
        for n in range(5):
            ground.table.put({"pk": "p", "sk": str(n)})
        ground.faults.on("dynamodb", "BatchGetItem", nothing_processed(), calls=(1, 2))
        assert len(ground.table.batch_get([Key("p", str(n)) for n in range(5)])) == 5

    def test_keys_that_are_always_left_are_no_silent_gap(self, ground) -> None:
        ground.table.put({"pk": "p", "sk": "a"})
        ground.faults.on("dynamodb", "BatchGetItem", nothing_processed())
        with pytest.raises(Throttled, match="1 items unread"):
            ground.table.batch_get([A])


class TestStream:
    def test_a_reader_outlives_faults_and_misses_nothing(self, ground) -> None:
        for n in range(3):
            ground.table.put({"pk": "p", "sk": "a", "n": n})
        for operation in ("DescribeStream", "GetShardIterator", "GetRecords"):
            ground.faults.on("dynamodbstreams", operation, Throttle(), calls=(1,))
            ground.faults.on("dynamodbstreams", operation, Reset(), calls=(2,))
        assert [change.new["n"] for change in ground.stream.read("mail")] == [0, 1, 2]

    def test_an_iterator_that_expired_is_made_anew(self, ground) -> None:
        ground.table.put({"pk": "p", "sk": "a", "n": 0})
        ground.stream.acknowledge("mail", ground.stream.read("mail")[-1])
        ground.table.put({"pk": "p", "sk": "a", "n": 1})
        sent = ground.faults.count("dynamodbstreams", "GetRecords")
        ground.faults.on(
            "dynamodbstreams", "GetRecords", Refusal("ExpiredIteratorException"), calls=(sent + 1,)
        )
        assert [change.new["n"] for change in ground.stream.read("mail")] == [1]

    def test_changes_that_dynamodb_dropped_are_passed_and_said(self, ground, caplog) -> None:
        ground.table.put({"pk": "p", "sk": "a", "n": 0})
        ground.faults.on("dynamodbstreams", "GetRecords", Refusal("TrimmedDataAccessException"), calls=(1,))
        assert [change.new["n"] for change in ground.stream.read("mail")] == [0]
        assert "older than a day" in caplog.text

    def test_a_lasting_fault_is_told_and_nothing_is_lost_by_it(self, ground) -> None:
        ground.table.put({"pk": "p", "sk": "a", "n": 0})
        ground.faults.on("dynamodbstreams", "GetRecords", ServerError(500))
        with pytest.raises(Unavailable):
            ground.stream.read("mail")
        ground.faults.clear()
        assert [change.new["n"] for change in ground.stream.read("mail")] == [0]

    def test_an_acknowledgement_that_failed_is_delivered_again(self, ground) -> None:
        for n in range(2):
            ground.table.put({"pk": "p", "sk": "a", "n": n})
        first = ground.stream.read("mail", 1)
        sent = ground.faults.count("dynamodb", "PutItem")
        ground.faults.on("dynamodb", "PutItem", ServerError(500), calls=range(sent + 1, sent + 4))
        with pytest.raises(Unavailable):
            ground.stream.acknowledge("mail", first[0])
        assert ground.stream.read("mail", 1) == first
