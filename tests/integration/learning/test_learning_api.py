"""The routes of learning, gaps and articles; the loops that stand behind them; no tenant sees another's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.learning.conftest import Shop
from tests.unit.lambdas.client import Client

from rimedio.classification.dataset import Dataset, LabelledText, write_rows
from rimedio.classification.predict import ROWS_FILE
from rimedio.classification.train import TrainingOptions, train
from rimedio.domain.ticket import Status
from rimedio.lambdas.api import build_api
from rimedio.learning.observations import Origin
from rimedio.learning.rows import TrainingRow
from rimedio.learning.training import train_challenger

SAYINGS = {
    "THERMAL": "the heat sink of module {} is far too hot",
    "COMMUNICATION": "the network router {} is silent and offline",
    "SENSOR": "the probe {} reads minus forty degrees",
}


def rows() -> tuple[LabelledText, ...]:
    return tuple(
        LabelledText(text.format(n), label, f"{label} {n}")
        for label, text in SAYINGS.items()
        for n in range(15)
    )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Shop]:
    """Every remedy goes to a reviewer; a small classifier answers."""
    shop = Shop(tmp_path / "data", publish_confidence_min=1.0)
    options = TrainingOptions(vector_dim=8, buckets=500, epochs=10)
    train(Dataset(rows()), tmp_path / "model", options)
    write_rows(tmp_path / "model" / ROWS_FILE, rows())
    shop.system.registry.register(tmp_path / "model")
    object.__setattr__(shop.system.learning.retraining, "trainer", train_challenger)  # in this process
    yield shop
    shop.system.close()


@pytest.fixture
def call(desk: Shop) -> Client:
    return Client(build_api(desk.system), tenant=desk.tenant)


def reviewed(desk: Shop, call: Client, count: int) -> None:
    for number in range(count):
        ticket = desk.work(f"The module stops after {number} minutes with E029", "E029")
        assert ticket.status is Status.IN_REVIEW, ticket.status_reason
        body = {"verdict": "APPROVED", "category": "SENSOR" if number % 2 else "THERMAL"}
        found = call("POST", f"/v1/tickets/{ticket.ticket_id}/review", body)
        assert found.status == 200, found.body


def test_reviews_become_rows_and_use_and_rows_a_challenger(desk: Shop, call: Client) -> None:
    reviewed(desk, call, 6)
    desk.system.learning.catch_up()
    desk.system.learning.use.refresh(desk.tenant)
    found = call("GET", "/v1/learning").json
    assert found["use"]["used"] == 6
    assert found["use"]["by_model"]["XC-200"]["used"] == 6
    assert found["rows"] == {"new": 6, "total": 6, "set_aside": 0}
    assert found["champion"]["version"] == "v0001"
    assert found["challenger"] is None

    assert call("POST", "/v1/learning/retrain", roles="operator").status == 403
    assert call("POST", "/v1/learning/retrain").status == 202
    assert call("POST", "/v1/learning/retrain").code == "CONFLICT"
    assert desk.system.learning.retrain_asked() == 1
    found = call("GET", "/v1/learning").json
    assert found["job"]["status"] == "DONE"
    assert found["challenger"]["version"] == "v0002"
    assert found["challenger"]["reasons"][0].keys() >= {"it", "en", "finding"}
    assert found["rows"]["new"] == 0

    refused = call("POST", "/v1/learning/promote", {"version": "v0002"})
    assert refused.code == "CONFLICT"
    assert "not shown to be better" in refused.body
    assert call("POST", "/v1/learning/promote", {"version": "v0009"}).status == 404
    assert (
        call("POST", "/v1/learning/promote", {"version": "v0002", "force": True}).json["status"] == "CHAMPION"
    )
    assert call("POST", "/v1/learning/rollback").json["version"] == "v0001"
    assert call("POST", "/v1/learning/rollback").code == "CONFLICT"


def test_what_one_tenant_learns_changes_no_other_tenants_answers(desk: Shop, call: Client) -> None:
    learning = desk.system.learning
    reviewed(desk, call, 3)
    learning.catch_up()
    call.tenant = "globex"
    found = call("GET", "/v1/learning").json
    assert (found["rows"]["total"], found["use"]["used"]) == (0, 0)
    assert found["champion"]["version"] == "v0001"  # the shared one
    assert call("POST", "/v1/learning/retrain").status == 202
    desk.system.learning.retrain_asked()
    job = call("GET", "/v1/learning").json["job"]
    assert (job["status"], "nobody has reviewed" in job["problem"]) == ("FAILED", True)
    assert call("POST", "/v1/learning/rollback").code == "CONFLICT"
    own = learning.registry_to_change("globex")
    own.register(own.path("v0001"))
    learning.retraining.promote("globex", "v0002", force=True)
    assert learning.models_of("globex").champion().version == "v0002"
    assert learning.models_of(desk.tenant).champion().version == "v0001"


def test_a_person_decides_about_rows_that_were_set_aside(desk: Shop, call: Client) -> None:
    now = desk.system.clock.now()
    for number in range(13):
        text = f"the dial {number} is wrong"
        desk.system.learning.rows.add(
            TrainingRow(
                f"row_{number:02}", desk.tenant, "tkt", text, "SENSOR", "THERMAL", Origin.REVIEW, "anna", now
            )
        )
    first = call("GET", "/v1/learning/rows?limit=2").json
    assert [item["doubt"] for item in first["items"]] == ["ONE_PERSON"] * 2
    rest = call("GET", f"/v1/learning/rows?limit=2&cursor={first['next_cursor']}").json
    assert (len(rest["items"]), rest["next_cursor"]) == (1, None)
    assert call("GET", "/v1/learning/rows?cursor=abc").status == 404
    target = f"/v1/learning/rows/{first['items'][0]['row']['row_id']}"
    assert call("PUT", target, {"ruling": "ACCEPTED"}, roles="operator").status == 403
    assert call("PUT", target, {"ruling": "ACCEPTED"}).json["ruled_by"] == "olga"
    assert len(call("GET", "/v1/learning/rows").json["items"]) == 2
    assert len(call("GET", "/v1/learning/rows?set_aside=false").json["items"]) == 11
    call.tenant = "globex"
    assert call("PUT", target, {"ruling": "REJECTED"}).code == "NOT_FOUND"
    assert call("GET", "/v1/learning/rows?set_aside=false").json["items"] == []


def test_a_retraining_that_a_crash_interrupted_is_done_again(desk: Shop, call: Client) -> None:
    reviewed(desk, call, 4)
    desk.system.learning.catch_up()
    retraining = desk.system.learning.retraining
    retraining.ask(desk.tenant, "olga")

    def die(_: object) -> None:
        raise KeyboardInterrupt

    object.__setattr__(retraining, "trainer", die)
    with pytest.raises(KeyboardInterrupt):
        desk.system.learning.retrain_asked()
    object.__setattr__(retraining, "trainer", train_challenger)
    assert desk.system.learning.retrain_asked() == 1
    last = retraining.last(desk.tenant)
    assert last is not None
    assert (last.status, last.version) == ("DONE", "v0002")


def test_gaps_and_articles_over_the_api(desk: Shop, call: Client) -> None:
    ticket = desk.work("Code E399 after the storm, the station stands still", "E399")
    desk.system.learning.catch_up()
    desk.system.learning.work_on_gaps()
    [gap] = call("GET", "/v1/kb/gaps").json["items"]
    assert (gap["count"], gap["tickets"]) == (1, [ticket.ticket_id])
    assert call("GET", "/v1/kb/gaps", roles="technician").status == 403
    reason = {"reason": "Replace the board XC2-SPD-07 and reset the breaker."}
    assert call("POST", "/v1/kb/articles", {"ticket_ids": [ticket.ticket_id]}).code == "CONFLICT"
    assert call("POST", f"/v1/tickets/{ticket.ticket_id}/resolve", reason).status == 200
    made = call("POST", "/v1/kb/articles", {"ticket_ids": [ticket.ticket_id]}, roles="operator")
    assert made.status == 201
    path = f"/v1/kb/articles/{made.json['article_id']}"
    assert call("PUT", path, {"title": "E399 after a storm"}).json["title"] == "E399 after a storm"
    assert call("GET", path).json["status"] == "DRAFT"
    assert call("POST", f"{path}/approve", roles="operator").status == 403
    approved = call("POST", f"{path}/approve").json
    assert approved["status"] == "APPROVED"
    assert call("GET", f"/v1/kb/documents/{approved['document_id']}").json["doc_type"] == "FAQ"
    assert call("POST", f"{path}/reject", {}).code == "CONFLICT"
    assert [a["article_id"] for a in call("GET", "/v1/kb/articles").json["items"]] == [approved["article_id"]]
    desk.system.learning.work_on_gaps()
    assert call("GET", "/v1/kb/gaps").json["items"] == []
    assert call("GET", "/v1/kb/gaps?status=CLOSED").json["items"][0]["gap_id"] == gap["gap_id"]

    call.tenant = "globex"
    for method, target, body in (
        ("GET", path, None),
        ("PUT", path, {"title": "x"}),
        ("POST", f"{path}/approve", None),
        ("POST", f"{path}/reject", {}),
        ("POST", f"/v1/kb/gaps/{gap['gap_id']}/dismiss", None),
    ):
        assert call(method, target, body).code == "NOT_FOUND"
    assert call("POST", "/v1/kb/articles", {"ticket_ids": [ticket.ticket_id]}).code == "NOT_FOUND"
    assert call("GET", "/v1/kb/gaps?status=CLOSED").json["items"] == []


def test_every_loop_runs_on_an_empty_table_and_says_that_there_was_nothing(desk: Shop) -> None:
    desk.system.learning.catch_up()
    for name, (run_once, idle) in desk.system.learning.loops().items():
        assert run_once() == 0, name
        assert idle > 0
