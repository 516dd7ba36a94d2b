"""A reranking model of Bedrock as the cross-encoder that search may be given."""

from collections.abc import Sequence

from rimedio.aws import Client
from rimedio.aws.bedrock_calls import Randomness, Retries, RetryPolicy, system_randomness
from rimedio.domain.clock import Clock
from rimedio.domain.errors import RimedioError
from rimedio.observability.logs import get_logger

TEXT_CHARS_MAX = 32_000  # the service's own limit, of the question and of each text
SOURCES_MAX = 1_000
RETRIES = RetryPolicy(attempts=2, base_seconds=0.1, cap_seconds=0.3, budget_seconds=1.5)
log = get_logger(__name__)


class BedrockCrossEncoder:
    """A `CrossEncoder` over Rerank of `bedrock-agent-runtime`.

    Reranking makes a good order better and nothing more: when it fails, all texts score the same, and search
    keeps the order that it had.
    """

    def __init__(
        self,
        agent_runtime: Client,
        model_arn: str,
        *,
        clock: Clock,
        randomness: Randomness = system_randomness,
    ) -> None:
        self._agent_runtime = agent_runtime
        self._model_arn = model_arn
        self._retries = Retries(clock, RETRIES, randomness)

    def score(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """Relevance of each text, 0..1; all zero where the service did not answer."""
        if not texts or not question.strip():
            return [0.0] * len(texts)
        try:
            return self._asked(question[:TEXT_CHARS_MAX], texts[:SOURCES_MAX], len(texts))
        except RimedioError as error:
            log.warning("Bedrock did not rerank; the order stays", reason=str(error))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            log.warning("Bedrock's ranking cannot be read; the order stays", reason=repr(error))
        return [0.0] * len(texts)

    def _asked(self, question: str, texts: Sequence[str], wanted: int) -> Sequence[float]:
        sources = [
            {
                "type": "INLINE",
                "inlineDocumentSource": {
                    "type": "TEXT",
                    "textDocument": {"text": text[:TEXT_CHARS_MAX] or "."},
                },
            }
            for text in texts
        ]
        ranking = {
            "modelConfiguration": {"modelArn": self._model_arn},
            "numberOfResults": len(sources),
        }
        answer = self._retries.call(
            "Rerank",
            lambda: self._agent_runtime.rerank(
                queries=[{"type": "TEXT", "textQuery": {"text": question}}],
                sources=sources,
                rerankingConfiguration={
                    "type": "BEDROCK_RERANKING_MODEL",
                    "bedrockRerankingConfiguration": ranking,
                },
            ),
        )
        scores = [0.0] * wanted
        for result in answer["results"]:
            scores[int(result["index"])] = float(result["relevanceScore"])
        return scores


def model_arn(model: str, region: str) -> str:
    """The ARN that Rerank wants; an ARN stays as it is."""
    return model if model.startswith("arn:") else f"arn:aws:bedrock:{region}::foundation-model/{model}"
