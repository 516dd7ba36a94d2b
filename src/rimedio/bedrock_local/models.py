"""The laptop's models that answer in the place of Bedrock's."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rimedio.answering.extractive.writer import ExtractiveWriter
from rimedio.answering.verify import GroundednessVerifier
from rimedio.domain.errors import ModelUnavailable
from rimedio.knowledge.embedding.onnx import PACKAGED, OnnxEmbedder
from rimedio.knowledge.embedding.port import Embedder
from rimedio.llm.tokens import CharacterTokenCounter, TokenCounter, TokenizerTokenCounter
from rimedio.settings import EmbedderName, Settings

if TYPE_CHECKING:
    from rimedio.llm.guardrails import Guardrails


@dataclass(frozen=True)
class LaptopModels:
    """Everything that answers. Safe to share between threads."""

    counter: TokenCounter
    embedder: Embedder | None = None  # None: embeddings and reranking answer ModelNotReadyException
    writer: ExtractiveWriter = field(default_factory=ExtractiveWriter)
    verifier: GroundednessVerifier = field(default_factory=GroundednessVerifier)

    @cached_property
    def guardrails(self) -> "Guardrails":
        """Personal data, injections, denied topics, dangerous deeds."""
        from rimedio.llm.guardrails import Guardrails

        return Guardrails()


def laptop_models(settings: Settings) -> LaptopModels:
    """The models of the settings; no data folder is opened."""
    folder = settings.model_dir or PACKAGED
    tokenizer = folder / EmbedderName.E5_SMALL.value / "tokenizer.json"
    counter = TokenizerTokenCounter(tokenizer) if tokenizer.exists() else CharacterTokenCounter()
    return LaptopModels(
        counter=counter,
        embedder=_embedder(settings),
    )


def _embedder(settings: Settings) -> Embedder | None:
    known = {EmbedderName.E5_SMALL} if settings.embedder is EmbedderName.BEDROCK else {settings.embedder}
    name = known.pop()
    if name is EmbedderName.NONE:
        return None
    try:
        return OnnxEmbedder.packaged(
            name.value, models=settings.model_dir, threads=settings.embedding_threads
        )
    except ModelUnavailable:
        return None
