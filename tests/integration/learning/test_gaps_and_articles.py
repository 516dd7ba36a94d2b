"""A question without an answer becomes a gap; a solved ticket an article; the article closes the gap."""

from dataclasses import replace

import pytest

from rimedio.domain.errors import Conflict, InvalidInput, NotFound
from rimedio.domain.knowledge import ReviewStatus
from rimedio.domain.ticket import Status
from rimedio.knowledge.index.port import Filters
from rimedio.learning.articles import ArticleStatus
from rimedio.learning.gaps import Gap, GapStatus

NOTE = (
    "The cause was the surge protection board, burnt by the storm. Check the red LED of the board. "
    "Replace the board with XC2-SPD-07 and reset the breaker. Thanks to Mario Riva, tel. 333 1234567."
)


def gaps(shop, status: GapStatus = GapStatus.OPEN) -> list[Gap]:  # type: ignore[no-untyped-def]
    return list(shop.system.learning.gaps.all(shop.tenant, status))


def test_from_an_unknown_code_to_an_article_that_answers_it(shop) -> None:  # type: ignore[no-untyped-def]
    system, learning = shop.system, shop.system.learning
    first = shop.work("The display shows E399 since yesterday, what is it? Mario Riva, 333 1234567", "E399")
    second = shop.work("Code E399 after the storm, the station stands still", "E399")
    assert first.status is second.status is Status.ESCALATED
    learning.catch_up()
    assert learning.work_on_gaps() == 2
    [gap] = gaps(shop)
    assert (gap.count, gap.code, gap.models) == (2, "E399", ("XC-200",))
    assert gap.tickets == (first.ticket_id, second.ticket_id)
    assert not any("Riva" in e.text or "1234567" in e.text for e in gap.examples)

    with pytest.raises(Conflict, match="not resolved"):
        learning.articles.draft(shop.tenant, [second.ticket_id], "anna")
    system.desk.resolve(shop.tenant, second.ticket_id, by="anna", reason=NOTE)
    article = learning.articles.draft(shop.tenant, [second.ticket_id], "anna")
    assert article.status is ArticleStatus.DRAFT
    assert "## E399 – After the storm" in article.body
    assert (
        "**Probable cause:** The cause was the surge protection board, burnt by the storm. [t1]"
        in article.body
    )
    assert "1. Check the red LED of the board. [t1]" in article.body
    assert "1. Replace the board with XC2-SPD-07 and reset the breaker. [t1]" in article.body
    assert "Riva" not in article.body + article.title

    asked = system.ask(shop.tenant, "What does E399 mean?", model="XC-200")
    assert not asked.steps  # a draft answers nothing
    learning.articles.approve(shop.tenant, article.article_id, "capo")
    answered = system.ask(shop.tenant, "What does E399 mean?", model="XC-200")
    assert any("XC2-SPD-07" in step.text for step in answered.steps)
    assert "[t1]" not in "".join(step.text for step in answered.steps)

    learning.work_on_gaps()
    assert not [g for g in gaps(shop) if g.code == "E399"]
    [closed] = [g for g in gaps(shop, GapStatus.CLOSED) if g.gap_id == gap.gap_id]
    assert closed.closed_by == (learning.articles.store.get(shop.tenant, article.article_id).document_id,)


def test_a_rejected_article_stays_out_and_a_decided_one_stays_as_it_is(shop) -> None:  # type: ignore[no-untyped-def]
    articles = shop.system.learning.articles
    ticket = shop.work("Code E398 after the storm, the station stands still", "E398")
    shop.system.desk.resolve(
        shop.tenant, ticket.ticket_id, by="anna", reason="Replace the board XC2-SPD-07 today."
    )
    article = articles.draft(shop.tenant, [ticket.ticket_id], "anna")
    changed = articles.change(shop.tenant, article.article_id, title="A better title")
    assert changed.title == "A better title"
    articles.reject(shop.tenant, article.article_id, "capo", "not general enough")
    assert not shop.system.ask(shop.tenant, "What does E398 mean?", model="XC-200").steps
    for act in (
        lambda: articles.approve(shop.tenant, article.article_id, "capo"),
        lambda: articles.change(shop.tenant, article.article_id, title="again"),
        lambda: articles.reject(shop.tenant, article.article_id, "capo"),
    ):
        with pytest.raises(Conflict, match="REJECTED"):
            act()
    with pytest.raises(NotFound):
        articles.store.get("other", article.article_id)


def test_a_ticket_that_nobody_explained_makes_no_article(shop) -> None:  # type: ignore[no-untyped-def]
    ticket = shop.work("Code E397 after the storm, the station stands still", "E397")
    shop.system.desk.resolve(shop.tenant, ticket.ticket_id, by="anna")
    with pytest.raises(InvalidInput, match="how they were solved"):
        shop.system.learning.articles.draft(shop.tenant, [ticket.ticket_id], "anna")


def test_questions_and_searches_without_a_ticket_count_once_a_day(shop) -> None:  # type: ignore[no-untyped-def]
    for _ in range(3):
        shop.system.ask(shop.tenant, "What does E396 mean?", model="XC-200")
    shop.system.manuals.find(shop.tenant, "E396", model="XC-200")
    shop.system.learning.work_on_gaps()
    [gap] = gaps(shop)
    assert (gap.code, gap.count, gap.tickets) == ("E396", 2, ())


def test_ids_stay_when_more_of_the_same_is_asked_and_a_dismissed_gap_stays_dismissed(shop) -> None:  # type: ignore[no-untyped-def]
    learning = shop.system.learning
    shop.work("The display shows E395 since yesterday", "E395")
    learning.catch_up()
    learning.work_on_gaps()
    [before] = gaps(shop)
    learning.gaps.dismiss(shop.tenant, before.gap_id, "anna")
    shop.work("Again E395 on the display of our station", "E395")
    learning.catch_up()
    learning.work_on_gaps()
    assert gaps(shop) == []
    [after] = gaps(shop, GapStatus.DISMISSED)
    assert (after.gap_id, after.count) == (before.gap_id, 2)
    with pytest.raises(Conflict, match="DISMISSED"):
        learning.gaps.dismiss(shop.tenant, before.gap_id, "anna")


def test_changes_that_come_twice_count_once(shop) -> None:  # type: ignore[no-untyped-def]
    learning = shop.system.learning
    ticket = shop.work("The display shows E394 since yesterday", "E394")
    for _ in range(2):
        learning.questions.ticket(ticket)
        learning.work_on_gaps()
    [gap] = gaps(shop)
    assert gap.count == 1


def test_what_is_a_draft_in_the_index_is_not_found(shop) -> None:  # type: ignore[no-untyped-def]
    index = shop.system.index
    document = index.documents(shop.tenant)[0]
    chunks = index.section(shop.tenant, document.document_id)
    draft = [replace(chunk, review_status=ReviewStatus.DRAFT) for chunk in chunks]
    index.replace_document(replace(document, review_status=ReviewStatus.DRAFT), draft)
    assert not index.search_codes(shop.tenant, ("E029",), Filters(), 5)
    assert not shop.system.ask(shop.tenant, "What does E029 mean?", model="XC-200").steps
