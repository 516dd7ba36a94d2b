"""What can be found follows what was decided, also where two decide in the same moment."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import Conflict
from rimedio.learning.articles import Article, Articles, ArticleStatus, ArticleStore
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ID = "art_1"


class Died(Exception):
    """The process ends here."""


class Shelf:
    """Articles, and what is loaded of them; somebody else acts once, right before or after it is loaded."""

    def __init__(self) -> None:
        self.loaded: dict[str, str] = {}
        self.before: Callable[[], object] | None = None
        self.after: Callable[[], object] | None = None
        clock = FakeClock()
        self.articles = Articles(
            store=ArticleStore(SqliteTable(Database(None), clock)),
            find=lambda _tenant, _ticket: pytest.fail("no ticket is read"),
            write=lambda _tenant, _tickets: pytest.fail("nothing is written anew"),
            publish=self.publish,
            withdraw=lambda article: self.loaded.pop(article.article_id, None) and None,
            clock=clock,
            ids=SeededIds(1),
        )
        self.articles.store.save(
            Article(ID, "acme", "Fan", "Clean it.", ArticleStatus.DRAFT, "en", (), (), NOW, "anna", "x", NOW)
        )

    def publish(self, article: Article) -> str:
        act, self.before = self.before, None
        if act is not None:
            act()
        self.loaded[article.article_id] = article.body
        act, self.after = self.after, None
        if act is not None:
            act()
        return f"doc_{article.article_id}"

    def status(self) -> ArticleStatus:
        return self.articles.store.get("acme", ID).status


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_article_rejected_while_it_is_approved_is_not_found(moment: str) -> None:
    shelf = Shelf()
    setattr(shelf, moment, lambda: shelf.articles.reject("acme", ID, "bruno", "wrong"))
    with pytest.raises(Conflict):
        shelf.articles.approve("acme", ID, "anna")
    assert (shelf.status(), shelf.loaded) == (ArticleStatus.REJECTED, {})


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_article_changed_while_it_is_approved_is_a_draft_that_nobody_finds(moment: str) -> None:
    shelf = Shelf()
    setattr(shelf, moment, lambda: shelf.articles.change("acme", ID, body="Replace it."))
    with pytest.raises(Conflict):
        shelf.articles.approve("acme", ID, "anna")
    assert (shelf.status(), shelf.loaded) == (ArticleStatus.DRAFT, {})


@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_words_that_were_approved_are_the_ones_that_are_found(moment: str) -> None:
    shelf = Shelf()

    def change_and_approve() -> None:
        shelf.articles.change("acme", ID, body="Replace it.")
        shelf.articles.approve("acme", ID, "bruno")

    setattr(shelf, moment, change_and_approve)
    with pytest.raises(Conflict):
        shelf.articles.approve("acme", ID, "anna")
    assert (shelf.status(), shelf.loaded) == (ArticleStatus.APPROVED, {ID: "Replace it."})


def test_what_a_crashed_approval_has_loaded_goes_with_the_rejection() -> None:
    shelf = Shelf()

    def die() -> None:
        raise Died

    shelf.after = die
    with pytest.raises(Died):
        shelf.articles.approve("acme", ID, "anna")
    assert shelf.loaded
    shelf.articles.reject("acme", ID, "anna")
    assert (shelf.status(), shelf.loaded) == (ArticleStatus.REJECTED, {})
