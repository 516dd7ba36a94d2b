"""Domain objects survive storage unchanged, whatever they hold."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rimedio.domain.answer import Decision, Solution
from rimedio.domain.clock import FakeClock
from rimedio.domain.conversation import Message
from rimedio.domain.errors import StorageFailed
from rimedio.domain.feedback import Feedback
from rimedio.domain.ticket import Asset, Attachment, Customer, Ticket
from rimedio.storage import keys
from rimedio.storage.codec import from_item, to_attributes, to_value
from rimedio.storage.database import Database
from rimedio.storage.documents import DocumentRecord
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.table import Key

TABLE = SqliteTable(Database(None), FakeClock())
SLOW = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(lambda t: t.strip() == t)
times = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ids = st.uuids().map(lambda u: f"tkt_{u}")
emails = st.from_regex(r"\A[a-z]{1,9}@[a-z]{1,9}\.[a-z]{2,5}\Z")
customers = st.builds(Customer, id=text, name=text, contact_email=st.none() | emails)
assets = st.builds(
    Asset, product_type=text, model=text, serial=text, firmware_version=st.none() | text,
    installation_date=st.none() | st.dates(),
)  # fmt: skip
attachments = st.builds(Attachment, id=text, uri=text, name=st.none() | text, text=st.none() | text)
tickets = st.builds(
    Ticket, ticket_id=ids, tenant_id=text, customer=customers, asset=assets,
    symptom_text=st.text(st.characters(codec="utf-8"), min_size=10, max_size=200).filter(
        lambda t: len(t.strip()) >= 10
    ),
    error_code=st.none() | st.text(st.characters(codec="utf-8"), max_size=20),
    attachments=st.lists(attachments, max_size=3).map(tuple), lang=st.sampled_from([None, "it", "en"]),
    metadata=st.dictionaries(text, st.text(st.characters(codec="utf-8")), max_size=3), created_at=times,
    updated_at=times, execution_id=st.none() | text, solution_id=st.none() | text, category=st.none() | text,
    status_reason=st.none() | text, version=st.integers(1, 10**9),
)  # fmt: skip

# Whatever the dataclass says, with text that UTF-8 can write and finite numbers.
for kind, strategy in (
    (str, st.text(st.characters(codec="utf-8"), max_size=20)),
    (float, st.just(0.0) | st.floats(1e-100, 1)),
    (int, st.integers(-(2**63), 2**63 - 1)),
):
    st.register_type_strategy(kind, strategy)
features = st.dictionaries(text, st.from_type(float), max_size=3)
st.register_type_strategy(Decision, st.builds(Decision, features=features))


@SLOW
@given(tickets)
def test_a_ticket_survives(ticket: Ticket) -> None:
    item = to_attributes(ticket) | keys.TICKET.attributes(**(keys.EXAMPLE))
    TABLE.put(item)
    found = TABLE.get(keys.TICKET.key(**keys.EXAMPLE))
    assert found is not None
    assert from_item(Ticket, found) == ticket


@SLOW
@given(st.from_type(Solution))
def test_a_solution_survives(solution: Solution) -> None:
    TABLE.put({"pk": "p", "sk": "s", "solution": to_value(solution)})
    found = TABLE.get(Key("p", "s"))
    assert found is not None
    assert from_item(Solution, found, "solution") == solution


@SLOW
@given(
    st.builds(
        Feedback, created_at=times, rating=st.integers(1, 5), accuracy=st.none() | st.integers(1, 5),
        completeness=st.none() | st.integers(1, 5), time_to_resolution_minutes=st.none() | st.integers(0, 10**6),
        comments=st.none() | text, corrections=st.none() | text,
    )
)  # fmt: skip
def test_feedback_survives(feedback: Feedback) -> None:
    TABLE.put({"pk": "p", "sk": "f"} | to_attributes(feedback))
    found = TABLE.get(Key("p", "f"))
    assert found is not None
    assert from_item(Feedback, found) == feedback


@SLOW
@given(st.builds(DocumentRecord, updated_at=times), st.builds(Message, created_at=times, text=text))
def test_records_and_messages_survive(record: DocumentRecord, message: Message) -> None:
    for value in (record, message):
        TABLE.put({"pk": "p", "sk": "d"} | to_attributes(value))
        found = TABLE.get(Key("p", "d"))
        assert found is not None
        assert from_item(type(value), found) == value


def test_an_item_that_is_no_ticket_says_which_and_what_is_wrong() -> None:
    with pytest.raises(StorageFailed, match=r"p / s .*tenant_id|p / s .*customer") as caught:
        from_item(Ticket, {"pk": "p", "sk": "s", "ticket_id": "x"})
    assert "backup" in str(caught.value)
