"""Values in DynamoDB's typed JSON come back as they went, and so do records of its streams."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rimedio.domain.errors import InvalidInput, StorageFailed
from rimedio.storage.dynamodb_records import change_of
from rimedio.storage.dynamodb_values import attribute_of, attributes_of, number_of, value_of
from rimedio.storage.streams import Change, ChangeKind
from rimedio.storage.table import Key
from rimedio.storage.values import FLOAT_MAX, INTEGER_MAX, canonical, canonical_item, same

STEADY = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

numbers = st.integers(-INTEGER_MAX - 1, INTEGER_MAX) | st.floats(-FLOAT_MAX, FLOAT_MAX, allow_nan=False)
leaves = st.none() | st.booleans() | numbers | st.text(st.characters(codec="utf-8")) | st.binary()
values = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner), max_leaves=12
)


@STEADY
@given(values)
def test_every_value_comes_back_as_it_went(value) -> None:
    kept = canonical(value)
    back = value_of(attribute_of(kept))
    assert same(back, kept)
    assert canonical(back) == back


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("1.0", 1),
        ("1E+2", 100),
        ("-0", 0),
        ("0.1", 0.1),
        ("9223372036854775807", 2**63 - 1),
        ("1E22", 1e22),
    ],
)
def test_a_number_is_whole_where_it_can_be(text: str, number: float) -> None:
    assert repr(number_of(text)) == repr(number)


def test_a_set_is_not_rimedios() -> None:
    with pytest.raises(StorageFailed, match="SS"):
        value_of({"SS": ["a"]})


def in_base64(attribute):
    """An attribute as JSON carries it."""
    ((kind, found),) = attribute.items()
    if kind == "B":
        return {"B": base64.b64encode(found).decode()}
    if kind == "M":
        return {"M": {name: in_base64(inner) for name, inner in found.items()}}
    if kind == "L":
        return {"L": [in_base64(inner) for inner in found]}
    return attribute


def record(**more):
    item = attributes_of(
        canonical_item({"pk": "p", "sk": "s", "raw": b"\x00\xff", "in": [{"raw": b"x"}], "n": 1.5})[0]
    )
    return {
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "ApproximateCreationDateTime": 1767225600.5,
            "Keys": {"pk": {"S": "p"}, "sk": {"S": "s"}},
            "NewImage": {name: in_base64(attribute) for name, attribute in item.items()},
            "SequenceNumber": "4421584500000000017450439091",
        },
        **more,
    }


def test_a_record_of_a_lambda_event_is_a_change() -> None:
    assert change_of(record()) == Change(
        sequence="0000000000004421584500000000017450439091",
        kind=ChangeKind.INSERT,
        key=Key("p", "s"),
        old=None,
        new={"pk": "p", "sk": "s", "raw": b"\x00\xff", "in": [{"raw": b"x"}], "n": 1.5},
        at=datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("who", "expired"),
    [
        ({"type": "Service", "principalId": "dynamodb.amazonaws.com"}, True),
        ({"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}, True),  # as the Streams API spells it
        ({"type": "Service", "principalId": "replication.dynamodb.amazonaws.com"}, False),
        (None, False),
    ],
)
def test_a_removal_by_the_time_to_live_is_told_from_one_by_a_caller(who, expired: bool) -> None:
    assert change_of(record(eventName="REMOVE", userIdentity=who)).expired is expired


def test_what_is_no_record_is_refused_in_words() -> None:
    for wrong in ({}, record(eventName="COPY"), {**record(), "dynamodb": {"Keys": {}}}):
        with pytest.raises(InvalidInput, match="trigger"):
            change_of(wrong)
