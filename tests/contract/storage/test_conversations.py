"""What the conversation store does over every table."""

from datetime import timedelta

import pytest

from rimedio.domain.conversation import Author, Message
from rimedio.domain.errors import ConditionFailed
from rimedio.storage.conversations import ConversationStore


@pytest.fixture
def store(home) -> ConversationStore:
    return ConversationStore(home.table)


def message(home, number: int, **fields) -> Message:
    given = {
        "message_id": f"msg_{number}", "tenant_id": "acme", "session_id": "ses_1", "author": Author.CUSTOMER,
        "text": f"Message {number}", "created_at": home.clock.now() + timedelta(seconds=number),
    }  # fmt: skip
    return Message(**(given | fields))


def test_messages_are_read_in_the_order_they_were_written(store: ConversationStore, home) -> None:
    for number in (2, 0, 1):
        store.add(message(home, number))
    store.add(message(home, 3, session_id="ses_2"))
    store.add(message(home, 4, tenant_id="other"))
    ordered = tuple(message(home, number) for number in range(3))
    assert store.messages("acme", "ses_1").messages == ordered
    page = store.messages("acme", "ses_1", newest_first=True, limit=2)
    rest = store.messages("acme", "ses_1", newest_first=True, limit=2, cursor=page.cursor)
    assert page.messages + rest.messages == ordered[::-1]


def test_a_message_is_written_once(store: ConversationStore, home) -> None:
    store.add(message(home, 1))
    with pytest.raises(ConditionFailed):
        store.add(message(home, 1, text="changed"))
    assert store.messages("acme", "ses_1").messages[0].text == "Message 1"


def test_a_message_vanishes_when_its_time_is_up(store: ConversationStore, home) -> None:
    store.add(message(home, 0), keep_for=timedelta(days=30))
    store.add(message(home, 1))
    home.clock.advance(30 * 24 * 3600)
    assert store.messages("acme", "ses_1").messages == (
        message(home, 1, created_at=home.clock.now() - timedelta(days=30) + timedelta(seconds=1)),
    )
