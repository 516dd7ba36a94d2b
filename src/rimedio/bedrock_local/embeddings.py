"""Embedding models' bodies for InvokeModel: Titan Text Embeddings V2, Cohere Embed, Nova; all of them are e5 here.

e5 gives 384 numbers. Asked for more, zeros follow, so that every cosine is exactly e5's; asked for fewer, the
vector is cut and brought back to length 1, which changes the cosines a little. e5 tells questions from passages:
Cohere and Nova say which it is, Titan does not, so a text for Titan may begin with `query: ` or `passage: `.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from rimedio.bedrock_local.errors import NotReady, UnknownModel, ValidationError
from rimedio.bedrock_local.model_ids import ModelId
from rimedio.bedrock_local.models import LaptopModels
from rimedio.knowledge.embedding.port import Vectors

JsonObject = dict[str, Any]
TEXT_MAX = 50_000  # Titan's limit in characters
TOKENS_MAX = 8192
_QUERY, _PASSAGE = "query: ", "passage: "
_COHERE_DEFAULT = 1536
_COHERE_V3 = 1024


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class _TitanBody(_Strict):
    input_text: str
    dimensions: Literal[256, 512, 1024] = 1024
    normalize: bool = True
    embedding_types: Annotated[list[Literal["float", "binary"]], Field(min_length=1, max_length=2)] = [
        "float"
    ]


class _CohereBody(_Strict):
    model_config = ConfigDict(alias_generator=None)
    texts: Annotated[list[str], Field(min_length=1, max_length=96)]
    input_type: Literal["search_document", "search_query", "classification", "clustering"]
    output_dimension: Literal[256, 512, 1024, 1536] | None = None
    embedding_types: list[Literal["float"]] | None = None
    truncate: Literal["NONE", "LEFT", "RIGHT", "START", "END"] = "NONE"
    max_tokens: int | None = None


class _NovaText(_Strict):
    truncation_mode: Literal["START", "END", "NONE"]
    value: str


class _NovaParams(_Strict):
    embedding_purpose: str
    embedding_dimension: Literal[256, 384, 1024, 3072] = 3072
    text: _NovaText


class _NovaBody(_Strict):
    task_type: Literal["SINGLE_EMBEDDING"]
    single_embedding_params: _NovaParams
    schema_version: str | None = None


class Embeddings:
    """Answers InvokeModel for embedding models."""

    def __init__(self, models: LaptopModels) -> None:
        self._models = models

    def invoke(self, model: ModelId, body: bytes) -> tuple[JsonObject, int]:
        """Response body and tokens read. Raises ValidationError, UnknownModel, NotReady."""
        if model.name.startswith("amazon.titan-embed-text-v2"):
            return self._titan(_TitanBody.model_validate_json(body))
        if model.name.startswith("cohere.embed"):
            return self._cohere(_CohereBody.model_validate_json(body), "v3" in model.name)
        if model.name.startswith("amazon.nova") and "embed" in model.name:
            return self._nova(_NovaBody.model_validate_json(body))
        known = "amazon.titan-embed-text-v2:0, cohere.embed-v4:0, amazon.nova-2-multimodal-embeddings-v1:0"
        raise UnknownModel(f"The embedding model {model.known_as} is not known here. Known are: {known}.")

    def _titan(self, body: _TitanBody) -> tuple[JsonObject, int]:
        text = body.input_text
        if not text.strip():
            raise ValidationError("Malformed input request: expected minLength: 1, actual: 0")
        if len(text) > TEXT_MAX:
            raise ValidationError(
                f"Malformed input request: expected maxLength: {TEXT_MAX}, actual: {len(text)}"
            )
        tokens = self._counted(text)
        query = text.startswith(_QUERY)
        [vector] = self._vectors(
            [text.removeprefix(_QUERY).removeprefix(_PASSAGE)], body.dimensions, query=query
        )
        by_type: JsonObject = {"float": vector}
        if "binary" in body.embedding_types:
            by_type["binary"] = [int(x > 0) for x in vector]
        kept = {kind: by_type[kind] for kind in body.embedding_types}
        out: JsonObject = {"embeddingsByType": kept, "inputTextTokenCount": tokens}
        return ({"embedding": vector} | out if "float" in kept else out), tokens

    def _cohere(self, body: _CohereBody, v3: bool) -> tuple[JsonObject, int]:
        dimensions = body.output_dimension or (_COHERE_V3 if v3 else _COHERE_DEFAULT)
        vectors = self._vectors(body.texts, dimensions, query=body.input_type == "search_query")
        typed = body.embedding_types is not None
        out = {
            "id": f"local-{len(body.texts)}",
            "response_type": "embeddings_by_type" if typed else "embeddings_floats",
            "embeddings": {"float": vectors} if typed else vectors,
            "texts": body.texts,
        }
        return out, sum(map(self._models.counter.count, body.texts))

    def _nova(self, body: _NovaBody) -> tuple[JsonObject, int]:
        asked = body.single_embedding_params
        query = asked.embedding_purpose.endswith("_RETRIEVAL")  # TEXT_RETRIEVAL …; GENERIC_INDEX is the other
        tokens = self._counted(asked.text.value)
        [vector] = self._vectors([asked.text.value], asked.embedding_dimension, query=query)
        return {"embeddings": [{"embeddingType": "TEXT", "embedding": vector}]}, tokens

    def _counted(self, text: str) -> int:
        tokens = self._models.counter.count(text)
        if tokens > TOKENS_MAX:
            msg = f"400 Bad Request: Too many input tokens. Max input tokens: {TOKENS_MAX}, request input token "
            raise ValidationError(f"{msg}count: {tokens}")
        return tokens

    def _vectors(self, texts: Sequence[str], dimensions: int, *, query: bool) -> list[list[float]]:
        embedder = self._models.embedder
        if embedder is None:
            raise NotReady("The laptop's embedding model is not built. Run `make model`.")
        rows = np.stack([embedder.embed_query(t) for t in texts]) if query else embedder.embed_passages(texts)
        vectors: list[list[float]] = sized(rows, dimensions).tolist()
        return vectors


def sized(rows: Vectors, dimensions: int) -> Vectors:
    """Rows of length 1 with so many numbers: zeros added, or cut and brought back to length 1."""
    have = rows.shape[1]
    if dimensions >= have:
        return np.pad(rows, ((0, 0), (0, dimensions - have)))
    cut = rows[:, :dimensions]
    shortened: Vectors = cut / np.maximum(np.linalg.norm(cut, axis=1, keepdims=True), np.float32(1e-12))
    return shortened
