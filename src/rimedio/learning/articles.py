"""Articles out of solved tickets: drafts that nobody can find, until a person approves them.

A draft lives in the table only. Approved, it is loaded as a FAQ document like any other; rejected, it stays
out. What is approved cannot be changed any more: a correction is a new article.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import ConditionFailed, Conflict, InvalidInput, NotFound
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage import keys
from rimedio.storage.codec import from_item, to_attributes
from rimedio.storage.conditions import Condition, Equals, NotExists
from rimedio.storage.fanout import query_shards
from rimedio.storage.keys import shard_of, stamp
from rimedio.storage.table import Table

TICKETS_MAX = 20
TITLE_CHARS_MAX = 200
BODY_CHARS_MAX = 50_000
URI = "article:"
UNKNOWN = "UNKNOWN"
_MARK = re.compile(r"\s*\[[tc]\d+\]")
_TITLE = re.compile(r"\A# .*$", re.MULTILINE)  # stands in the fields already: said twice, it is found twice
_SOURCES = re.compile(r"^## (?:Fonti|Sources)\s*$.*", re.MULTILINE | re.DOTALL)


class ArticleStatus(StrEnum):
    """What a person decided."""

    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class ArticleSource:
    """What a sentence stands on: a ticket's own words, or a passage that its remedy cited."""

    id: str  # "t1" a ticket, "c1" a passage; as marked in the body
    title: str
    ticket_id: str | None = None
    chunk_id: str | None = None
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """A text for the knowledge base. `body` is Markdown with marks like [t1]; `written_by` a model."""

    article_id: str
    tenant_id: str
    title: str
    body: str
    status: ArticleStatus
    language: str
    ticket_ids: tuple[str, ...]
    sources: tuple[ArticleSource, ...]
    created_at: datetime
    created_by: str
    written_by: str
    updated_at: datetime
    models: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    document_id: str | None = None  # once it is approved
    revision: int = 1

    @property
    def document(self) -> str:
        """The Markdown that is loaded: fields in front, no marks and no list of tickets behind."""
        body = _TITLE.sub("", _MARK.sub("", _SOURCES.sub("", self.body)).strip()).strip()
        fields = {
            "title": self.title,
            "doc_type": "FAQ",
            "language": self.language,
            "models": ", ".join(self.models),
            "categories": ", ".join(self.categories),
            "tags": ", ".join(("article", self.article_id)),
            "date": (self.decided_at or self.updated_at).date().isoformat(),
        }
        lines = "\n".join(f'{name}: "{_quoted(value)}"' for name, value in fields.items() if value)
        return f"---\n{lines}\n---\n\n{body}\n"


def _quoted(value: str) -> str:
    return " ".join(value.split()).replace("\\", "").replace('"', "'")


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """Some articles, and the cursor of the next page; None at the end."""

    articles: tuple[Article, ...]
    cursor: str | None = None


class ArticleStore:
    """Keeps articles. Every method may raise StorageFailed."""

    def __init__(self, table: Table, *, shards: int = 1) -> None:
        self._table = table
        self._shards = shards

    def save(self, article: Article, *, before: Article | None = None) -> None:
        """Write an article. Raises Conflict when somebody else changed `before` meanwhile."""
        condition: Condition = NotExists("pk") if before is None else Equals("revision", before.revision)
        item = to_attributes(article) | keys.ARTICLE.attributes(
            tenant=article.tenant_id,
            article=article.article_id,
            created=stamp(article.created_at),
            shard=shard_of(article.article_id, self._shards),
        )
        try:
            self._table.put(item, condition)
        except ConditionFailed:
            msg = f"The article {article.article_id} was changed by somebody else. Read it again."
            raise Conflict(msg) from None

    def get(self, tenant_id: str, article_id: str) -> Article:
        """The article. Raises NotFound."""
        item = self._table.get(keys.ARTICLE.key(tenant=tenant_id, article=article_id))
        if item is None:
            raise NotFound(f"There is no article {article_id}. List the articles to see their ids.")
        return from_item(Article, item)

    def page(self, tenant_id: str, *, limit: int = 50, cursor: str | None = None) -> ArticlePage:
        """Articles, newest first."""
        queries = [
            keys.ARTICLES_BY_TIME.query(reverse=True, limit=limit, cursor=cursor, tenant=tenant_id, shard=n)
            for n in range(self._shards)
        ]
        found = query_shards(self._table, queries)
        return ArticlePage(tuple(from_item(Article, item) for item in found.items), found.cursor)


@dataclass(frozen=True, slots=True)
class WrittenArticle:
    """What a writer made of solved tickets."""

    title: str
    body: str
    language: str
    sources: tuple[ArticleSource, ...]
    written_by: str = "extractive"
    codes: tuple[str, ...] = field(default=())


