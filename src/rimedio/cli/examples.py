"""One example for the help of every command: what a person would type, ready to be changed."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import typer

_TICKET = "tkt_0b7c3c1e"  # shortened, so that the line fits
EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "serve": "serve --demo --port 9000",
        "bedrock-local": "bedrock-local --fault throttling:every=5",
        "sign-in": "sign-in --role technician --subject anna",
        "token": "token --role integration --days 90",
        "ingest": "ingest manuals/ bulletin.pdf",
        "ask": 'ask "E029, it stops after 5 minutes" --model XC-200',
        "eval": "eval --tickets examples/tickets/tickets.jsonl --misses",
        "replay": f"replay {_TICKET} --model extractive",
        "doctor": "doctor --json",
        "demo": "demo --all",
        "costs": "costs --month 2026-01",
        "kb list": "kb list --refused",
        "kb search": 'kb search "the fan is noisy" --model XC-200 --limit 3',
        "kb remove": "kb remove manuals/xc-200.pdf",
        "ticket open": 'ticket open "Shows E029" --product EV_CHARGER --model XC-200',
        "ticket show": f"ticket show {_TICKET} --run",
        "ticket list": "ticket list --status IN_REVIEW --limit 50",
        "ticket review": f"ticket review {_TICKET} APPROVED --by anna",
        "ticket reply": f'ticket reply {_TICKET} "The code is E029"',
        "ticket resolve": f"ticket resolve {_TICKET} --by anna",
        "ticket escalate": f"ticket escalate {_TICKET} --by anna",
        "ticket reopen": f"ticket reopen {_TICKET} --by anna",
        "ticket run": f"ticket run {_TICKET} --payloads",
        "classify train": "classify train examples/training/tickets.csv",
        "classify list": "classify list",
        "classify promote": "classify promote v0002",
        "classify rollback": "classify rollback",
        "classify test": 'classify test "The charger gets hot and stops"',
        "learn status": "learn status",
        "learn retrain": "learn retrain",
        "learn promote": "learn promote",
        "learn rollback": "learn rollback",
        "learn rows": "learn rows --export rows.txt",
        "events list": "events list --from 2026-01-31T08:30:00Z --limit 50",
        "events replay": "events replay --from 2026-01-31T08:00Z --to 2026-01-31T09:00Z",
        "events replays": "events replays",
        "events rules": "events rules",
        "events dead-letters": "events dead-letters",
        "events redrive": "events redrive --all",
        "events schemas": "events schemas rimedio.tickets@TicketOpened",
        "events schedules": "events schedules",
        "webhook add": "webhook add https://example.com/hook --event TicketOpened",
        "webhook list": "webhook list",
        "webhook remove": "webhook remove whk_0b7c",
        "webhook rotate": "webhook rotate whk_0b7c",
        "webhook enable": "webhook enable whk_0b7c",
        "webhook test": "webhook test whk_0b7c",
        "webhook deliveries": "webhook deliveries whk_0b7c --limit 50",
        "webhook redeliver": "webhook redeliver whk_0b7c dlv_12",
        "webhook verify": "webhook verify body.json --id I --timestamp T --signature S",
        "keys rotate": "keys rotate",
        "audit policy": "audit policy policy.json",
        "audit groups": "audit groups template.json",
        "audit template": "audit template template.json",
        "audit account": "audit account --role arn:aws:iam::123456789012:role/auditor",
        "audit may": "audit may policy.json dynamodb:GetItem",
        "asl run": "asl run machine.json --input @input.json --tasks my_tasks",
        "asl resume": "asl resume --db runs.db --tasks my_tasks",
        "asl redrive": "asl redrive order:late --db runs.db --tasks my_tasks",
        "asl list": "asl list --db runs.db --status running",
        "asl describe": "asl describe order:late --db runs.db",
        "asl history": "asl history order:late --db runs.db --type failed --full",
        "asl stop": "asl stop order:late --db runs.db --error Cancelled",
        "asl send-success": "asl send-success 0123456789ab --db runs.db --output @a.json",
        "asl send-failure": "asl send-failure 0123456789ab --db runs.db --error Refused",
        "asl send-heartbeat": "asl send-heartbeat 0123456789ab --db runs.db",
        "asl test": "asl test machine.json cases.json --coverage-min 90",
        "asl validate": "asl validate machine.json",
        "asl graph": "asl graph machine.json --out machine.svg",
        "asl publish": "asl publish machine.json --db runs.db",
        "asl alias": "asl alias order live 1=90 2=10 --db runs.db",
        "asl serve": "asl serve --port 8083 --db runs.db --tasks my_tasks",
    }
)


def add_examples(app: typer.Typer) -> None:
    """Write below the help of every command how it may be called."""
    for name, info in _named(app, ""):
        if name in EXAMPLES:
            info.epilog = f"Example: rimedio {EXAMPLES[name]}"


def _named(app: typer.Typer, before: str) -> Iterator[tuple[str, Any]]:
    """Registered commands by their names."""
    for info in app.registered_commands:
        name = info.name or getattr(info.callback, "__name__", "").replace("_", "-")
        yield f"{before}{name}", info
    for group in app.registered_groups:
        if group.typer_instance is not None:
            yield from _named(group.typer_instance, f"{before}{group.name} ")
