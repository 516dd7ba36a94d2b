"""Questions that the manuals cannot answer, and articles out of solved tickets that may."""

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from rimedio.lambdas.identifiers import SAID, Identifier, TicketId
from rimedio.lambdas.replies import Items, Paging
from rimedio.lambdas.router import Api
from rimedio.learning.articles import BODY_CHARS_MAX, TICKETS_MAX, TITLE_CHARS_MAX, Article
from rimedio.learning.gaps import Gap, GapStatus

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

TAG = "knowledge"


class GapQuery(Paging):
    """Which gaps; the open ones unless asked otherwise."""

    status: GapStatus = GapStatus.OPEN


class ArticleBody(BaseModel):
    """The solved tickets that an article is made of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ticket_ids: Annotated[list[TicketId], Field(min_length=1, max_length=TICKETS_MAX)]


class ArticleChange(BaseModel):
    """A person's words for a draft; what is absent stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str | None = Field(None, min_length=1, max_length=TITLE_CHARS_MAX, pattern=SAID)
    body: str | None = Field(None, min_length=1, max_length=BODY_CHARS_MAX, pattern=SAID)


class ArticleRejection(BaseModel):
    """Why an article stays out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str | None = Field(None, max_length=2000)


def register(api: Api, system: "Rimedio") -> None:
    """Routes of gaps and articles."""

    @api.get("/v1/kb/gaps", summary="Questions that the manuals cannot answer", tag=TAG)
    def list_gaps(query: GapQuery) -> Items[Gap]:
        """Grouped by what they ask, the latest question first; no personal data."""
        page = system.learning.gaps.page(
            api.caller.tenant_id, query.status, limit=query.limit, cursor=query.cursor
        )
        return Items(items=page.gaps, next_cursor=page.cursor)

    @api.post(
        "/v1/kb/gaps/{gap_id}/dismiss", summary="No documentation is wanted", tag=TAG, errors=(404, 409)
    )
    def dismiss_gap(gap_id: Identifier) -> Gap:
        caller = api.caller
        return system.learning.gaps.dismiss(caller.tenant_id, gap_id, caller.subject)

    _register_articles(api, system)
    _register_decisions(api, system)


def _register_articles(api: Api, system: "Rimedio") -> None:
    @api.get("/v1/kb/articles", summary="Articles", tag=TAG)
    def list_articles(query: Paging) -> Items[Article]:
        page = system.learning.articles.store.page(
            api.caller.tenant_id, limit=query.limit, cursor=query.cursor
        )
        return Items(items=page.articles, next_cursor=page.cursor)

    @api.post("/v1/kb/articles", summary="Draft an article", tag=TAG, status=201, errors=(404, 409))
    def draft_article(body: ArticleBody) -> Article:
        """Out of solved tickets, in their own words, each sentence with its source. Nobody finds a draft."""
        caller = api.caller
        return system.learning.articles.draft(caller.tenant_id, body.ticket_ids, caller.subject)

    @api.get("/v1/kb/articles/{article_id}", summary="One article", tag=TAG, errors=(404,))
    def get_article(article_id: Identifier) -> Article:
        return system.learning.articles.store.get(api.caller.tenant_id, article_id)

    @api.put("/v1/kb/articles/{article_id}", summary="Change a draft", tag=TAG, errors=(404, 409))
    def change_article(article_id: Identifier, body: ArticleChange) -> Article:
        return system.learning.articles.change(
            api.caller.tenant_id, article_id, title=body.title, body=body.body
        )


def _register_decisions(api: Api, system: "Rimedio") -> None:
    @api.post("/v1/kb/articles/{article_id}/approve", summary="Load an article", tag=TAG, errors=(404, 409))
    def approve_article(article_id: Identifier) -> Article:
        """As a FAQ document: from now on it is found and cited."""
        caller = api.caller
        system.tenants.note(caller.tenant_id)
        return system.learning.articles.approve(caller.tenant_id, article_id, caller.subject)

    @api.post(
        "/v1/kb/articles/{article_id}/reject", summary="Keep an article out", tag=TAG, errors=(404, 409)
    )
    def reject_article(article_id: Identifier, body: ArticleRejection) -> Article:
        caller = api.caller
        return system.learning.articles.reject(
            caller.tenant_id, article_id, caller.subject, reason=body.reason
        )