Write = Callable[[str, Sequence[Ticket]], WrittenArticle]  # tenant, solved tickets
Publish = Callable[[Article], str]  # loads it as a document; its id
Withdraw = Callable[[Article], None]  # takes that document out again; nothing happens where it is not loaded
Find = Callable[[str, str], Ticket]  # tenant, ticket id


@dataclass(frozen=True)
class Articles:
    """The use cases: draft, change, approve, reject."""

    store: ArticleStore
    find: Find
    write: Write
    publish: Publish
    withdraw: Withdraw
    clock: Clock
    ids: Ids

    def draft(self, tenant_id: str, ticket_ids: Sequence[str], by: str) -> Article:
        """An article out of solved tickets. Raises InvalidInput, NotFound, or Conflict for unsolved ones."""
        wanted = tuple(dict.fromkeys(ticket_ids))
        if not 1 <= len(wanted) <= TICKETS_MAX:
            raise InvalidInput(f"An article is made of 1 to {TICKETS_MAX} tickets; {len(wanted)} were given.")
        tickets = [self.find(tenant_id, ticket_id) for ticket_id in wanted]
        unsolved = [t.ticket_id for t in tickets if t.status is not Status.RESOLVED]
        if unsolved:
            raise Conflict(f"These tickets are not resolved: {', '.join(unsolved)}. Resolve them first.")
        written = self.write(tenant_id, tickets)
        now = self.clock.now()
        article = Article(
            article_id=self.ids.new("art"),
            tenant_id=tenant_id,
            title=written.title,
            body=written.body,
            status=ArticleStatus.DRAFT,
            language=written.language,
            ticket_ids=wanted,
            sources=written.sources,
            created_at=now,
            created_by=by,
            written_by=written.written_by,
            updated_at=now,
            models=tuple(dict.fromkeys(t.asset.model for t in tickets)),
            codes=tuple(dict.fromkeys(t.error_code for t in tickets if t.error_code)),
            categories=tuple(
                dict.fromkeys(t.category for t in tickets if t.category and t.category != UNKNOWN)
            ),
        )
        self.store.save(article)
        return article

    def change(
        self, tenant_id: str, article_id: str, *, title: str | None = None, body: str | None = None
    ) -> Article:
        """The draft with a person's words. Raises NotFound, InvalidInput, Conflict once it is decided."""
        before = self._draft(tenant_id, article_id, "changed")
        after = replace(
            before,
            title=(title or before.title).strip(),
            body=before.body if body is None else body.strip(),
            updated_at=self.clock.now(),
            revision=before.revision + 1,
        )
        if not after.title or not after.body:
            raise InvalidInput("An article needs a title and a body. Give both some text.")
        if len(after.title) > TITLE_CHARS_MAX or len(after.body) > BODY_CHARS_MAX:
            raise InvalidInput(
                f"A title has up to {TITLE_CHARS_MAX} characters and a body up to {BODY_CHARS_MAX}. Shorten it."
            )
        self.store.save(after, before=before)
        return after

    def approve(self, tenant_id: str, article_id: str, by: str) -> Article:
        """Load the article as a FAQ document: from now on it answers. Raises NotFound, Conflict."""
        before = self._draft(tenant_id, article_id, "approved")
        decided = replace(
            before,
            status=ArticleStatus.APPROVED,
            decided_by=by,
            decided_at=self.clock.now(),
            updated_at=self.clock.now(),
            revision=before.revision + 1,
        )
        # Loaded first: an article that says APPROVED is searchable. Loading again replaces the same document.
        approved = replace(decided, document_id=self.publish(decided))
        try:
            self.store.save(approved, before=before)
        except Conflict:
            self._follow(tenant_id, article_id)
            raise
        return approved

    def _follow(self, tenant_id: str, article_id: str) -> None:
        """Somebody else has decided or changed it meanwhile: what is loaded follows what they did."""
        stored = self.store.get(tenant_id, article_id)
        if stored.status is not ArticleStatus.APPROVED:
            self.withdraw(stored)
            stored = self.store.get(tenant_id, article_id)
        if stored.status is ArticleStatus.APPROVED:
            self.publish(stored)

    def reject(self, tenant_id: str, article_id: str, by: str, reason: str | None = None) -> Article:
        """Keep the article out. Raises NotFound, Conflict."""
        before = self._draft(tenant_id, article_id, "rejected")
        rejected = replace(
            before,
            status=ArticleStatus.REJECTED,
            decided_by=by,
            decided_at=self.clock.now(),
            updated_at=self.clock.now(),
            reason=reason,
            revision=before.revision + 1,
        )
        self.store.save(rejected, before=before)
        self.withdraw(rejected)  # an approval that a crash broke off may have loaded it
        return rejected

    def _draft(self, tenant_id: str, article_id: str, what: str) -> Article:
        found = self.store.get(tenant_id, article_id)
        if found.status is not ArticleStatus.DRAFT:
            raise Conflict(f"The article {article_id} is {found.status}; only a draft can be {what}.")
        return found
