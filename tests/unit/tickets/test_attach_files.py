"""Files that come with a ticket are kept once, under the name of their content."""

from pathlib import Path

import pytest

from rimedio.domain.errors import InvalidInput
from rimedio.domain.ticket import AttachmentType, TicketRequest
from rimedio.storage.memory_objects import MemoryObjectStore
from rimedio.tickets import attach_files
from rimedio.tickets.attach_files import AttachFiles, kind_of
from rimedio.tickets.open_ticket import parse_request
from rimedio.tickets.tasks.extract_text import STORED


@pytest.fixture
def request_() -> TicketRequest:
    return parse_request(
        {
            "customer": {"id": "c", "name": "Riva"},
            "asset": {"product_type": "HVAC", "model": "TP-8", "serial": "S"},
            "symptom_text": "La pompa di calore non parte",
        }
    )


def test_a_file_is_kept_and_named_in_the_request(tmp_path: Path, request_: TicketRequest) -> None:
    objects = MemoryObjectStore()
    log = tmp_path / "Pump.LOG"
    log.write_bytes(b"E12")
    (kept,) = AttachFiles(objects)("acme", request_, [log]).attachments
    assert (kept.name, kept.type) == ("Pump.LOG", AttachmentType.LOG)
    assert kept.uri.endswith(".log")
    assert objects.get("acme", kept.uri.removeprefix(STORED)) == b"E12"


def test_the_same_file_gives_the_same_request(tmp_path: Path, request_: TicketRequest) -> None:
    log = tmp_path / "pump.log"
    log.write_bytes(b"E12")
    attach = AttachFiles(MemoryObjectStore())
    first = attach("acme", request_, [log])
    assert attach("acme", request_, [log]) == first
    log.write_bytes(b"E13")
    assert attach("acme", request_, [log]) != first


def test_attachments_that_are_there_already_stay(tmp_path: Path, request_: TicketRequest) -> None:
    for name in ("a.log", "b.pdf"):
        (tmp_path / name).write_bytes(b"x")
    attach = AttachFiles(MemoryObjectStore())
    both = attach("acme", attach("acme", request_, [tmp_path / "a.log"]), [tmp_path / "b.pdf"])
    assert [a.name for a in both.attachments] == ["a.log", "b.pdf"]


def test_a_file_that_is_missing_or_huge_is_refused(
    tmp_path: Path, request_: TicketRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = MemoryObjectStore()
    with pytest.raises(InvalidInput, match=r"absent\.pdf cannot be read"):
        AttachFiles(objects)("acme", request_, [tmp_path / "absent.pdf"])
    monkeypatch.setattr(attach_files, "BYTES_MAX", 3)
    (tmp_path / "big.log").write_bytes(b"four")
    with pytest.raises(InvalidInput, match=r"big\.log"):
        AttachFiles(objects)("acme", request_, [tmp_path / "big.log"])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.PDF", AttachmentType.PDF),
        ("a.jpeg", AttachmentType.IMAGE),
        ("a.mp4", AttachmentType.VIDEO),
        ("a.csv", AttachmentType.LOG),
        ("a", AttachmentType.LOG),
    ],
)
def test_the_name_says_what_a_file_is(name: str, kind: AttachmentType) -> None:
    assert kind_of(name) is kind
