"""A person judges a draft: what is written, what the edit proves, what a double click does."""

import pytest
from tests.integration.tickets.workshop import TENANT, Workshop

from rimedio.domain.answer import Outcome, Solution, Verdict
from rimedio.domain.errors import Conflict, InvalidInput, NotFound
from rimedio.domain.feedback import Use
from rimedio.domain.review import Change, ReviewVerdict
from rimedio.domain.ticket import Status, Ticket
from rimedio.tickets.task_tokens import Waiting

pytestmark = pytest.mark.usefixtures("home")

Shop = tuple[Workshop, Ticket, Solution]


@pytest.fixture
def waiting() -> Shop:
    shop = Workshop([Outcome.REVIEW])
    ticket = shop.work()
    return shop, ticket, shop.tickets.solution(TENANT, ticket.ticket_id, str(ticket.solution_id))


def steps_of(draft: Solution, **texts: str) -> list[dict[str, object]]:
    """The draft's steps as a console sends them, with other texts by step number (`s1=…`)."""
    return [
        {
            "order": step.order,
            "section": step.section.value,
            "title": step.title,
            "text": texts.get(f"s{step.order}", step.text),
            "citation_ids": list(step.citation_ids),
        }
        for step in draft.steps
    ]


def solution_of(shop: Workshop, ticket: Ticket) -> Solution:
    now = shop.tickets.get(TENANT, ticket.ticket_id)
    return shop.tickets.solution(TENANT, ticket.ticket_id, str(now.solution_id))


def test_an_approval_publishes_the_draft_as_it_is_and_counts_as_used(waiting: Shop) -> None:
    shop, ticket, draft = waiting
    done = shop.judge(ticket, "APPROVED")
    assert (done.ticket.status, done.ticket.solution_id) == (Status.READY, draft.solution_id)
    assert (done.review.verdict, done.review.diff, done.review.changed) == (ReviewVerdict.APPROVED, (), 0.0)
    (feedback,) = shop.tickets.feedback(TENANT, ticket.ticket_id)
    assert (feedback.use, feedback.measured, feedback.rating) == (Use.USED, True, None)
    assert (feedback.operator_id, feedback.solution_id) == ("anna", draft.solution_id)


def test_an_edit_that_the_passage_supports_is_cited_again(waiting: Shop) -> None:
    shop, ticket, draft = waiting
    last = len(draft.steps)
    new = steps_of(draft, **{f"s{last}": "Replace the air filter XC2-FLT-01."})
    done = shop.judge(ticket, "EDITED", steps=new)
    edited = solution_of(shop, ticket)
    assert edited.solution_id == done.ticket.solution_id != draft.solution_id
    assert edited.steps[-1].text == "Replace the air filter XC2-FLT-01."
    claim = edited.claims[-1]
    assert (claim.verdict, claim.citation_id) == (Verdict.SUPPORTED, "c1")
    assert "replace the air filter XC2-FLT-01" in claim.quote
    assert edited.steps[-1].citation_ids == ("c1",)


def test_the_shortest_words_that_support_an_edit_are_its_quote(waiting: Shop) -> None:
    shop, ticket, _ = waiting
    text = "The air filter is dirty."
    shop.judge(ticket, "EDITED", steps=[{"section": "CAUSE", "title": "Cause", "text": text}])
    (claim,) = solution_of(shop, ticket).claims
    assert claim.verdict is Verdict.SUPPORTED
    assert "air filter is clogged" in claim.quote
    assert "measure" not in claim.quote


def test_a_sentence_that_no_passage_supports_is_kept_as_the_operators_own(waiting: Shop) -> None:
    shop, ticket, draft = waiting
    own = "Call me before you open the cabinet."
    shop.judge(ticket, "EDITED", steps=steps_of(draft, s1=f"{draft.steps[0].text}\n{own}"))
    edited = solution_of(shop, ticket)
    assert edited.steps[0].text.endswith(own)
    (claim,) = [c for c in edited.claims if c.text == own]
    assert (claim.verdict, claim.citation_id, claim.quote, claim.support) == (Verdict.OPERATOR, None, "", 0.0)
    assert edited.quality.citation_coverage < 1
    kept = [c for c in edited.claims if c.text != own]
    assert all(c.citation_id for c in kept)


def test_a_sentence_that_contradicts_its_passage_says_so(waiting: Shop) -> None:
    shop, ticket, draft = waiting
    last = len(draft.steps)
    shop.judge(ticket, "EDITED", steps=steps_of(draft, **{f"s{last}": "Replace the air filter XC2-FLT-09."}))
    claim = solution_of(shop, ticket).claims[-1]
    assert (claim.verdict, claim.citation_id) == (Verdict.OPERATOR, None)


