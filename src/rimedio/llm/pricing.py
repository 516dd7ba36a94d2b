"""What a model call costs, out of a price table that every installation can replace."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
    output: Price = 0.0
    cache_read: Price | None = None
    cache_write: Price | None = None
    cache_write_long: Price | None = None


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
    tiers: dict[str, Price] = Field(default_factory=dict)
    pieces: dict[str, Price] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """USD per million tokens. Of the input, tokens read from a prompt cache or written to it have their own;
    unset, they cost as others do. `cache_write_long` is for an hour instead of minutes."""

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None
    cache_write_long: float | None = None

    def of(self, reply: ChatReply) -> float:
        """USD per million for one reply's tokens."""
        plain = reply.tokens_input - reply.tokens_cache_read - reply.tokens_cache_write
        read = self.input if self.cache_read is None else self.cache_read
        write = self.input if self.cache_write is None else self.cache_write
        long = write if self.cache_write_long is None else self.cache_write_long
        short = reply.tokens_cache_write - reply.tokens_cache_write_long
        return (
            plain * self.input
            + reply.tokens_cache_read * read
            + short * write
            + reply.tokens_cache_write_long * long
            + reply.tokens_output * self.output
        )


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
    """Prices by model id; a name may hold `*`. A model that is not listed costs the default.

    `tiers` multiply a price: of a service tier, or of a batch job. `pieces` are paid one by one: a rerank by the
    question, a guardrail by the text unit of each policy.
    """

    models: Mapping[str, ModelPrice]
    default: ModelPrice
    units: UnitPrices = UnitPrices()
    tiers: Mapping[str, float] = field(default_factory=dict)
    pieces: Mapping[str, float] = field(default_factory=dict)

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
        models = {name: ModelPrice(**p.model_dump()) for name, p in raw.models.items()}
        units = UnitPrices(**raw.units.model_dump())
        return cls(models, ModelPrice(**raw.default.model_dump()), units, raw.tiers, raw.pieces)

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

    def cost_of(self, reply: ChatReply, model: str | None = None) -> float:
        """USD for one reply, at the price of `model` where the reply names it otherwise."""
        return self.price_of(model or reply.model).of(reply) / _MILLION * self.tier(reply.service_tier)

    def tier(self, name: str) -> float:
        """What a service tier, or `batch`, multiplies prices by."""
        return self.tiers.get(name, 1.0)

    def piece(self, name: str) -> float:
        """USD for one piece of what is not paid by the token; nothing when it is not listed."""
        fitting = [known for known in self.pieces if fnmatchcase(name.lower(), known.lower())]
        return self.pieces[max(fitting, key=len)] if fitting else 0.0

    def with_embedder(self, model: str) -> Self:
        """The same table, embedded tokens at the price that this embedding model is listed with, if it is."""
        listed = any(fnmatchcase(model.lower(), name.lower()) for name in self.models)
        if not listed:
            return self
        units = replace(self.units, embedding_per_million_tokens=self.price_of(model).input)
        return replace(self, units=units)
