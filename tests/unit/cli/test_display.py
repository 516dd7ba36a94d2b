"""Tables, times, durations and amounts, the same in every command."""

import io
from datetime import UTC, datetime, timedelta, timezone

import pytest
from rich.console import Console

from rimedio.cli.display import dollars, lasted, minute, moment, print_table

ID = "tkt_00000000-0000-0000-0000-000000000000"


def printed(width: int, *titles: str, row: tuple[str, ...], **options: object) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    print_table(console, titles, [row], **options)  # type: ignore[arg-type]
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_an_id_stands_on_one_line_however_narrow_the_terminal(width: int) -> None:
    lines = printed(width, "id", "why", row=(ID, "a reason that is rather long " * 4), whole=("id",))
    assert sum(ID in line for line in lines) == 1


def test_what_is_no_id_is_folded_and_nothing_of_it_is_lost() -> None:
    lines = printed(80, "why", "id", row=("word " * 30, ID), whole=("id",))
    assert sum(line.count("word") for line in lines) == 30
    assert max(map(len, lines)) <= 80


def test_two_ids_run_over_the_edge_rather_than_being_cut() -> None:
    lines = printed(80, "a", "b", row=(ID, ID), whole=("a", "b"))
    assert sum(line.count(ID) for line in lines) == 2


def test_a_time_is_in_utc_and_says_so() -> None:
    at = datetime(2026, 11, 24, 3, 18, 16, tzinfo=timezone(timedelta(hours=1)))
    assert (moment(at), minute(at), moment(None)) == ("2026-11-24T02:18:16Z", "2026-11-24T02:18Z", "")
    assert datetime.fromisoformat(minute(at)) == at.astimezone(UTC).replace(second=0)


@pytest.mark.parametrize(
    ("milliseconds", "told"),
    [(0, "0 ms"), (58.4, "58 ms"), (4300, "4.30 s"), (43301, "43 s"), (245_000, "4 m 05 s")],
)
def test_a_duration_is_told_in_the_unit_that_people_would_take(milliseconds: float, told: str) -> None:
    assert lasted(milliseconds) == told


@pytest.mark.parametrize(
    ("amount", "told"), [(None, "-"), (0.0, "$0.00"), (1.5, "$1.50"), (0.0042, "$0.0042")]
)
def test_an_amount_is_told_the_same_everywhere(amount: float | None, told: str) -> None:
    assert dollars(amount) == told
