"""How tables, times, durations and amounts look: the same in every command."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rimedio.asl.cli.wording import took
from rimedio.cost.money import nano, said

GAP = 2
SHRINKABLE_CHARS = 12  # what a column that may be folded keeps at least


def moment(at: datetime | None) -> str:
    """`2026-11-24T02:18:16Z`: as `--from` and `--to` take it; nothing for no time."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def minute(at: datetime) -> str:
    """`2026-11-24T02:18Z`, where seconds tell nothing."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def lasted(milliseconds: float) -> str:
    """`58 ms`, `4.30 s`, `4 m 05 s`, `2 h 03 m`."""
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else took(milliseconds / 1000)


def dollars(amount: float | None) -> str:
    """`$1.20`, `$0.000034`; a dash where there is none."""
    return "-" if amount is None else said(nano(amount))


def print_table(
    console: Console,
    titles: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    whole: Collection[str] = (),
    right: Collection[str] = (),
    total: Sequence[str] = (),
) -> None:
    """A table without lines. The columns `whole` are never cut nor folded: the next command takes what they hold.

    Where they leave no room for the others, a line runs over the terminal's edge.
    """
    cells = [[Text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    table = Table(box=None, pad_edge=False, header_style="dim", show_footer=bool(total))
    needed = -GAP
    for at, title in enumerate(titles):
        footer = total[at] if total else ""
        width = max(len(title), len(footer), *(row[at].cell_len for row in cells), 0)
        kept = width if title in whole or title in right else min(width, SHRINKABLE_CHARS)
        needed += kept + GAP
        table.add_column(
            title,
            footer=footer,
            min_width=kept,
            no_wrap=kept == width,
            overflow="fold",
            justify="right" if title in right else "left",
        )
    for row in cells:
        table.add_row(*row)
    console.print(table, width=max(console.width, needed + GAP), crop=False)
