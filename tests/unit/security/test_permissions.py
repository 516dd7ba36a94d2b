"""The matrix of routes and roles."""

import pytest

from rimedio.domain.errors import Forbidden, InvalidInput
from rimedio.security.permissions import MATRIX, PUBLIC, Role, permissions_of, permits, require, roles_of


def test_what_a_technician_may_an_operator_may_and_what_an_operator_may_an_administrator_may() -> None:
    technician, operator, admin = (
        set(permissions_of([role])) for role in (Role.TECHNICIAN, Role.OPERATOR, Role.ADMIN)
    )
    assert technician < operator < admin == set(MATRIX)


def test_a_route_that_nobody_wrote_down_is_for_nobody() -> None:
    assert not permits("GET /v1/secrets", [role.value for role in Role])
    with pytest.raises(Forbidden, match="nobody"):
        require("GET /v1/secrets", ["admin"])


def test_public_routes_want_no_role_and_stand_apart() -> None:
    assert PUBLIC.isdisjoint(MATRIX)
    assert all(permits(route, []) for route in PUBLIC)


def test_a_refusal_names_who_may() -> None:
    with pytest.raises(Forbidden, match=r"admin, operator\. Sign in"):
        require("POST /v1/tickets/{ticket_id}/review", ["technician"])


def test_an_unknown_role_opens_nothing_and_cannot_be_given() -> None:
    assert not permits("GET /v1/me", ["root"])
    with pytest.raises(InvalidInput, match="technician, operator, admin, integration"):
        roles_of(["root"])
