"""A deployment that the account's concurrency does not let through says so before it begins."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber
from tools.concurrency import LEFT_MIN, refusal, reservations, warning

WANTED = {"rimedio-prod-follow": 5, "rimedio-prod-ingest": 10, "rimedio-prod-webhooks": 20}


def asked(limit: int, free: int, kept: Mapping[str, int] | None = None) -> tuple[Any, Stubber]:
    """Lambda's client with what an account answers; `kept` are reservations of functions that are there."""
    import boto3

    client = boto3.client(
        "lambda", region_name="eu-south-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    stub = Stubber(client)
    answer = {"AccountLimit": {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": free}}
    stub.add_response("get_account_settings", answer, {})
    for name in WANTED:
        if kept is None:
            stub.add_client_error("get_function_concurrency", "ResourceNotFoundException")
        else:
            found = {"ReservedConcurrentExecutions": kept[name]} if kept.get(name) else {}
            stub.add_response("get_function_concurrency", found, {"FunctionName": name})
    return client, stub


@pytest.mark.parametrize(("limit", "refused"), [(10, True), (134, True), (135, False), (1000, False)])
def test_a_reservation_is_refused_beforehand_where_lambda_would_refuse_it(limit: int, refused: bool) -> None:
    client, stub = asked(limit, limit)
    with stub:
        said = refusal(client, WANTED)
    assert (said is not None) is refused
    if said:
        assert f"reserve 35 executions at once; the account may run {limit}" in said
        assert "request-service-quota-increase --service-code lambda --quota-code L-B99A9384" in said
        assert "--region eu-south-1" in said


def test_what_is_reserved_already_is_not_asked_for_again() -> None:
    client, stub = asked(135, LEFT_MIN, kept=WANTED)
    with stub:
        assert refusal(client, WANTED) is None


def test_what_others_reserve_counts() -> None:
    client, stub = asked(1000, 120)
    with stub:
        assert "of which 120 are free" in str(refusal(client, WANTED))


def test_nothing_is_refused_that_reserves_nothing() -> None:
    client, stub = asked(10, 10)
    with stub:
        assert refusal(client, {}) is None


@pytest.mark.parametrize(("limit", "warned"), [(10, True), (99, True), (100, False), (1000, False)])
def test_a_small_account_is_told_that_tickets_will_wait(limit: int, warned: bool) -> None:
    client, stub = asked(limit, limit)
    with stub:
        assert (warning(client) is not None) is warned


@pytest.mark.parametrize(("profile", "kept"), [("frugal", {}), ("scale", WANTED)])
def test_reservations_are_read_out_of_the_templates(
    assembly: Path, profile: str, kept: dict[str, int]
) -> None:
    assert reservations(assembly, "prod", profile) == kept
