"""Webhooks: register, list, remove; their deliveries, test messages, deliveries once more."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from rimedio.domain.errors import Forbidden, InvalidInput, NotFound, Unavailable
from rimedio.events.detail_types import DetailType
from rimedio.events.webhook_log import DeliveryRecord
from rimedio.lambdas.identifiers import Identifier
from rimedio.lambdas.replies import Items, Paging
from rimedio.lambdas.router import Api

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio
    from rimedio.events.webhooks import Registered, Webhook

TAG = "webhooks"
URL = r"^https?://(\[[0-9A-Fa-f:.]{2,60}\]|[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?)(:[1-9][0-9]{0,4})?(/[!-~]*)?$"


class WebhookRequest(BaseModel):
    """What registers a webhook."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [{"url": "https://hooks.example.org/rimedio", "events": ["TicketStatusChanged"]}]
        },
    )

    url: Annotated[
        str, Field(min_length=1, max_length=2048, pattern=URL, description="Where to post: https, public.")
    ]
    events: Annotated[tuple[DetailType, ...], Field(min_length=1, max_length=20)]
    description: Annotated[str, Field(max_length=200)] = ""


class WebhookView(BaseModel):
    """A webhook as everybody sees it: without its secret."""

    model_config = ConfigDict(frozen=True)

    webhook_id: str
    url: str
    events: tuple[DetailType, ...]
    description: str
    created_at: datetime
    enabled: bool
    disabled_reason: str | None
    failures: int
    failing_since: datetime | None
    rests_until: datetime | None


class RegisteredWebhook(WebhookView):
    """A webhook just registered. The secret is shown this once."""

    secret: str


class Sent(BaseModel):
    """A delivery that was put into the queue."""

    model_config = ConfigDict(frozen=True)

    delivery_id: str


def register(api: Api, system: "Rimedio") -> None:
    """Routes of webhooks."""

    @api.post("/v1/webhooks", summary="Register a webhook", tag=TAG, status=201, errors=(404, 409))
    def post_webhook(body: WebhookRequest) -> RegisteredWebhook:
        """A URL that must not be called is forbidden; one whose host has no address is not found."""
        try:
            made = system.eventing.webhooks.register(
                api.caller.tenant_id, body.url, body.events, body.description
            )
        except InvalidInput as error:  # its form was right: it is where it leads that is refused
            nowhere = isinstance(error.__cause__, Unavailable)  # the name of its host has no address
            raise (NotFound if nowhere else Forbidden)(str(error)) from error
        return _registered(made)

    @api.get("/v1/webhooks", summary="Every webhook", tag=TAG)
    def get_webhooks() -> Items[WebhookView]:
        found = system.eventing.webhooks.store.list(api.caller.tenant_id)
        return Items[WebhookView](items=tuple(map(_view, found)))

    @api.get("/v1/webhooks/{webhook_id}", summary="One webhook", tag=TAG, errors=(404,))
    def get_webhook(webhook_id: Identifier) -> WebhookView:
        return _view(system.eventing.webhooks.store.get(api.caller.tenant_id, webhook_id))

    @api.delete("/v1/webhooks/{webhook_id}", summary="Remove a webhook", tag=TAG, status=204, errors=(404,))
    def delete_webhook(webhook_id: Identifier) -> None:
        system.eventing.webhooks.remove(api.caller.tenant_id, webhook_id)

    _register_deliveries(api, system)


def _register_deliveries(api: Api, system: "Rimedio") -> None:
    @api.get(
        "/v1/webhooks/{webhook_id}/deliveries",
        summary="What was delivered, newest first",
        tag=TAG,
        errors=(404,),
    )
    def get_deliveries(webhook_id: Identifier, query: Paging) -> Items[DeliveryRecord]:
        tenant = api.caller.tenant_id
        system.eventing.webhooks.store.get(tenant, webhook_id)
        page = system.eventing.webhook_log.list(tenant, webhook_id, limit=query.limit, cursor=query.cursor)
        return Items[DeliveryRecord](items=page.items, next_cursor=page.cursor)

    @api.post(
        "/v1/webhooks/{webhook_id}/enable",
        summary="Deliver again to a disabled webhook",
        tag=TAG,
        errors=(404,),
    )
    def post_enable(webhook_id: Identifier) -> WebhookView:
        return _view(system.eventing.webhooks.enable(api.caller.tenant_id, webhook_id))

    @api.post(
        "/v1/webhooks/{webhook_id}/secret",
        summary="A new secret; the old one signs as well for a day",
        tag=TAG,
        errors=(404,),
    )
    def post_secret(webhook_id: Identifier) -> RegisteredWebhook:
        made = system.eventing.webhooks.change_secret(api.caller.tenant_id, webhook_id)
        return _registered(made)

    @api.post(
        "/v1/webhooks/{webhook_id}/test", summary="Send a test message", tag=TAG, status=202, errors=(404,)
    )
    def post_test(webhook_id: Identifier) -> Sent:
        return Sent(delivery_id=system.eventing.send_to_webhook.test(api.caller.tenant_id, webhook_id))

    @api.post(
        "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
        summary="Deliver once more, under the same webhook-id",
        tag=TAG,
        status=202,
        errors=(404,),
    )
    def post_redeliver(webhook_id: Identifier, delivery_id: Identifier) -> Sent:
        system.eventing.send_to_webhook.again(api.caller.tenant_id, webhook_id, delivery_id)
        return Sent(delivery_id=delivery_id)


def _registered(made: "Registered") -> RegisteredWebhook:
    return RegisteredWebhook(**_view(made.webhook).model_dump(), secret=made.secret)


def _view(webhook: "Webhook") -> WebhookView:
    return WebhookView(**{name: getattr(webhook, name) for name in WebhookView.model_fields})
