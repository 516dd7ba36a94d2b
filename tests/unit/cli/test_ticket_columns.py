"""What of a ticket a line of the terminal has room for."""

import pytest

from rimedio.cli.ticket import columns_for

ID_CHARS = len("tkt_00000000-0000-0000-0000-000000000000")


@pytest.mark.parametrize("width", [40, 80, 81, 105, 110, 200])
def test_an_id_is_never_cut_short(width: int) -> None:
    assert columns_for(width)["ticket"] == ID_CHARS


@pytest.mark.parametrize("width", [80, 81, 107, 110, 200])
def test_a_line_is_no_wider_than_the_terminal(width: int) -> None:
    columns = columns_for(width)
    assert sum(columns.values()) + 2 * (len(columns) - 1) <= width


def test_a_wide_terminal_shows_more_than_a_narrow_one() -> None:
    assert set(columns_for(80)) == {"status", "symptom", "ticket"}
    assert set(columns_for(110)) == {"opened", "status", "model", "code", "symptom", "ticket"}
