"""Pages of training rows: a row that comes or goes between two of them moves no other one."""

from datetime import UTC, datetime, timedelta

import pytest

from rimedio.domain.errors import UnknownCursor
from rimedio.lambdas.routes.learning import RowsQuery, RowView, page_of
from rimedio.learning.observations import Origin
from rimedio.learning.rows import TrainingRow

AT = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)


def view(number: int) -> RowView:
    at = AT + timedelta(minutes=number // 2)  # two at the same moment
    text = f"the dial {number} is wrong"
    return RowView(
        row=TrainingRow(f"row_{number}", "acme", "tkt", text, "SENSOR", "THERMAL", Origin.REVIEW, "anna", at)
    )


ROWS = [view(number) for number in range(8)]


def ids(views: tuple[RowView, ...]) -> list[int]:
    return [int(view.row.row_id.removeprefix("row_")) for view in views]


def test_pages_follow_each_other_to_the_end() -> None:
    query, seen = RowsQuery(limit=3), []
    while True:
        page = page_of(ROWS, query)
        seen.append(ids(page.items))
        if page.next_cursor is None:
            break
        query = RowsQuery(limit=3, cursor=page.next_cursor)
    assert seen == [[0, 1, 2], [3, 4, 5], [6, 7]]
    assert page_of([], RowsQuery()).next_cursor is None
    assert page_of(ROWS, RowsQuery(limit=8)).next_cursor is None


def test_a_row_that_is_ruled_on_or_comes_in_between_moves_no_other_one() -> None:
    cursor = page_of(ROWS[:6], RowsQuery(limit=2)).next_cursor
    assert ids(page_of([*ROWS[1:6], *ROWS[6:]], RowsQuery(limit=3, cursor=cursor)).items) == [2, 3, 4]
    assert ids(page_of(ROWS[2:], RowsQuery(limit=3, cursor=cursor)).items) == [2, 3, 4]


def test_a_cursor_of_the_other_list_is_refused() -> None:
    cursor = page_of(ROWS, RowsQuery(limit=2)).next_cursor
    for wrong in ("2", cursor):
        with pytest.raises(UnknownCursor):
            page_of(ROWS, RowsQuery(limit=2, cursor=wrong, set_aside=False))
