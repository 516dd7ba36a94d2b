"""What was learnt: use, training rows, champion and challenger, drift; retrain, promote, roll back."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from rimedio.lambdas.identifiers import Identifier
from rimedio.lambdas.replies import Items, Paging
from rimedio.lambdas.router import Api
from rimedio.learning.overview import LearningView, ModelView, model_view
from rimedio.learning.retraining import RetrainJob
from rimedio.learning.rows import Ruling, TrainingRow
from rimedio.learning.vetting import Doubt
from rimedio.storage import cursor as cursors
from rimedio.storage.keys import stamp

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

TAG = "learning"
Version = Annotated[str, Field(pattern=r"^v\d{4,9}$", description="A version of the classifier, as v0002.")]


class PromoteBody(BaseModel):
    """Which version is to answer. `force` overrides the test that says whether it is better."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Version
    force: bool = False


class RowsQuery(Paging):
    """Which rows: those that wait for a person, or those that are trained on."""

    set_aside: bool = True


class RowView(BaseModel):
    """A row out of a correction; `doubt` says why it waits. No personal data."""

    model_config = ConfigDict(frozen=True)

    row: TrainingRow
    doubt: Doubt | None = None


class RulingBody(BaseModel):
    """What a person decides about a row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ruling: Ruling


def register(api: Api, system: "Rimedio") -> None:
    """Routes of learning."""

    _register_rows(api, system)

    @api.get("/v1/learning", summary="What was learnt", tag=TAG)
    def get_learning() -> LearningView:
        return system.learning.overview(api.caller.tenant_id)

    @api.post("/v1/learning/retrain", summary="Train a challenger", tag=TAG, status=202, errors=(409,))
    def retrain() -> RetrainJob:
        """In the background, on all rows that people's corrections gave. See `job` of GET /v1/learning."""
        caller = api.caller
        system.tenants.note(caller.tenant_id)
        return system.learning.retraining.ask(caller.tenant_id, caller.subject)

    @api.post("/v1/learning/promote", summary="Let a challenger answer", tag=TAG, errors=(404, 409))
    def promote(body: PromoteBody) -> ModelView:
        """Refused (409) with the reasons while it is not shown to be better."""
        learning = system.learning.retraining
        return model_view(learning.promote(api.caller.tenant_id, body.version, force=body.force))

    @api.post("/v1/learning/rollback", summary="Back to the champion before", tag=TAG, errors=(409,))
    def roll_back() -> ModelView:
        return model_view(system.learning.retraining.roll_back(api.caller.tenant_id))


def _register_rows(api: Api, system: "Rimedio") -> None:
    @api.get("/v1/learning/rows", summary="Training rows out of corrections", tag=TAG)
    def list_rows(query: RowsQuery) -> Items[RowView]:
        """Rows that contradict each other, or that one person alone pushes, wait for somebody to decide."""
        vetted = system.learning.retraining.vetted(api.caller.tenant_id)
        if query.set_aside:
            views = tuple(RowView(row=one.row, doubt=one.doubt) for one in vetted.set_aside)
        else:
            views = tuple(RowView(row=row) for row in vetted.accepted)
        return page_of(views, query)

    @api.put("/v1/learning/rows/{row_id}", summary="Train on a row, or never", tag=TAG, errors=(404, 409))
    def rule_row(row_id: Identifier, body: RulingBody) -> TrainingRow:
        caller = api.caller
        return system.learning.rows.rule(caller.tenant_id, row_id, body.ruling, caller.subject)


def page_of(views: Sequence[RowView], query: RowsQuery) -> Items[RowView]:
    """A page of rows, which come oldest first; the cursor is the last one's place in time.

    Vetting looks at all rows at once, so a page costs as much as the list; but a row that is ruled on or comes in
    between two pages moves no other one. Raises UnknownCursor for a cursor of another list.
    """
    binding = f"rows {query.set_aside}"
    after = "" if query.cursor is None else cursors.unseal(query.cursor, binding, 1)[0]
    rest = [view for view in views if _place(view) > after]
    shown = rest[: query.limit]
    more = len(rest) > len(shown)
    return Items(
        items=tuple(shown), next_cursor=cursors.seal((_place(shown[-1]),), binding) if more else None
    )


def _place(view: RowView) -> str:
    return f"{stamp(view.row.at)}#{view.row.row_id}"