def test_the_diff_tells_each_sentence_before_and_after(waiting: Shop) -> None:
    shop, ticket, draft = waiting
    steps = steps_of(draft, s1="The air filter is clogged by dust.")[:-1]
    review = shop.judge(ticket, "EDITED", steps=steps).review
    ops = [change.op for change in review.diff]
    assert ops[0] is Change.CHANGED
    assert (review.diff[0].before, review.diff[0].after) == (
        "the air filter is clogged.",
        "The air filter is clogged by dust.",
    )
    assert Change.REMOVED in ops
    assert 0 < review.changed < 1
    assert shop.review.list(TENANT, ticket.ticket_id) == (review,)
    (feedback,) = shop.tickets.feedback(TENANT, ticket.ticket_id)
    assert (feedback.use, feedback.changed) == (Use.EDITED, review.changed)


def test_an_edit_that_changes_nothing_is_an_approval(waiting: Shop) -> None:
    shop, ticket, draft = waiting
    done = shop.judge(ticket, "EDITED", steps=steps_of(draft))
    assert (done.review.verdict, done.ticket.solution_id) == (ReviewVerdict.APPROVED, draft.solution_id)


def test_a_rejection_escalates_with_notes_and_the_reason(waiting: Shop) -> None:
    shop, ticket, _ = waiting
    done = shop.judge(ticket, "REJECTED", reason="wrong filter")
    assert done.ticket.status is Status.ESCALATED
    notes = shop.reviews.notes(TENANT, ticket.ticket_id)
    assert notes is not None
    assert any("wrong filter" in line for line in notes.tried)
    (feedback,) = shop.tickets.feedback(TENANT, ticket.ticket_id)
    assert feedback.use is Use.IGNORED


def test_a_double_click_reviews_once(waiting: Shop) -> None:
    shop, ticket, draft = waiting
    steps = steps_of(draft, s1="The filter is full of dust.")
    first = shop.judge(ticket, "EDITED", steps=steps)
    shop.clock.advance(1)
    again = shop.judge(ticket, "EDITED", steps=steps)
    assert again == first
    assert len(shop.tickets.feedback(TENANT, ticket.ticket_id)) == 1
    with pytest.raises(Conflict, match="anna has edited it"):
        shop.judge(ticket, "APPROVED")


def test_a_review_that_crashed_before_waking_the_execution_stands(waiting: Shop) -> None:
    shop, ticket, _ = waiting
    tokens = shop.review.parts.tokens
    tokens.forget(
        TENANT, ticket.ticket_id, Waiting.REVIEW, tokens.find(TENANT, ticket.ticket_id, Waiting.REVIEW)
    )
    shop.judge(ticket, "APPROVED")
    shop.clock.advance(15 * 24 * 3600)  # the execution times out alone
    assert shop.runner.settle(ticket).status is Status.READY


@pytest.mark.parametrize(
    "fields",
    [
        {"verdict": "REJECTED"},
        {"verdict": "EDITED"},
        {"verdict": "EDITED", "steps": []},
        {"verdict": "APPROVED", "steps": [{"section": "CAUSE", "title": "t", "text": "x"}]},
        {"verdict": "APPROVED", "category": "NO-SUCH-THING"},
        {
            "verdict": "EDITED",
            "steps": [{"section": "CAUSE", "title": "t", "text": "x", "citation_ids": ["c99"]}],
        },
    ],
)
def test_a_review_that_lacks_what_it_needs_is_refused(waiting: Shop, fields: dict[str, object]) -> None:
    shop, ticket, _ = waiting
    with pytest.raises(InvalidInput):
        shop.judge(ticket, **fields)  # type: ignore[arg-type]
    assert shop.tickets.get(TENANT, ticket.ticket_id).status is Status.IN_REVIEW


def test_another_tenant_finds_nothing_to_review(waiting: Shop) -> None:
    shop, ticket, _ = waiting
    from rimedio.tickets.review_ticket import ReviewRequest

    with pytest.raises(NotFound):
        shop.review("other", ticket.ticket_id, ReviewRequest(verdict=ReviewVerdict.APPROVED), reviewer="eve")


def test_a_corrected_category_is_kept_beside_the_old_one(waiting: Shop) -> None:
    shop, ticket, _ = waiting
    category = next(c for c in shop.review.parts.categories if c != ticket.category)
    done = shop.judge(ticket, "APPROVED", category=category)
    assert done.ticket.category == category
    assert (done.review.category_before, done.review.category) == ("THERMAL", category)


def test_html_and_formulas_stay_the_text_that_they_are(waiting: Shop) -> None:
    shop, ticket, draft = waiting
    bad = '<script>alert(1)</script> =HYPERLINK("http://x")'
    shop.judge(ticket, "EDITED", steps=steps_of(draft, s1=bad))
    assert solution_of(shop, ticket).steps[0].text == bad
