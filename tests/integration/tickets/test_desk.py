"""The desk as the service has it: the whole system on a data folder, without vectors."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rimedio.bootstrap import Rimedio, laptop
from rimedio.domain.conversation import Author
from rimedio.domain.errors import InvalidInput, NotFound
from rimedio.domain.ticket import AttachmentType, Status, Ticket, TicketRequest
from rimedio.settings import load_settings
from rimedio.tickets.desk.list_tickets import TicketFilter
from rimedio.tickets.review_ticket import ReviewRequest
from rimedio.tickets.uploads.receive_upload import UploadRequest

MANUAL = b"""# XC-200 manual

## E029 Overtemperature

Cause: the air filter is clogged.

Remedy: replace the air filter XC2-FLT-01 and restart the station.
"""
LOG = b"09:14 module 2 temperature 86 C, shutdown E029, call mario.rossi@example.com\n" * 100


@pytest.fixture
def system(tmp_path: Path) -> Iterator[Rimedio]:
    built = laptop(
        load_settings(
            {
                "data_dir": tmp_path / "data",
                "embedder": "none",
                "upload_part_bytes": 1024,
                "publish_confidence_min": 1.0,  # a person looks at everything
            },
            environment={},
        )
    )
    built.ingestor.ingest_bytes(MANUAL, "xc.md", "acme", source_uri="xc.md")
    yield built
    built.close()


def request(**fields: object) -> TicketRequest:
    return TicketRequest.model_validate(
        {
            "customer": {"id": "c1", "name": "Officine Riva"},
            "asset": {"product_type": "EV_CHARGER", "model": "XC-200", "serial": "SN1"},
            "symptom_text": "The station stops after five minutes and shows E029",
        }
        | fields
    )


def sent(system: Rimedio, data: bytes = LOG) -> str:
    uploads = system.desk.uploads
    upload = uploads.start(
        "acme", UploadRequest(name="../pump.log", type=AttachmentType.LOG, size=len(data)), by="tom"
    )
    for number in range(1, upload.parts + 1):
        piece = data[(number - 1) * upload.part_size : number * upload.part_size]
        uploads.put_part("acme", upload.upload_id, number, piece)
    return upload.upload_id


def worked(system: Rimedio, **fields: object) -> Ticket:
    return system.runner.settle(system.desk.open_ticket("acme", request(**fields)))


def test_a_file_in_pieces_comes_with_a_ticket_and_goes_out_again(system: Rimedio) -> None:
    attachment = system.desk.uploads.complete("acme", sent(system))
    ticket = worked(system, attachments=[attachment])
    file = system.desk.attachment("acme", ticket.ticket_id, attachment.id)
    assert (file.name, file.size, b"".join(file.blocks)) == ("pump.log", len(LOG), LOG)
    with pytest.raises(NotFound):
        system.desk.attachment("other", ticket.ticket_id, attachment.id)
    with pytest.raises(InvalidInput, match="names no file of yours"):
        system.desk.open_ticket.open("other", request(attachments=[attachment]))
    assert system.desk.uploads.sweep_once() == 0
    run = system.desk.run("acme", ticket.ticket_id)
    assert "temperature 86 C" in str(run)
    assert "mario.rossi@example.com" not in str(run)
    assert "Officine Riva" not in str(run)


@pytest.mark.parametrize("uri", ["http://127.0.0.1:8080/x", "object:vaults/x.json", "file:///etc/passwd"])
def test_an_attachment_from_the_inside_opens_no_ticket(system: Rimedio, uri: str) -> None:
    with pytest.raises(InvalidInput):
        system.desk.open_ticket.open("acme", request(attachments=[{"id": "a", "type": "LOG", "uri": uri}]))
    assert system.desk.list_tickets("acme").tickets == ()


def test_a_ticket_that_repeats_an_open_one_is_linked_and_still_worked_on(system: Rimedio) -> None:
    first = worked(system)
    created = system.desk.open_ticket.open(
        "acme", request(symptom_text="E029 again, it stops after five minutes")
    )
    assert created.ticket.duplicate_of == first.ticket_id
    settled = system.runner.settle(created.ticket)
    assert settled.duplicate_of == first.ticket_id
    assert settled.status is not Status.PROCESSING


def test_a_review_a_resolution_and_the_next_customer(system: Rimedio) -> None:
    ticket = worked(system)
    assert (ticket.status, ticket.confidence is not None) == (Status.IN_REVIEW, True)
    assert ticket.waiting_since == ticket.updated_at
    done = system.desk.review(
        "acme", ticket.ticket_id, ReviewRequest.model_validate({"verdict": "APPROVED"}), reviewer="anna"
    )
    assert done.ticket.waiting_since is None
    system.runner.drain()
    system.desk.resolve("acme", ticket.ticket_id, by="anna")
    other = worked(system, asset={"product_type": "EV_CHARGER", "model": "XC-200", "serial": "SN2"})
    (similar,) = system.desk.similar("acme", other.ticket_id)
    assert similar.ticket_id == ticket.ticket_id
    assert "XC2-FLT-01" in similar.summary
    assert similar.use == "USED"
    waiting = TicketFilter(status=Status.IN_REVIEW)
    assert [t.ticket_id for t in system.desk.list_tickets("acme", waiting).tickets] == [other.ticket_id]


def test_every_part_of_the_desk_can_be_built(system: Rimedio) -> None:
    desk = system.desk
    assert desk.workflow().start == "Validate"
    assert set(desk.loops()) == {"sweep uploads", "wake answered", "pick up tickets"}
    position = desk.queue.changes_since("acme").position
    ticket = worked(system)
    assert desk.live.changes_since("acme", ticket.ticket_id).done
    assert int(desk.queue.changes_since("acme", position).position) >= int(position)
    assert [e.name for e in desk.ask_live("acme", "XC-200 E029?")][-1] == "complete"
    desk.messages("acme", ticket.ticket_id, "Hello", Author.CUSTOMER)
    escalated = desk.escalate("acme", ticket.ticket_id, by="anna")
    assert desk.show.notes("acme", ticket.ticket_id).found
    assert desk.show("acme", ticket.ticket_id) == escalated
    with pytest.raises(NotFound):
        desk.show.solution("acme", ticket.ticket_id, published_only=True)
    assert desk.show.solution("acme", ticket.ticket_id, published_only=False).steps
