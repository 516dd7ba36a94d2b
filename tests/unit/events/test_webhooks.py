"""Webhooks: registered safely, signed, retried, logged, given up in the end."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import Conflict, InvalidInput, NotFound, PolicyRefused, Unauthorized
from rimedio.events.backoff import SteppedBackoff
from rimedio.events.bus import Rule, Target
from rimedio.events.delivery_queue import WEBHOOK
from rimedio.events.detail_types import DetailType
from rimedio.events.dispatch import Dispatcher, TargetRegistry, delivery_of
from rimedio.events.fake_sender import FakeSender, Posted
from rimedio.events.publisher import EventPublisher
from rimedio.events.signing import verify_webhook
from rimedio.events.sqlite_bus import SqliteBus
from rimedio.events.sqlite_queue import SqliteQueue
from rimedio.events.transformer import InputTransformer
from rimedio.events.webhook_delivery import DeliverWebhook, DeliveryFailed, SendToWebhook
from rimedio.events.webhook_log import DeliveryStatus, WebhookLog, event_of_message, message_id
from rimedio.events.webhook_sender import HttpAnswer
from rimedio.events.webhooks import WEBHOOKS_MAX, Webhook, Webhooks, WebhookStore
from rimedio.security.ssrf import PublicUrl, check_public_url
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable

URL = "https://hooks.example.org/rimedio"
OPENED = (DetailType.TICKET_OPENED,)


class Reversed:
    """A sealer that is easy to see through, bound to its context all the same."""

    def encrypt_with_kms(self, plain, context):
        return plain[::-1] + b"|" + repr(sorted(context.items())).encode()

    def decrypt(self, sealed, context):
        body, _, bound = sealed.partition(b"|")
        assert bound == repr(sorted(context.items())).encode()
        return body[::-1]


def resolve(url: str) -> PublicUrl:
    return check_public_url(url, resolver=lambda host, port: ["93.184.216.34"])


class Home:
    def __init__(self) -> None:
        self.clock = FakeClock(datetime(2026, 1, 31, 8, 30, tzinfo=UTC))
        database, ids = Database(None), SeededIds(1)
        self.table = SqliteTable(database, self.clock)
        self.queue = SqliteQueue(database, self.clock)
        self.bus = SqliteBus(database, self.queue, self.clock)
        self.sender = FakeSender()
        self.log = WebhookLog(self.table)
        self.webhooks = Webhooks(WebhookStore(self.table), self.bus, Reversed(), resolve, self.clock, ids)
        deliver = DeliverWebhook(self.webhooks, self.log, self.sender, self.clock)
        targets = TargetRegistry({WEBHOOK: deliver})
        self.dispatcher = Dispatcher(
            self.queue, targets, self.clock, WEBHOOK, SteppedBackoff(), given_up=deliver.given_up
        )
        self.send = SendToWebhook(self.webhooks, self.bus, self.clock, ids)
        self.publisher = EventPublisher(self.bus, self.clock, ids)

    def open_ticket(self, tenant: str = "acme", key: str | None = None):
        return self.publisher.publish(tenant, DetailType.TICKET_OPENED, {"ticket_id": "tkt_1"}, key=key)

    def work(self, seconds: float = 0, step: float = 60) -> None:
        until = self.clock.now() + timedelta(seconds=seconds)
        while True:
            while self.dispatcher.run_once():
                pass
            if self.clock.now() >= until:
                return
            self.clock.advance(step)

    def records(self, webhook_id: str):
        return self.log.list("acme", webhook_id).items


@pytest.fixture
def home() -> Home:
    return Home()


def test_an_event_arrives_signed_under_the_shown_secret(home: Home) -> None:
    made = home.webhooks.register("acme", URL, OPENED)
    event = home.open_ticket()
    home.work()
    (request,) = home.sender.posted
    identity = verify_webhook(made.secret, request.headers, request.body, now=home.clock.now())
    assert identity == message_id(event.id, made.webhook.webhook_id)
    message = json.loads(request.body)
    assert (message["type"], message["data"]["ticket_id"]) == ("TicketOpened", "tkt_1")
    assert message["data"]["metadata"]["event_id"] == event.id
    (record,) = home.records(made.webhook.webhook_id)
    assert (record.status, record.attempts, record.response_code) == (DeliveryStatus.DELIVERED, 1, 204)
    assert record.latency_ms is not None


def test_the_secret_is_stored_sealed_and_shown_nowhere_again(home: Home) -> None:
    made = home.webhooks.register("acme", URL, OPENED)
    assert made.secret not in repr(home.table._database.rows("SELECT body FROM item")[0]["body"])
    assert "secrets" not in repr(home.webhooks.store.get("acme", made.webhook.webhook_id))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/x",
        "ftp://a.example/x",
        "nonsense",
    ],
)
def test_a_url_that_must_not_be_called_is_never_registered(home: Home, url: str) -> None:
    with pytest.raises(InvalidInput):
        home.webhooks.register("acme", url, OPENED)
    assert home.webhooks.store.list("acme") == ()


def test_a_name_that_moves_to_a_private_address_is_not_called_and_the_failure_is_logged(home: Home) -> None:
    made = home.webhooks.register("acme", URL, OPENED)
    moved = replace(
        home.webhooks, check_url=lambda url: check_public_url(url, resolver=lambda *_: ["10.0.0.1"])
    )
    deliver = DeliverWebhook(moved, home.log, home.sender, home.clock)
    home.dispatcher.targets.schemes[WEBHOOK] = deliver
    home.open_ticket()
    home.work()
    assert home.sender.posted == []
    (record,) = home.records(made.webhook.webhook_id)
    assert record.status is DeliveryStatus.FAILED
    assert "10.0.0.1" in record.error


def test_a_webhook_hears_what_it_asked_for_from_its_own_tenant_only(home: Home) -> None:
    home.webhooks.register("acme", URL, (DetailType.DRIFT_DETECTED,))
    home.webhooks.register("other", URL, OPENED)
    home.open_ticket("acme")
    home.work()
    assert home.sender.posted == []


def test_every_attempt_of_an_event_has_the_same_id_and_two_webhooks_have_two(home: Home) -> None:
    home.sender.answer = lambda _: HttpAnswer(500, 1.0)
    home.webhooks.register("acme", URL, OPENED)
    home.webhooks.register("acme", URL + "2", OPENED)
    home.open_ticket()
    home.work(600)
    by_url = {
        url: {p.headers["webhook-id"] for p in home.sender.posted if p.url == url} for url in (URL, URL + "2")
    }
    assert [len(ids) for ids in by_url.values()] == [1, 1]
    assert by_url[URL] != by_url[URL + "2"]
    assert len(home.sender.posted) >= 4


def test_a_receiver_that_recovers_gets_what_it_missed(home: Home) -> None:
    made = home.webhooks.register("acme", URL, OPENED)
    home.sender.answer = lambda _: None
    home.open_ticket()
    home.work(1000)
    (record,) = home.records(made.webhook.webhook_id)
    assert record.status is DeliveryStatus.RETRYING
    assert record.attempts == 3
    home.sender.answer = lambda _: HttpAnswer(200, 1.0)
    home.work(3600)
    (record,) = home.records(made.webhook.webhook_id)
    assert (record.status, record.error) == (DeliveryStatus.DELIVERED, None)
    assert home.webhooks.store.get("acme", made.webhook.webhook_id).failures == 0


def test_a_redirect_is_a_failure_and_is_not_followed(home: Home) -> None:
    made = home.webhooks.register("acme", URL, OPENED)
    home.sender.answer = lambda _: HttpAnswer(302, 1.0)
    home.open_ticket()
    home.work()
    assert len(home.sender.posted) == 1
    (record,) = home.records(made.webhook.webhook_id)
    assert (record.status, record.response_code) == (DeliveryStatus.RETRYING, 302)
    assert "redirects are not followed" in record.error


def test_retry_after_is_respected(home: Home) -> None:
    home.webhooks.register("acme", URL, OPENED)
    home.sender.answer = lambda _: HttpAnswer(429, 1.0, retry_after_seconds=120)
    home.open_ticket()
    home.work(110, step=10)
    assert len(home.sender.posted) == 1
    home.work(20, step=10)
    assert len(home.sender.posted) == 2


def test_a_failing_receiver_rests_and_is_not_flooded(home: Home) -> None:
    made = home.webhooks.register("acme", URL, OPENED)
    home.sender.answer = lambda _: HttpAnswer(500, 1.0)
    for n in range(40):
        home.open_ticket(key=str(n))
    home.work()
    assert len(home.sender.posted) == 5
    webhook = home.webhooks.store.get("acme", made.webhook.webhook_id)
    assert webhook.rests_until is not None
    home.sender.answer = lambda _: HttpAnswer(200, 1.0)
    home.work(3600)
    assert len({p.headers["webhook-id"] for p in home.sender.posted}) == 40
    assert all(r.status is DeliveryStatus.DELIVERED for r in home.records(made.webhook.webhook_id))


def test_after_days_of_failures_a_webhook_is_disabled_and_its_deliveries_are_dead_letters(home: Home) -> None:
    made = home.webhooks.register("acme", URL, OPENED)
    home.sender.answer = lambda _: HttpAnswer(500, 1.0)
    for day in range(7):
        home.open_ticket(key=str(day))
        home.work(86_400, step=600)
    webhook = home.webhooks.store.get("acme", made.webhook.webhook_id)
    assert not webhook.enabled
    home.work(86_400, step=3600)
    assert len(home.queue.dead_letters("acme").items) == 7
    assert {r.status for r in home.records(webhook.webhook_id)} == {DeliveryStatus.FAILED}
    with pytest.raises(PolicyRefused, match="disabled"):
        home.send.test("acme", webhook.webhook_id)
    home.sender.answer = lambda _: HttpAnswer(200, 1.0)
    home.webhooks.enable("acme", webhook.webhook_id)
    home.send.test("acme", webhook.webhook_id)
    before = len(home.sender.posted)
    home.work()
    assert len(home.sender.posted) == before + 1


def test_a_receiver_that_says_gone_is_asked_no_more(home: Home) -> None:
    made = home.webhooks.register("acme", URL, OPENED)
    home.sender.answer = lambda _: HttpAnswer(410, 1.0)
    home.open_ticket()
    home.work(100_000, step=10_000)
    assert len(home.sender.posted) == 1
    assert not home.webhooks.store.get("acme", made.webhook.webhook_id).enabled


def test_a_delivery_can_be_sent_again_under_its_own_id(home: Home) -> None:
    made = home.webhooks.register("acme", URL, OPENED)
    home.open_ticket()
    home.work()
    (record,) = home.records(made.webhook.webhook_id)
    home.send.again("acme", made.webhook.webhook_id, record.delivery_id)
    home.work()
    ids = [p.headers["webhook-id"] for p in home.sender.posted]
    assert ids == [record.delivery_id] * 2
    for tenant, delivery in (("acme", "msg_none"), ("other", record.delivery_id)):
        with pytest.raises(NotFound):
            home.send.again(tenant, made.webhook.webhook_id, delivery)


def test_a_test_message_goes_to_one_webhook_only(home: Home) -> None:
    one = home.webhooks.register("acme", URL, OPENED)
    home.webhooks.register("acme", URL + "2", OPENED)
    delivery_id = home.send.test("acme", one.webhook.webhook_id)
    home.work()
    (request,) = home.sender.posted
    assert (request.url, request.headers["webhook-id"]) == (URL, delivery_id)
    assert json.loads(request.body)["type"] == "WebhookTest"


def test_a_removed_webhook_is_not_called_even_for_what_was_waiting(home: Home) -> None:
    made = home.webhooks.register("acme", URL, OPENED)
    home.open_ticket()
    home.webhooks.remove("acme", made.webhook.webhook_id)
    home.open_ticket()
    home.work()
    assert home.sender.posted == []
    assert home.bus.rules("acme") == ()
    with pytest.raises(NotFound):
        home.webhooks.remove("acme", made.webhook.webhook_id)


def test_for_a_day_after_a_change_both_secrets_sign(home: Home) -> None:
    made = home.webhooks.register("acme", URL, OPENED)
    changed = home.webhooks.change_secret("acme", made.webhook.webhook_id)
    home.open_ticket()
    home.work()
    (request,) = home.sender.posted
    for secret in (made.secret, changed.secret):
        verify_webhook(secret, request.headers, request.body, now=home.clock.now())
    home.clock.advance(90_000)
    home.open_ticket()
    home.work()
    request = home.sender.posted[-1]
    verify_webhook(changed.secret, request.headers, request.body, now=home.clock.now())
    with pytest.raises(Unauthorized):
        verify_webhook(made.secret, request.headers, request.body, now=home.clock.now())


class Meanwhile(WebhookStore):
    """Webhooks; somebody else acts once, right after one was read."""

    def __init__(self, home: Home, act: Callable[[], object]) -> None:
        super().__init__(home.table)
        self._acts = [act]

    def find(self, tenant_id: str, webhook_id: str) -> Webhook | None:
        found = super().find(tenant_id, webhook_id)
        if self._acts:
            self._acts.pop()()
        return found


def meanwhile(home: Home, act: Callable[[], object]) -> Webhooks:
    return replace(home.webhooks, store=Meanwhile(home, act))


def signs(home: Home, webhook_id: str, secret: str) -> bool:
    return secret in home.webhooks.secrets_of(home.webhooks.store.get("acme", webhook_id))


def test_two_who_change_the_secret_at_once_both_have_one_that_signs(home: Home) -> None:
    made = home.webhooks.register("acme", URL, OPENED)
    webhook_id = made.webhook.webhook_id
    others = []
    first = meanwhile(home, lambda: others.append(home.webhooks.change_secret("acme", webhook_id)))
    mine = first.change_secret("acme", webhook_id)
    home.clock.advance(23 * 3600)
    assert all(signs(home, webhook_id, s) for s in (made.secret, mine.secret, others[0].secret))
    home.clock.advance(2 * 3600)
    assert [signs(home, webhook_id, s) for s in (made.secret, mine.secret, others[0].secret)] == [
        False,
        True,
        False,
    ]


def test_who_changes_secrets_again_and_again_has_four_at_most(home: Home) -> None:
    webhook_id = home.webhooks.register("acme", URL, OPENED).webhook.webhook_id
    changed = [home.webhooks.change_secret("acme", webhook_id).secret for _ in range(6)]
    alive = home.webhooks.secrets_of(home.webhooks.store.get("acme", webhook_id))
    assert list(alive) == changed[:-5:-1]


def test_a_secret_changed_while_a_webhook_is_enabled_stays_changed(home: Home) -> None:
    webhook_id = home.webhooks.register("acme", URL, OPENED).webhook.webhook_id
    home.webhooks.store.change_health("acme", webhook_id, lambda w: w.disabled("gone"))
    changed = []
    enabling = meanwhile(home, lambda: changed.append(home.webhooks.change_secret("acme", webhook_id)))
    assert enabling.enable("acme", webhook_id).enabled
    assert signs(home, webhook_id, changed[0].secret)


def test_a_webhook_disabled_while_its_secret_is_changed_stays_disabled(home: Home) -> None:
    webhook_id = home.webhooks.register("acme", URL, OPENED).webhook.webhook_id

    def disable() -> None:
        home.webhooks.store.change_health("acme", webhook_id, lambda w: w.disabled("gone"))

    meanwhile(home, disable).change_secret("acme", webhook_id)
    assert not home.webhooks.store.get("acme", webhook_id).enabled


def test_a_delivery_that_fails_beside_the_one_that_hears_gone_does_not_enable_it_again(home: Home) -> None:
    webhook_id = home.webhooks.register("acme", URL, OPENED).webhook.webhook_id
    home.open_ticket()
    (slow,) = home.queue.claim(WEBHOOK, limit=1, at_once=2)

    def answer_late(_: Posted) -> HttpAnswer:
        """500, after another delivery has heard 410."""
        home.sender.answer = lambda _: HttpAnswer(410, 1.0)
        home.open_ticket()
        home.work()
        return HttpAnswer(500, 1.0)

    deliver = DeliverWebhook(home.webhooks, home.log, FakeSender(answer_late), home.clock)
    with pytest.raises(DeliveryFailed):
        deliver(delivery_of(slow))
    now = home.webhooks.store.get("acme", webhook_id)
    assert (now.enabled, now.failures) == (False, 2)


def test_a_webhook_removed_while_its_secret_is_changed_is_gone(home: Home) -> None:
    webhook_id = home.webhooks.register("acme", URL, OPENED).webhook.webhook_id
    with pytest.raises(NotFound):
        meanwhile(home, lambda: home.webhooks.remove("acme", webhook_id)).change_secret("acme", webhook_id)
    assert home.webhooks.store.find("acme", webhook_id) is None


def test_webhooks_are_bounded_and_need_an_event(home: Home) -> None:
    with pytest.raises(InvalidInput, match="at least one"):
        home.webhooks.register("acme", URL, ())
    for n in range(WEBHOOKS_MAX):
        home.webhooks.register("acme", f"{URL}/{n}", OPENED)
    with pytest.raises(Conflict):
        home.webhooks.register("acme", URL, OPENED)


def test_the_log_forgets_by_itself(home: Home) -> None:
    made = home.webhooks.register("acme", URL, OPENED)
    home.open_ticket()
    home.work()
    home.clock.advance(8 * 86_400)
    assert home.records(made.webhook.webhook_id) == ()


def test_a_message_id_leads_back_to_its_event_and_to_no_others() -> None:
    event = "0b7c1f3e-0000-5000-8000-000000000001"
    assert event_of_message(message_id(event, "whk_1"), "whk_1") == event
    with pytest.raises(NotFound):
        event_of_message(message_id(event, "whk_1"), "whk_2")
    assert message_id("not a uuid", "whk_1") == message_id("not a uuid", "whk_1")


def test_a_rules_own_message_to_a_webhook_has_an_id_of_its_own(home: Home) -> None:
    made = home.webhooks.register("acme", URL, OPENED)
    transformer = InputTransformer('{"text": "new: <t>"}', {"t": "$.detail.ticket_id"})
    target = Target("t", f"webhook:{made.webhook.webhook_id}", transformer=transformer)
    home.bus.put_rule(Rule("acme", "chat", {"detail-type": ["TicketOpened"]}, (target,)))
    home.open_ticket()
    home.work()
    data = {p.headers["webhook-id"]: json.loads(p.body)["data"] for p in home.sender.posted}
    assert len(data) == 2
    assert {"text": "new: tkt_1"} in data.values()
    assert len(home.records(made.webhook.webhook_id)) == 2
