"""What a model call costs, out of a price table that every installation can replace."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rimedio.domain.errors import InvalidSetting
from rimedio.llm.chat import ChatReply

_MILLION = 1_000_000
Price = Annotated[float, Field(ge=0)]


class _PriceEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    input: Price
    output: Price


class _UnitEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    embedding_per_million_tokens: Price = 0.0
    reading_per_second: Price = 0.0
    compute_per_second: Price = 0.0


class _PriceFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    currency: Literal["USD"]
    unit: Literal["per million tokens"]
    as_of: str
    models: dict[str, _PriceEntry]
    default: _PriceEntry
    units: _UnitEntry = _UnitEntry()


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """USD per million tokens."""

    input: float
    output: float


@dataclass(frozen=True, slots=True)
class UnitPrices:
    """USD for what is not a chat model: a million embedded tokens, a second of reading files or of computing.

    All nothing at home, where the machine is paid for already.
    """

    embedding_per_million_tokens: float = 0.0
    reading_per_second: float = 0.0
    compute_per_second: float = 0.0

    def embedding(self, tokens: int) -> float:
        """USD for so many embedded tokens."""
        return tokens * self.embedding_per_million_tokens / _MILLION


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices by model id; a name may end in `*`. A model that is not listed costs the default."""

    models: Mapping[str, ModelPrice]
    default: ModelPrice
    units: UnitPrices = UnitPrices()

    @classmethod
    def shipped(cls) -> Self:
        """The table in the package: local models are free, all others cost the default."""
        return cls.from_json((files("rimedio.llm") / "prices.json").read_text("utf-8"), "built in")

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read `path`. Raises InvalidSetting."""
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            msg = f"The price file {path} cannot be read ({error}). Correct the setting `price_file`."
            raise InvalidSetting(msg) from error
        return cls.from_json(text, str(path))

    @classmethod
    def from_json(cls, text: str, origin: str) -> Self:
        """Parse a table. Raises InvalidSetting naming `origin` and the field at fault."""
        try:
            raw = _PriceFile.model_validate(json.loads(text))
        except (ValidationError, json.JSONDecodeError) as error:
            msg = f"The price table ({origin}) is not valid: {error}. Compare it with the built-in one."
            raise InvalidSetting(msg) from error
        models = {name: ModelPrice(p.input, p.output) for name, p in raw.models.items()}
        units = UnitPrices(**raw.units.model_dump())
        return cls(models, ModelPrice(raw.default.input, raw.default.output), units)

    def price_of(self, model: str) -> ModelPrice:
        """The price of the longest name that fits `model`."""
        fitting = [name for name in self.models if fnmatchcase(model.lower(), name.lower())]
        return self.models[max(fitting, key=len)] if fitting else self.default

    def is_free(self, model: str) -> bool:
        """Whether a model costs nothing."""
        price = self.price_of(model)
        return price.input == 0 and price.output == 0

    def cost(self, model: str, tokens_input: int, tokens_output: int) -> float:
        """USD for so many tokens."""
        price = self.price_of(model)
        return (tokens_input * price.input + tokens_output * price.output) / _MILLION

    def cost_of(self, reply: ChatReply) -> float:
        """USD for one reply."""
        return self.cost(reply.model, reply.tokens_input, reply.tokens_output)
