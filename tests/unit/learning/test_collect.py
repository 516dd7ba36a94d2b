"""What people said of a ticket's category: the strongest word of each person, the taxonomy's words only."""

from datetime import UTC, datetime, timedelta

from rimedio.domain.feedback import Feedback, Use
from rimedio.domain.review import Review, ReviewVerdict
from rimedio.domain.ticket import Asset, Customer, Ticket
from rimedio.learning.collect import Statement, statements
from rimedio.learning.observations import Origin

NOW = datetime(2026, 5, 1, tzinfo=UTC)
CATEGORIES = ("THERMAL", "SENSOR")
TICKET = Ticket(
    customer=Customer(id="c", name="Mario Riva"),
    asset=Asset(product_type="HVAC", model="TP-8", serial="1"),
    symptom_text="it does not heat any more",
    ticket_id="tkt_00000000-0000-4000-8000-000000000001",
    tenant_id="acme",
    created_at=NOW,
    updated_at=NOW,
    category="THERMAL",
)


def review(verdict: ReviewVerdict, before: str | None, category: str | None, by: str = "anna") -> Review:
    return Review(
        "rev", "acme", TICKET.ticket_id, "sol", by, verdict, NOW, category_before=before, category=category
    )


def feedback(**fields: object) -> Feedback:
    given: dict[str, object] = {
        "feedback_id": "f",
        "tenant_id": "acme",
        "ticket_id": TICKET.ticket_id,
        "operator_id": "bruno",
        "created_at": NOW + timedelta(hours=1),
        "was_helpful": True,
        "use_for_training": True,
    }
    return Feedback.model_validate(given | fields)


def said(*reviews: Review, given: tuple[Feedback, ...] = ()) -> list[tuple[str, str, Origin]]:
    found: tuple[Statement, ...] = statements(TICKET, reviews, given, CATEGORIES)
    return [(s.by, s.label, s.origin) for s in found]


def test_a_reviewer_who_names_another_category_corrects_it() -> None:
    assert said(review(ReviewVerdict.EDITED, "THERMAL", "SENSOR")) == [("anna", "SENSOR", Origin.REVIEW)]
    assert said(review(ReviewVerdict.APPROVED, None, "SENSOR")) == [("anna", "SENSOR", Origin.REVIEW)]


def test_an_approval_confirms_the_category_and_a_rejection_says_nothing_of_it() -> None:
    assert said(review(ReviewVerdict.APPROVED, "THERMAL", "THERMAL")) == [
        ("anna", "THERMAL", Origin.APPROVAL)
    ]
    assert said(review(ReviewVerdict.REJECTED, "THERMAL", "THERMAL")) == []


def test_categories_that_the_taxonomy_does_not_know_say_nothing() -> None:
    assert said(review(ReviewVerdict.EDITED, "THERMAL", "WITCHCRAFT")) == []
    assert said(review(ReviewVerdict.APPROVED, "UNKNOWN", "UNKNOWN")) == []


def test_feedback_counts_when_it_is_given_for_training() -> None:
    named = feedback(corrections="Category should be SENSOR, the probe was loose")
    assert said(given=(named,)) == [("bruno", "SENSOR", Origin.FEEDBACK)]
    assert said(given=(feedback(),)) == [("bruno", "THERMAL", Origin.APPROVAL)]
    for nothing in (
        feedback(use_for_training=False),
        feedback(was_helpful=False),
        feedback(use=Use.IGNORED),
        feedback(corrections="SENSOR or THERMAL, who knows"),
    ):
        assert said(given=(nothing,)) == []


def test_the_strongest_word_of_a_person_counts_not_the_last() -> None:
    corrected = review(ReviewVerdict.EDITED, "THERMAL", "SENSOR", by="bruno")
    assert said(corrected, given=(feedback(),)) == [("bruno", "SENSOR", Origin.REVIEW)]
