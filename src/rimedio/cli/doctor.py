"""`rimedio doctor`: is everything that must be on really on? Each check exercises the part it speaks of."""

import typer
from rich.padding import Padding
from rich.text import Text

from rimedio.cli.output import Json, print_json, terminal
from rimedio.cli.session import session_of
from rimedio.health import examine

UNHEALTHY = 8


def doctor(context: typer.Context, json: Json = False) -> None:
    """Exercise the embedder, the guardrails, the index, the database, the workflow; fail when one is off."""
    with session_of(context).open(read_only=True) as rimedio:
        findings = examine(rimedio)
    if json:
        print_json([{"check": f.check, "ok": f.ok, "detail": f.detail, "remedy": f.remedy} for f in findings])
    else:
        for f in findings:
            line = Text.assemble(
                ("✓ ", "green") if f.ok else ("✗ ", "bold red"), (f"{f.check:12}", "bold"), f.detail
            )
            terminal().print(line)
            if not f.ok:
                terminal().print(Padding(Text(f"→ {f.remedy}", style="yellow"), (0, 0, 0, 2), expand=False))
    if not all(f.ok for f in findings):
        raise SystemExit(UNHEALTHY)
