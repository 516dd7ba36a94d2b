"""The rooms behind the tasks' ports."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rimedio.classification.predict import UNKNOWN, Classification, Classifier
from rimedio.domain.errors import GenerationFailed
from rimedio.domain.knowledge import Passage, Signals
from rimedio.knowledge.index.port import Filters, KnowledgeIndex
from rimedio.knowledge.language import detect_language
from rimedio.llm.chat import ChatModel, ChatRequest
from rimedio.llm.prompts import PromptRegistry
from rimedio.llm.prompts.fencing import fence
from rimedio.tickets.parts import Classified, InspectedText

CODE_PASSAGES_MAX = 6
OPINION_TOKENS_MAX = 200


class NoGuard:
    """A `RequestGuard` that lets everything through: the setting `guardrails` is off."""

    def inspect_request(self, text: str, _names: Sequence[str], _keep: Sequence[str]) -> InspectedText:
        """The text as it is."""
        return InspectedText(text)

    def suspicious(self, _passages: Sequence[Passage]) -> frozenset[str]:
        """None."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class ChampionClassifier:
    """A `TicketClassifier` on whichever classifier is the champion when it is asked."""

    champion: Callable[[], Classifier]

    def classify(self, text: str) -> Classified:
        """Raises ModelUnavailable when none was trained."""
        found: Classification = self.champion().classify(text)
        return Classified(found.label, found.confidence, tuple((g.label, g.probability) for g in found.top))


@dataclass(frozen=True, slots=True)
class ChatOpinion:
    """A `SecondOpinion` by a chat model."""

    model: ChatModel
    prompts: PromptRegistry

    def classify(self, text: str, categories: Sequence[str]) -> Classified | None:
        """The model's category. Raises Throttled, ModelUnavailable, GenerationFailed."""
        template = self.prompts.get("classification", detect_language(text))
        prompt = template.render({"ticket": fence("ticket", text), "categories": "\n".join(categories)})
        reply = self.model.complete(ChatRequest(prompt.messages, OPINION_TOKENS_MAX))
        try:
            said = json.loads(reply.text[reply.text.index("{") : reply.text.rindex("}") + 1])
            category, confidence = str(said["category"]), float(said["confidence"])
        except (ValueError, KeyError, TypeError) as error:
            raise GenerationFailed(f"{self.model.model} gave no category: {reply.text[:200]!r}") from error
        if category not in categories:
            category, confidence = UNKNOWN, 0.0
        return Classified(category, min(1.0, max(0.0, confidence)), ((category, confidence),))


class NoOpinion:
    """Nobody to ask: no chat model is configured."""

    def classify(self, _text: str, _categories: Sequence[str]) -> Classified | None:
        """None."""
        return None


@dataclass(frozen=True, slots=True)
class IndexCodeLookup:
    """A `CodeLookup` on the knowledge index."""

    index: KnowledgeIndex

    def __call__(
        self, tenant_id: str, codes: Sequence[str], product_models: Sequence[str]
    ) -> tuple[Passage, ...]:
        """Chunks that define one of the codes, for these models or for any."""
        filters = Filters(product_models=tuple(product_models))
        hits = self.index.search_codes(tenant_id, codes, filters, CODE_PASSAGES_MAX)
        found = self.index.chunks(tenant_id, [hit.chunk_id for hit in hits])
        return tuple(
            Passage(found[hit.chunk_id], rank, hit.score, Signals(code_match=True))
            for rank, hit in enumerate(hits, 1)
            if hit.chunk_id in found
        )
