"""`rimedio webhook`: who is told over HTTP, and what became of each message."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from rimedio.cli.display import print_table
from rimedio.cli.output import Json, print_json, terminal
from rimedio.cli.session import session_of
from rimedio.domain.codec import to_json
from rimedio.domain.errors import InvalidInput
from rimedio.events.detail_types import DetailType

if TYPE_CHECKING:
    from rimedio.events.webhooks import Registered, Webhook

app = typer.Typer(help="Webhooks: signed messages to other systems.", no_args_is_help=True)

WebhookId = Annotated[str, typer.Argument(help="Webhook id, such as whk_0b7c…")]
BODY_BYTES_MAX = 1024 * 1024


@app.command()
def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="Where to post: https, and a public address.")],
    event: Annotated[list[DetailType], typer.Option(help="Kind of event to be told of; repeatable.")],
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    json: Json = False,
) -> None:
    """Register a webhook; its secret is printed this once."""
    with session_of(context).open() as rimedio:
        made = rimedio.eventing.webhooks.register(rimedio.tenant, url, tuple(event), description)
    _print_secret(made, as_json=json)


@app.command("list")
def list_webhooks(context: typer.Context, json: Json = False) -> None:
    """Print the webhooks and how their receivers are doing."""
    with session_of(context).open(read_only=True) as rimedio:
        found = rimedio.eventing.webhooks.store.list(rimedio.tenant)
    if json:
        print_json([_plain(webhook) for webhook in found])
        return
    if not found:
        terminal().print("No webhooks yet. Register one: rimedio webhook add --help")
        return
    rows = ((w.webhook_id, w.url, ", ".join(w.events), _state(w)) for w in found)
    print_table(terminal(), ("webhook", "url", "events", "state"), rows, whole=("webhook",))


@app.command()
def remove(context: typer.Context, webhook_id: WebhookId, json: Json = False) -> None:
    """Remove a webhook; what still waits for it is dropped."""
    with session_of(context).open() as rimedio:
        rimedio.eventing.webhooks.remove(rimedio.tenant, webhook_id)
    _done(f"{webhook_id} is removed.", {"webhook_id": webhook_id, "removed": True}, as_json=json)


@app.command()
def rotate(context: typer.Context, webhook_id: WebhookId, json: Json = False) -> None:
    """Give a webhook a new secret; the old one signs as well for a day."""
    with session_of(context).open() as rimedio:
        made = rimedio.eventing.webhooks.change_secret(rimedio.tenant, webhook_id)
    _print_secret(made, as_json=json)


@app.command()
def enable(context: typer.Context, webhook_id: WebhookId, json: Json = False) -> None:
    """Deliver again to a webhook that was disabled."""
    with session_of(context).open() as rimedio:
        rimedio.eventing.webhooks.enable(rimedio.tenant, webhook_id)
    _done(f"{webhook_id} is enabled.", {"webhook_id": webhook_id, "enabled": True}, as_json=json)


@app.command("test")
def send_test(context: typer.Context, webhook_id: WebhookId, json: Json = False) -> None:
    """Put a test message into the queue; the service delivers it when it runs."""
    with session_of(context).open() as rimedio:
        delivery = rimedio.eventing.send_to_webhook.test(rimedio.tenant, webhook_id)
    said = f"Delivery {delivery} is in the queue. The service sends it when it runs."
    _done(said, {"webhook_id": webhook_id, "delivery_id": delivery}, as_json=json)


@app.command()
def deliveries(
    context: typer.Context,
    webhook_id: WebhookId,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 20,
    json: Json = False,
) -> None:
    """Print what was delivered, the newest event first."""
    with session_of(context).open(read_only=True) as rimedio:
        rimedio.eventing.webhooks.store.get(rimedio.tenant, webhook_id)
        page = rimedio.eventing.webhook_log.list(rimedio.tenant, webhook_id, limit=limit)
    if json:
        print_json([to_json(record) for record in page.items])
        return
    if not page.items:
        terminal().print("No deliveries yet.")
        return
    titles = ("event", "status", "tries", "answer", "delivery")
    rows = (
        (r.detail_type, r.status.value, str(r.attempts), str(r.response_code or r.error or ""), r.delivery_id)
        for r in page.items
    )
    print_table(terminal(), titles, rows, whole=("delivery",), right=("tries",))
    if page.cursor:
        terminal().print(Text("There are more: raise --limit.", style="dim"))


@app.command()
def redeliver(
    context: typer.Context,
    webhook_id: WebhookId,
    delivery_id: Annotated[str, typer.Argument(help="Delivery id, as `webhook deliveries` prints it.")],
    json: Json = False,
) -> None:
    """Deliver once more under the same webhook-id; the service does it when it runs."""
    with session_of(context).open() as rimedio:
        rimedio.eventing.send_to_webhook.again(rimedio.tenant, webhook_id, delivery_id)
    said = f"Delivery {delivery_id} is in the queue again."
    _done(said, {"webhook_id": webhook_id, "delivery_id": delivery_id}, as_json=json)


@app.command()
def verify(
    identity: Annotated[str, typer.Option("--id", help="The header webhook-id.")],
    timestamp: Annotated[str, typer.Option(help="The header webhook-timestamp.")],
    signature: Annotated[str, typer.Option(help="The header webhook-signature.")],
    secret: Annotated[
        str, typer.Option(envvar="WEBHOOK_SECRET", help="The secret, best from WEBHOOK_SECRET.")
    ],
    body: Annotated[Path, typer.Argument(help="File with the body as it came; - for standard input.")],
    json: Json = False,
) -> None:
    """Check a message as its receiver would: for who writes a receiver."""
    from rimedio.events.signing import ID, SIGNATURE, TIMESTAMP, verify_webhook

    headers = {ID: identity, TIMESTAMP: timestamp, SIGNATURE: signature}
    verify_webhook(secret, headers, _read(body), now=datetime.now(UTC))
    _done("The signature is authentic.", {"authentic": True}, as_json=json)


def _done(said: str, plain: dict[str, object], *, as_json: bool) -> None:
    """A sentence for people, an object for programs."""
    if as_json:
        print_json(plain)
    else:
        terminal().print(Text(said), soft_wrap=True)


def _read(body: Path) -> bytes:
    try:
        if str(body) == "-":
            return sys.stdin.buffer.read(BODY_BYTES_MAX)
        return body.read_bytes()[:BODY_BYTES_MAX]
    except OSError as error:
        raise InvalidInput(
            f"{body} cannot be read ({error.strerror}). Give the file with the body."
        ) from error


def _print_secret(made: "Registered", *, as_json: bool) -> None:
    if as_json:
        print_json(_plain(made.webhook) | {"secret": made.secret})
        return
    console = terminal()
    console.print(
        Text.assemble("Webhook ", (made.webhook.webhook_id, "bold"), f" posts to {made.webhook.url}"),
        soft_wrap=True,
    )
    console.print(Text.assemble("Its secret, shown this once:  ", (made.secret, "cyan")), soft_wrap=True)


def _plain(webhook: "Webhook") -> dict[str, object]:
    """A webhook without its secrets."""
    plain = to_json(webhook)
    return {k: v for k, v in plain.items() if k != "secrets"} if isinstance(plain, dict) else {}


def _state(webhook: "Webhook") -> str:
    if not webhook.enabled:
        return f"disabled: {webhook.disabled_reason}"
    return f"failing, {webhook.failures} times" if webhook.failures else "well"
