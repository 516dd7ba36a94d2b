"""Notices, dead letters, documents, housekeeping: the functions that events, queues and schedules wake."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.integration.lambdas.aws_events import bus_event, s3_notification, sqs_event
from tests.integration.lambdas.conftest import MANUAL

from rimedio.bootstrap import LaptopRimedio
from rimedio.domain.codec import Json
from rimedio.domain.errors import InvalidInput, Throttled, Unavailable
from rimedio.domain.ticket import Status, TicketRequest
from rimedio.events.bus import RetryPolicy, Rule, Target
from rimedio.events.detail_types import DetailType
from rimedio.events.eventbridge_events import received_event
from rimedio.events.notices import MemoryNoticeBoard, Notice, notice_of
from rimedio.lambdas.functions.housekeeping import build_housekeeping, jobs_of
from rimedio.lambdas.functions.ingest import build_ingest, wanted_at
from rimedio.lambdas.functions.notify import build_notify
from rimedio.lambdas.functions.publish_index import build_publish_index
from rimedio.lambdas.functions.redrive import build_redrive
from rimedio.storage.deferred_documents import DeferredDocuments
from rimedio.storage.documents import DocumentStatus, DocumentStore
from rimedio.tickets.load_document import ORIGINAL

Make = Callable[..., Callable[..., Any]]
REQUEST = TicketRequest.model_validate(
    {
        "customer": {"id": "c1", "name": "Anna"},
        "asset": {"product_type": "INVERTER", "model": "XC-200", "serial": "SN-1"},
        "symptom_text": "The inverter shows E029 and does not start.",
    }
)


# -- notices


def escalated(number: int = 1, **changes: object) -> dict[str, Any]:
    metadata: Json = {"event_id": f"happening-{number}", "tenant_id": "acme"}
    detail = {"ticket_id": "tkt_1", "status": "ESCALATED", "priority": "P1", "metadata": metadata}
    return bus_event("TicketStatusChanged", "rimedio.tickets", detail, number) | changes


def test_people_are_told_once_that_a_ticket_wants_a_person(make: Make) -> None:
    board = MemoryNoticeBoard()
    notify = make(lambda system: build_notify(system, board))
    first, again = notify(escalated()), notify(escalated())
    assert first == again == {"message_id": "message-1"}
    (notice,) = board.posted
    assert notice.tenant_id == "acme"
    assert "tkt_1" in notice.subject
    assert notice.subject.isascii()
    assert "passa a una persona" in notice.text
    notify(escalated(2))
    assert len(board.posted) == 2


def test_a_notice_that_could_not_be_sent_is_sent_by_the_next_attempt(make: Make) -> None:
    class Busy(MemoryNoticeBoard):
        calls = 0

        def post(self, notice: Notice) -> str:
            self.calls += 1
            if self.calls == 1:
                raise Throttled("not now")
            return super().post(notice)

    board = Busy()
    notify = make(lambda system: build_notify(system, board))
    with pytest.raises(Throttled):
        notify(escalated())
    assert notify(escalated()) == {"message_id": "message-1"}


@pytest.mark.parametrize(
    "event",
    [
        escalated() | {"detail": {**escalated()["detail"], "status": "PROCESSING"}},
        escalated() | {"replay-name": "replay-1"},
        bus_event("TicketOpened", "rimedio.tickets", {"ticket_id": "tkt_1"}),
    ],
)
def test_most_events_and_all_replayed_ones_concern_nobody(make: Make, event: dict[str, Any]) -> None:
    board = MemoryNoticeBoard()
    assert make(lambda system: build_notify(system, board))(event) == {"message_id": None}
    assert board.posted == []


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        (DetailType.DRIFT_DETECTED, {"watched": "INPUTS", "model_version": "v2"}),
        (DetailType.BUDGET_LEVEL_CHANGED, {"level": "EXTRACTIVE", "spent_usd": 12.5}),
        (DetailType.DOCUMENT_REFUSED, {"document_id": "doc_1", "title": "Signora Rossi's manual"}),
        (DetailType.KNOWLEDGE_GAP_FOUND, {"gap_id": "gap_1", "question": "What about Signora Rossi?"}),
    ],
)
def test_a_notice_holds_ids_and_figures_only(kind: DetailType, detail: dict[str, Any]) -> None:
    notice = notice_of(received_event(bus_event(kind.value, "rimedio.x", detail)))
    assert notice is not None
    assert "Rossi" not in notice.text + notice.subject
    assert len(notice.subject) <= 100
    assert str(next(iter(detail.values()))) in notice.subject


# -- dead letters


def test_dead_letters_are_sent_again_and_what_never_can_stays(system: LaptopRimedio, make: Make) -> None:
    seen: list[str] = []
    down = [True]

    def receive(event: Any) -> None:
        if down[0]:
            raise Unavailable("down")
        seen.append(event.id)

    system.eventing.targets.handlers["receiver"] = receive
    once = RetryPolicy(maximum_retry_attempts=0)
    targets = (Target("a", "handler:receiver", retry=once), Target("b", "handler:nobody", retry=once))
    system.eventing.bus.put_rule(Rule("acme", "all", {"detail-type": ["WebhookTest"]}, targets))
    system.eventing.publisher.publish("acme", DetailType.WEBHOOK_TEST, {})
    work(system)
    down[0] = False
    redrive = make(build_redrive)
    assert redrive({}) == {
        "changes": {"recovered": 0, "waiting": 0, "lost": 0},
        "redriven": 1,
        "returned": 0,
        "kept": {"NOT_RETRYABLE": 1},
        "unfinished": [],
    }
    work(system)
    assert len(seen) == 1
    assert redrive({"tenant_id": "acme"})["redriven"] == 0


def work(system: LaptopRimedio) -> None:
    while system.eventing.outbox.run_once() + system.eventing.dispatcher.run_once():
        pass


def test_what_there_is_no_time_for_is_told(make: Make) -> None:
    assert make(build_redrive)({}, remaining_ms=10)["unfinished"] == ["acme"]


@pytest.mark.parametrize(
    "event",
    [
        {"reasons": "ALL"},
        {"reasons": ["NO_SUCH"]},
        {"tenant_id": 7},
        {"parts": "changes"},
        {"parts": ["all"]},
    ],
)
def test_a_redrive_that_asks_for_nonsense_is_refused(make: Make, event: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        make(build_redrive)(event)


# -- documents


def test_a_document_that_was_put_into_the_bucket_is_read_once(system: LaptopRimedio, make: Make) -> None:
    record = system.manuals.load("acme", MANUAL, "xc200.md")
    key = f"objects/acme/{record.attributes[ORIGINAL]}"
    ingest = make(build_ingest)
    for event in (sqs_event(s3_notification(key)), sqs_event(s3_notification(key))):
        assert ingest(event) == {"batchItemFailures": []}
    stored = system.documents.get("acme", record.document_id)
    assert stored.status is DocumentStatus.INDEXED
    changes = [c for c in system.changes.read("a test", 1000) if "DOCUMENT" in c.key.pk and c.new]
    assert len(changes) == 2  # queued, and indexed: the second message wrote nothing
    found = system.library.find("acme", "fan filter E029")
    assert found.passages


def test_messages_of_every_shape_name_their_documents_and_a_strange_one_fails_alone(
    system: LaptopRimedio, make: Make
) -> None:
    first = system.manuals.load("acme", MANUAL, "a.md")
    second = system.manuals.load("acme", MANUAL + b"\nmore", "b.md")
    event = sqs_event(
        {"tenant_id": "acme", "document_id": first.document_id},
        {"tenant_id": "acme", "document_id": "doc_that_is_not"},
        "no json",
        bus_event(
            "Object Created", "aws.s3", {"object": {"key": f"objects/acme/{second.attributes[ORIGINAL]}"}}
        ),
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "x"},
        s3_notification("objects/acme/attachments/x.pdf"),
    )
    answer = make(build_ingest)(event)
    failed = [item["itemIdentifier"][-1] for item in answer["batchItemFailures"]]
    assert failed == ["2", "3"]
    for record in (first, second):
        assert system.documents.get("acme", record.document_id).status is DocumentStatus.INDEXED


@pytest.mark.parametrize(
    "key", ["", "x", "objects/acme/originals", "objects/a/b/originals/c", "knowledge/a/originals/b"]
)
def test_other_objects_are_no_documents(key: str) -> None:
    assert wanted_at(key) is None


def test_the_published_index_is_written_only_when_something_is_to_be_done(
    system: LaptopRimedio, make: Make, tmp_path: Path
) -> None:
    published = Published(system, tmp_path)
    publish = make(build_publish_index)
    assert publish({}) == {"documents": 0, "vectors": 0}
    assert published.times == 0
    for number in range(25):
        system.manuals.load("acme", MANUAL + str(number).encode(), f"{number}.md")
    assert publish({})["documents"] == 25
    assert published.times == 1
    assert publish({}) == {"documents": 0, "vectors": 0}


def test_the_register_says_indexed_only_after_the_index_was_published(
    system: LaptopRimedio, make: Make, tmp_path: Path
) -> None:
    record = system.manuals.load("acme", MANUAL, "xc200.md")
    published = Published(system, tmp_path, fails=1)
    event = sqs_event({"tenant_id": "acme", "document_id": record.document_id})
    ingest = make(build_ingest)
    with pytest.raises(Unavailable):
        ingest(event)
    assert system.documents.get("acme", record.document_id).status is DocumentStatus.PROCESSING
    assert ingest(event) == {"batchItemFailures": []}
    assert published.times == 1
    assert system.documents.get("acme", record.document_id).status is DocumentStatus.INDEXED


class Published:
    """A home that publishes: its publisher works on the index at hand, and may fail at the end."""

    def __init__(self, system: LaptopRimedio, folder: Path, fails: int = 0) -> None:
        self.times, self._fails, self._system = 0, fails, system
        system.publisher = self  # type: ignore[attr-defined]
        system.on_index = self.on_index  # type: ignore[attr-defined]

    def apply(self, work: Callable[[Any], Any]) -> Any:
        done = work(self._system.index)
        if self._fails:
            self._fails -= 1
            raise Unavailable("The bucket does not answer.")
        self.times += 1
        return done

    def on_index(self, index: Any, documents: DocumentStore) -> LaptopRimedio:
        made = LaptopRimedio(self._system.settings, self._system.folder, self._system.clock)
        made.__dict__ |= {"index": index, "documents": documents}
        return made


def test_deferred_records_are_seen_before_they_are_written(system: LaptopRimedio) -> None:
    record = system.manuals.load("acme", MANUAL, "xc200.md")
    deferred = DeferredDocuments(system.table)
    from dataclasses import replace

    deferred.save(replace(record, status=DocumentStatus.INDEXED))
    assert deferred.get("acme", record.document_id).status is DocumentStatus.INDEXED
    assert deferred.list_by_status("acme", DocumentStatus.PROCESSING).records == ()
    assert system.documents.get("acme", record.document_id).status is DocumentStatus.PROCESSING
    assert (deferred.flush(), deferred.flush()) == (1, 0)
    assert system.documents.get("acme", record.document_id).status is DocumentStatus.INDEXED


# -- housekeeping


def test_a_ticket_that_was_accepted_and_never_started_is_started(system: LaptopRimedio, make: Make) -> None:
    opened = system.open_ticket("acme", REQUEST)
    keep = make(build_housekeeping)
    assert keep({"jobs": ["recover"]})["unfinished"] == []
    system.runner.drain()
    assert system.tickets.get("acme", opened.ticket_id).status not in (Status.NEW, Status.PROCESSING)


def test_every_job_has_its_turn_and_a_second_turn_changes_nothing(system: LaptopRimedio, make: Make) -> None:
    keep = make(build_housekeeping)
    first = keep({})
    assert set(first["done"]) == set(jobs_of(system))
    assert {"knowledge-gaps", "watch-drift", "budgets", "sweep-uploads", "count-use"} <= set(first["done"])
    assert sum(keep({})["done"].values()) == 0


def test_a_job_that_fails_does_not_take_the_others_turn_and_the_failure_is_told(
    system: LaptopRimedio, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    monkeypatch.setattr(type(system), "sweep", lambda _: (_ for _ in ()).throw(RuntimeError("broken")))
    monkeypatch.setattr(type(system.tenants), "all", lambda _: counted.append("asked") or ())
    keep = make(build_housekeeping)
    with pytest.raises(Unavailable, match="sweep: RuntimeError"):
        keep({"jobs": ["sweep", "count-use"]})
    assert counted == ["asked"]


def test_jobs_without_time_are_left_for_the_next_turn(make: Make) -> None:
    assert make(build_housekeeping)({"jobs": ["sweep"]}, remaining_ms=5) == {
        "done": {},
        "unfinished": ["sweep"],
    }


def test_a_job_that_is_not_known_is_refused(make: Make) -> None:
    with pytest.raises(InvalidInput, match="no-such-job"):
        make(build_housekeeping)({"jobs": ["no-such-job"]})
