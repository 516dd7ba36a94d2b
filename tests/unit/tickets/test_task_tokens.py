"""Tokens are kept per tenant, ticket and what is waited for."""

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import Conflict
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.tickets.task_tokens import TaskTokens, Waiting


@pytest.fixture
def tokens() -> TaskTokens:
    return TaskTokens(SqliteTable(Database(None), FakeClock()))


def test_a_token_is_found_by_what_it_waits_for(tokens: TaskTokens) -> None:
    tokens.keep("acme", "tkt_1", Waiting.REVIEW, "a")
    tokens.keep("acme", "tkt_1", Waiting.REPLY, "b")
    assert tokens.find("acme", "tkt_1", Waiting.REVIEW) == "a"
    assert tokens.find("acme", "tkt_1", Waiting.REPLY) == "b"


def test_a_repeated_task_replaces_its_token(tokens: TaskTokens) -> None:
    tokens.keep("acme", "tkt_1", Waiting.REVIEW, "a")
    tokens.keep("acme", "tkt_1", Waiting.REVIEW, "b")
    assert tokens.find("acme", "tkt_1", Waiting.REVIEW) == "b"


def test_another_tenant_ticket_or_wait_finds_nothing(tokens: TaskTokens) -> None:
    tokens.keep("acme", "tkt_1", Waiting.REVIEW, "a")
    for tenant, ticket, waiting in (
        ("other", "tkt_1", Waiting.REVIEW),
        ("acme", "tkt_2", Waiting.REVIEW),
        ("acme", "tkt_1", Waiting.REPLY),
    ):
        with pytest.raises(Conflict, match=ticket):
            tokens.find(tenant, ticket, waiting)


def test_a_used_token_is_gone(tokens: TaskTokens) -> None:
    tokens.keep("acme", "tkt_1", Waiting.REVIEW, "a")
    tokens.forget("acme", "tkt_1", Waiting.REVIEW, "a")
    with pytest.raises(Conflict):
        tokens.find("acme", "tkt_1", Waiting.REVIEW)


def test_the_token_of_a_later_run_is_not_dropped_with_the_one_before(tokens: TaskTokens) -> None:
    tokens.keep("acme", "tkt_1", Waiting.REPLY, "a")
    used = tokens.current("acme", "tkt_1", Waiting.REPLY)
    tokens.keep("acme", "tkt_1", Waiting.REPLY, "b")
    tokens.forget("acme", "tkt_1", Waiting.REPLY, used)
    assert tokens.find("acme", "tkt_1", Waiting.REPLY) == "b"
