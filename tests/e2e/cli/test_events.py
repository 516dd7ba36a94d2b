"""`rimedio events` and `rimedio webhook`."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.e2e.cli.conftest import Run, refused

from rimedio.bootstrap import laptop
from rimedio.events.bus import Target
from rimedio.events.detail_types import DetailType
from rimedio.events.signing import new_secret, signed_headers
from rimedio.settings import Settings

URL = "https://93.184.216.34/in"
SPAN = ("--from", "2020-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder in which two models were promoted, one event of which could not be delivered."""
    path = tmp_path / "data"
    system = laptop(Settings(data_dir=path))
    try:
        eventing = system.eventing
        eventing.loops()
        for version in ("v1", "v2"):
            eventing.publisher.publish(system.tenant, DetailType.MODEL_PROMOTED, {"version": version})
        eventing.schemas.discover()
    finally:
        system.close()
    return path


def test_what_happened_can_be_listed_and_happen_again(rimedio: Run, folder: Path) -> None:
    at = ("--data-dir", folder, "events")
    events = rimedio(*at, "list", "--json").json["events"]
    assert [event["detail"]["version"] for event in events] == ["v2", "v1"]
    assert "ModelPromoted" in rimedio(*at, "list", "--type", "ModelPromoted").out
    replayed = rimedio(*at, "replay", *SPAN, "--name", "again", "--json").json
    assert (replayed["status"], replayed["replayed"]) == ("COMPLETED", 2)
    assert "again" in rimedio(*at, "replays").out
    refused(rimedio(*at, "replay", *SPAN, "--rule", "nobody"), 3, "nobody")
    refused(rimedio(*at, "list", "--from", "nonsense"), 2, "nonsense")


def test_schemas_and_schedules_are_shown(rimedio: Run, folder: Path) -> None:
    at = ("--data-dir", folder, "events")
    assert "rimedio.learning@ModelPromoted" in rimedio(*at, "schemas").out
    schema = rimedio(*at, "schemas", "rimedio.learning@ModelPromoted").json
    assert schema["properties"]["detail"]["properties"]["version"] == {"type": "string"}
    refused(rimedio(*at, "schemas", "nothing@here"), 3, "nothing@here")
    assert "nightly-sweep" in rimedio(*at, "schedules").out


def test_a_webhook_is_registered_listed_tested_and_removed(rimedio: Run, folder: Path) -> None:
    at = ("--data-dir", folder, "webhook")
    made = rimedio(*at, "add", URL, "--event", "TicketOpened", "--json").json
    assert made["secret"].startswith("whsec_")
    (listed,) = rimedio(*at, "list", "--json").json
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    assert made["secret"] not in rimedio(*at, "list").out
    assert "in the queue" in rimedio(*at, "test", made["webhook_id"]).out
    queued = rimedio(*at, "test", made["webhook_id"], "--json").json
    assert queued["webhook_id"] == made["webhook_id"]
    assert queued["delivery_id"]
    assert rimedio(*at, "enable", made["webhook_id"], "--json").json["enabled"] is True
    changed = rimedio(*at, "rotate", made["webhook_id"], "--json").json
    assert changed["secret"] != made["secret"]
    assert rimedio(*at, "deliveries", made["webhook_id"]).out.startswith("No deliveries")
    assert rimedio(*at, "remove", made["webhook_id"], "--json").json["removed"] is True
    refused(rimedio(*at, "remove", made["webhook_id"]), 3, made["webhook_id"])


@pytest.mark.parametrize("url", ["http://127.0.0.1/x", "https://10.0.0.1/x", "file:///etc/passwd"])
def test_a_webhook_to_a_private_place_is_refused(rimedio: Run, folder: Path, url: str) -> None:
    refused(rimedio("--data-dir", folder, "webhook", "add", url, "--event", "TicketOpened"), 2)


def test_a_receivers_message_can_be_verified(rimedio: Run, folder: Path, tmp_path: Path) -> None:
    secret, body = new_secret(), b'{"type":"TicketOpened"}'
    headers = signed_headers((secret,), "msg_1", datetime.now(UTC), body)
    (tmp_path / "body.json").write_bytes(body)
    given = (
        "webhook", "verify", tmp_path / "body.json", "--id", "msg_1", "--secret", secret,
        "--timestamp", headers["webhook-timestamp"], "--signature",
    )  # fmt: skip
    assert "authentic" in rimedio(*given, headers["webhook-signature"]).out
    refused(rimedio(*given, "v1,AAAA"), 5, "signature")


def test_a_dead_letter_is_shown_and_sent_again_also_one_of_the_system(rimedio: Run, folder: Path) -> None:
    system = laptop(Settings(data_dir=folder))
    try:
        event = system.eventing.publisher.publish("*", DetailType.MODEL_PROMOTED, {"version": "v3"})
        system.eventing.bus.send(event, Target("t", "handler:nobody"))
        system.eventing.dispatcher.run_once()
    finally:
        system.close()
    at = ("--data-dir", folder, "events")
    (letter,) = rimedio(*at, "dead-letters", "--json").json
    assert (letter["reason"], letter["event"]["id"]) == ("NOT_RETRYABLE", event.id)
    assert rimedio(*at, "redrive", letter["dead_letter_id"]).out.startswith("1 put")
    assert rimedio(*at, "dead-letters").out.startswith("No dead letters")


def test_sending_dead_letters_again_wants_to_know_which(rimedio: Run, folder: Path) -> None:
    at = ("--data-dir", folder, "events")
    refused(rimedio(*at, "redrive"), 2, "--all")
    refused(rimedio(*at, "redrive", "dead_1"), 3, "dead_1")
    assert rimedio(*at, "dead-letters").out.startswith("No dead letters")
    assert rimedio(*at, "redrive", "--all").out.startswith("0 put")
