"""What was learnt: use, training rows, champion and challenger, drift; retrain, promote, roll back."""

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from rimedio.lambdas.router import Api
from rimedio.learning.overview import LearningView, ModelView, model_view
from rimedio.learning.retraining import RetrainJob

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

TAG = "learning"
Version = Annotated[str, Field(pattern=r"^v\d{4,9}$", description="A version of the classifier, as v0002.")]


class PromoteBody(BaseModel):
    """Which version is to answer. `force` overrides the test that says whether it is better."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Version
    force: bool = False


def register(api: Api, system: "Rimedio") -> None:
    """Routes of learning."""

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
