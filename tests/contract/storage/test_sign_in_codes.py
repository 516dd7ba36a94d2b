"""Invitations in the table, whichever it is: once, within a quarter of an hour, and unreadable where they lie."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import RimedioError, Throttled, Unauthorized
from rimedio.security.permissions import Role
from rimedio.security.sign_in import digest_of
from rimedio.storage import keys
from rimedio.storage.sign_in_codes import KIND, SERVICE, TableSignInCodes
from rimedio.storage.table import EXPIRES_AT, Table


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def codes(table: Table, clock: FakeClock) -> TableSignInCodes:
    return TableSignInCodes(table, clock)


def test_an_invitation_made_elsewhere_signs_in_once(table: Table, clock: FakeClock) -> None:
    code = TableSignInCodes(table, clock).make("anna", "acme", [Role.OPERATOR])
    codes = TableSignInCodes(table, clock)

    found = codes.redeem(code)

    assert (found.subject, found.tenant_id, found.roles) == ("anna", "acme", {Role.OPERATOR})
    with pytest.raises(Unauthorized, match="used already"):
        codes.redeem(code)


def test_an_invitation_dies_after_fifteen_minutes(codes: TableSignInCodes, clock: FakeClock) -> None:
    code = codes.make("anna", "acme", [Role.ADMIN])
    clock.advance(15 * 60)

    with pytest.raises(Unauthorized):
        codes.redeem(code)


def test_the_table_shows_no_code_and_forgets_it_by_itself(
    codes: TableSignInCodes, table: Table, clock: FakeClock
) -> None:
    code = codes.make("anna", "acme", [Role.ADMIN]).replace("-", "")

    item = table.get(keys.LINK.key(tenant=SERVICE, kind=KIND, name=digest_of(code)))

    assert item is not None
    assert code not in str(item).upper()
    assert item[EXPIRES_AT] == int(clock.now().timestamp()) + 15 * 60


def test_of_many_who_try_at_once_one_wins(codes: TableSignInCodes) -> None:
    code = codes.make("anna", "acme", [Role.ADMIN])

    def attempt(number: int) -> bool:
        try:
            codes.redeem(code, f"10.0.0.{number}")
        except RimedioError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_guessing_is_stopped(codes: TableSignInCodes) -> None:
    for _ in range(10):
        with pytest.raises(Unauthorized):
            codes.redeem("WRONG", "10.0.0.1")

    with pytest.raises(Throttled):
        codes.redeem("WRONG", "10.0.0.1")
