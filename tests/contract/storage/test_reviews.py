"""What the stores of reviews, notes and uploads do over every table."""

from datetime import timedelta

import pytest

from rimedio.domain.answer import Citation
from rimedio.domain.errors import ConditionFailed, NotFound
from rimedio.domain.investigation import Finding, InvestigationNotes
from rimedio.domain.knowledge import DocType
from rimedio.domain.review import Change, Review, ReviewVerdict, SentenceChange
from rimedio.domain.ticket import AttachmentType
from rimedio.domain.upload import Upload, UploadPart
from rimedio.storage.reviews import ReviewStore
from rimedio.storage.uploads import UploadStore


def review(home, number: int, **fields) -> Review:
    given = {
        "review_id": f"rev_{number}", "tenant_id": "acme", "ticket_id": "tkt_1", "solution_id": f"sol_{number}",
        "reviewer": "anna", "verdict": ReviewVerdict.EDITED, "at": home.clock.now() + timedelta(seconds=number),
        "diff": (SentenceChange(Change.CHANGED, "a", "b", 1),), "changed": 0.5,
    }  # fmt: skip
    return Review(**(given | fields))


def upload(home, number: int, **fields) -> Upload:
    given = {
        "upload_id": f"upl_{number}", "tenant_id": "acme", "name": "a.log", "type": AttachmentType.LOG,
        "size": 250, "part_size": 100, "parts": 3, "created_by": "tom",
        "created_at": home.clock.now() + timedelta(seconds=number),
    }  # fmt: skip
    return Upload(**(given | fields))


def test_a_review_is_found_by_solution_ticket_and_time(home) -> None:
    store = ReviewStore(home.table, shards=3)
    for number in (2, 1):
        home.table.transact_write([store.put(review(home, number))])
    home.table.transact_write([store.put(review(home, 3, ticket_id="tkt_2"))])
    home.table.transact_write([store.put(review(home, 4, tenant_id="other"))])
    assert store.of_solution("acme", "tkt_1", "sol_2") == review(home, 2)
    assert store.of_solution("other", "tkt_1", "sol_2") is None
    assert store.of_ticket("acme", "tkt_1") == (review(home, 1), review(home, 2))
    first = store.list_all("acme", limit=2)
    rest = store.list_all("acme", limit=2, cursor=first.cursor)
    assert [r.review_id for r in first.reviews + rest.reviews] == ["rev_1", "rev_2", "rev_3"]


def test_a_solution_is_reviewed_once(home) -> None:
    store = ReviewStore(home.table)
    home.table.transact_write([store.put(review(home, 1))])
    with pytest.raises(ConditionFailed):
        home.table.transact_write([store.put(review(home, 1, reviewer="berta"))])


def test_later_notes_replace_the_earlier_ones(home) -> None:
    store = ReviewStore(home.table)
    citation = Citation("c1", "chk_1", "xc.md", "XC", DocType.MANUAL, "words", 1.0)
    first = InvestigationNotes("tkt_1", home.clock.now(), "first", found=(Finding("words", citation),))
    second = InvestigationNotes("tkt_1", home.clock.now(), "second", missing=("the code",))
    assert store.notes("acme", "tkt_1") is None
    for notes in (first, second):
        home.table.transact_write([store.put_notes("acme", notes)])
        assert store.notes("acme", "tkt_1") == notes
    assert store.notes("other", "tkt_1") is None


def test_an_upload_and_its_pieces_are_found_and_forgotten(home) -> None:
    store = UploadStore(home.table)
    store.put(upload(home, 1))
    for number in (2, 1, 2):
        store.put_part("acme", "upl_1", UploadPart(number, 100, "ab"))
    assert store.get("acme", "upl_1") == upload(home, 1)
    assert store.parts("acme", "upl_1") == (UploadPart(1, 100, "ab"), UploadPart(2, 100, "ab"))
    with pytest.raises(NotFound):
        store.get("other", "upl_1")
    assert store.parts("other", "upl_1") == ()
    store.forget("acme", "upl_1")
    store.forget("acme", "upl_1")
    with pytest.raises(NotFound):
        store.get("acme", "upl_1")
    assert store.parts("acme", "upl_1") == ()


def test_uploads_older_than_an_instant_come_oldest_first(home) -> None:
    store = UploadStore(home.table, shards=4)
    for number in range(130):
        store.put(upload(home, number))
    store.put(upload(home, 1, tenant_id="other"))
    before = home.clock.now() + timedelta(seconds=120)
    found = [u.upload_id for u in store.older_than("acme", before)]
    assert found == [f"upl_{number}" for number in range(120)]


def test_the_last_part_of_an_upload_is_what_is_left(home) -> None:
    whole = upload(home, 1)
    assert [whole.size_of(number) for number in (1, 2, 3)] == [100, 100, 50]
