"""How Bedrock's embedding models are asked: one text a call (Titan), or many (Cohere)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rimedio.domain.errors import InvalidSetting

TITAN_DIMENSIONS = (256, 512, 1024)
COHERE_DIMENSIONS = (256, 512, 1024, 1536)
COHERE_V3_DIMENSIONS = (1024,)
TITAN_CHARS_MAX = 50_000
COHERE_TEXTS_MAX = 96
COHERE_CHARS_MAX = 400_000  # of all texts of a call: its window is 128,000 tokens
BLANK = "."  # the models refuse an empty text
_PREFIXES = ("global.", "us-gov.", "us.", "eu.", "apac.", "jp.", "au.", "ca.", "sa.")

Body = dict[str, Any]  # JSON as the model wants it


class EmbeddingFormat(Protocol):
    """One family of models."""

    @property
    def texts_max(self) -> int:
        """Texts of one call."""
        ...

    @property
    def chars_max(self) -> int:
        """Characters of one text that are sent at first."""
        ...

    def body(self, texts: Sequence[str], *, query: bool) -> Body:
        """What InvokeModel sends; no more than `texts_max` texts."""
        ...

    def vectors(self, answer: Mapping[str, Any]) -> Sequence[Sequence[float]]:
        """The vectors of an answer, in the order of the texts. Raises KeyError, TypeError, IndexError."""
        ...


@dataclass(frozen=True, slots=True)
class TitanFormat:
    """Titan Text Embeddings V2: one text a call, whatever "batch" may suggest."""

    dimensions: int
    texts_max: int = 1
    chars_max: int = TITAN_CHARS_MAX

    def body(self, texts: Sequence[str], *, query: bool) -> Body:
        """The one text; Titan makes no difference between questions and passages."""
        del query
        return {"inputText": texts[0] or BLANK, "dimensions": self.dimensions, "normalize": True}

    def vectors(self, answer: Mapping[str, Any]) -> Sequence[Sequence[float]]:
        """The one vector."""
        return [answer["embedding"]]


@dataclass(frozen=True, slots=True)
class CohereFormat:
    """Cohere Embed: up to 96 texts a call, passages and questions each in their own way."""

    dimensions: int
    newest: bool = True  # version 4 lets the dimensions be chosen
    texts_max: int = COHERE_TEXTS_MAX
    chars_max: int = COHERE_CHARS_MAX // COHERE_TEXTS_MAX

    def body(self, texts: Sequence[str], *, query: bool) -> Body:
        """All texts; what is too long is cut by the model, at its end."""
        found: Body = {
            "texts": [text or BLANK for text in texts],
            "input_type": "search_query" if query else "search_document",
            "embedding_types": ["float"],
            "truncate": "RIGHT" if self.newest else "END",
        }
        return found | ({"output_dimension": self.dimensions} if self.newest else {})

    def vectors(self, answer: Mapping[str, Any]) -> Sequence[Sequence[float]]:
        """By type, or as version 3 gives them, plain."""
        found = answer["embeddings"]
        rows: Sequence[Sequence[float]] = found["float"] if isinstance(found, Mapping) else found
        return rows


def embedding_format(model: str, dimensions: int) -> EmbeddingFormat:
    """The format of a model. Raises InvalidSetting for one that is not known or a size that it lacks."""
    if "titan-embed-text-v2" in model:
        _check(model, dimensions, TITAN_DIMENSIONS)
        return TitanFormat(dimensions)
    if "cohere.embed-v4" in model:
        _check(model, dimensions, COHERE_DIMENSIONS)
        return CohereFormat(dimensions)
    if "cohere.embed-" in model:
        _check(model, dimensions, COHERE_V3_DIMENSIONS)
        return CohereFormat(dimensions, newest=False)
    msg = f"`bedrock_embedding_model` is {model!r}, whose way of asking is not known. Use Titan V2 or Cohere Embed."
    raise InvalidSetting(msg)


def _check(model: str, dimensions: int, known: Sequence[int]) -> None:
    if dimensions not in known:
        msg = f"`bedrock_embedding_dimensions` is {dimensions}; {model} offers {', '.join(map(str, known))}."
        raise InvalidSetting(msg)


def model_id_of(model: str, dimensions: int) -> str:
    """The name that stored vectors carry: the model and its dimensions, so that two sizes never meet in one
    index; not the region's inference profile, which changes no vector."""
    plain = next((model[len(prefix) :] for prefix in _PREFIXES if model.startswith(prefix)), model)
    return f"{plain}/{dimensions}"


def unit(row: Sequence[float]) -> list[float]:
    """A vector brought to length 1; where all is zero, any fixed direction."""
    length = math.sqrt(sum(x * x for x in row))
    return [x / length for x in row] if length else [1.0, *([0.0] * (len(row) - 1))]
