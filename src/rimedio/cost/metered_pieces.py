"""What is paid piece by piece: verdicts of a guardrail by text units, reranks by the question."""

from collections.abc import Sequence
from dataclasses import dataclass

from rimedio.cost.ledger import CostKind
from rimedio.cost.metered_steps import StepAccounts
from rimedio.domain.errors import StorageFailed, Unavailable
from rimedio.knowledge.rerank import CrossEncoder
from rimedio.observability.logs import get_logger

GUARDING, RERANKING = "guardrail", "rerank"
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PaidVerdicts:
    """Books what a guardrail cost, for whoever pays for the work in hand."""

    accounts: StepAccounts

    def __call__(self, usd: float) -> None:
        """Book it. That the ledger cannot be written is no reason to do without the verdict."""
        _charge(self.accounts, GUARDING, CostKind.GUARDRAIL, GUARDING, usd)


class MeteredCrossEncoder:
    """A `CrossEncoder` that pays by the question."""

    def __init__(
        self, inner: CrossEncoder, accounts: StepAccounts, model: str, usd_per_question: float
    ) -> None:
        self._inner = inner
        self._accounts = accounts
        self._model = model
        self._usd = usd_per_question

    def score(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """The inner one's scores; where it did not answer, all are alike and nothing is paid."""
        scores = self._inner.score(question, texts)
        if len(set(scores)) > 1:
            _charge(self._accounts, RERANKING, CostKind.RERANK, self._model, self._usd)
        return scores


def _charge(accounts: StepAccounts, step: str, kind: CostKind, model: str, usd: float) -> None:
    try:
        accounts.charge(step, kind, model, usd)
    except (StorageFailed, Unavailable) as error:
        log.error("What a check cost could not be written into the ledger", error=error, step=step)
