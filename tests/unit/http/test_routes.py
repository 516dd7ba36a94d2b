"""Paths to routes."""

import pytest

from rimedio.http.routes import RouteTable

TABLE = RouteTable(
    [
        ("GET", "/v1/tickets"),
        ("POST", "/v1/tickets"),
        ("GET", "/v1/tickets.csv"),
        ("GET", "/v1/tickets/{ticket_id}"),
        ("GET", "/v1/tickets/{ticket_id}/run"),
        ("GET", "/v1/events/stream"),
        ("PUT", "/v1/events/{name}"),
        ("PUT", "/v1/uploads/{upload_id}/parts/{number}"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "resource", "parameters"),
    [
        ("GET", "/v1/tickets", "/v1/tickets", {}),
        ("GET", "/v1/tickets.csv", "/v1/tickets.csv", {}),
        ("GET", "/v1/tickets/t1", "/v1/tickets/{ticket_id}", {"ticket_id": "t1"}),
        ("GET", "/v1/tickets/t1/run", "/v1/tickets/{ticket_id}/run", {"ticket_id": "t1"}),
        ("GET", "/v1/events/stream", "/v1/events/stream", {}),
        ("PUT", "/v1/events/stream", "/v1/events/{name}", {"name": "stream"}),
        (
            "PUT",
            "/v1/uploads/u/parts/3",
            "/v1/uploads/{upload_id}/parts/{number}",
            {"upload_id": "u", "number": "3"},
        ),
    ],
)
def test_a_path_finds_its_route(method: str, path: str, resource: str, parameters: dict[str, str]) -> None:
    found = TABLE.find(method, path)

    assert found is not None
    assert (found.resource, found.parameters) == (resource, parameters)


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/tickets/", "/v1/tickets//run", "/v1/tickets/t1/run/x", "/v2/x"]
)
def test_what_fits_no_route_is_not_found(path: str) -> None:
    assert TABLE.find("GET", path) is None


def test_the_methods_of_a_path_are_known() -> None:
    assert TABLE.methods("/v1/tickets") == ("GET", "POST")
    assert TABLE.methods("/v1/nothing") == ()
