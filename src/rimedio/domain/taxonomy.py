"""The equipment Rimedio supports: product types, models, error-code patterns, categories, out of one file.

Another maker's equipment is another file, not another program.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from rimedio.domain.errors import InvalidSetting

DEFAULT_CODE_PATTERN = r"[A-Z]\d{3,4}"


@dataclass(frozen=True, slots=True)
class ProductType:
    """One kind of equipment; `error_code_patterns` are regular expressions of whole codes."""

    name: str
    label: Mapping[str, str]
    models: tuple[str, ...]
    error_code_patterns: tuple[str, ...]


class _ProductTypeFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    label: dict[str, str]
    models: list[str] = []
    error_code_patterns: list[str] = [DEFAULT_CODE_PATTERN]


class _TaxonomyFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version: int
    product_types: dict[str, _ProductTypeFile]
    categories: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Taxonomy:
    """Product types and ticket categories of one maker."""

    product_types: Mapping[str, ProductType]
    categories: Mapping[str, Mapping[str, str]]

    @classmethod
    def default(cls) -> Self:
        """Inverters, EV chargers, HVAC."""
        return cls.from_json((files("rimedio.domain") / "taxonomy.json").read_text("utf-8"), "built in")

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read `path`. Raises InvalidSetting when it is missing or breaks the format."""
        try:
            return cls.from_json(path.read_text("utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            msg = f"The taxonomy file {path} cannot be read ({error}). Correct the setting `taxonomy_file`."
            raise InvalidSetting(msg) from error

    @classmethod
    def from_json(cls, text: str, origin: str) -> Self:
        """Parse a taxonomy. Raises InvalidSetting naming `origin` and the field at fault."""
        try:
            raw = _TaxonomyFile.model_validate(json.loads(text))
            types = {
                name: ProductType(
                    name,
                    p.label,
                    tuple(p.models),
                    tuple(re.compile(x).pattern for x in p.error_code_patterns),
                )
                for name, p in raw.product_types.items()
            }
        except (ValidationError, json.JSONDecodeError, re.error) as error:
            msg = f"The taxonomy ({origin}) is not valid: {error}. Compare it with the built-in one."
            raise InvalidSetting(msg) from error
        return cls(types, raw.categories)

    @cached_property
    def code_pattern(self) -> re.Pattern[str]:
        """Finds any product's error code in running text, whole words only, upper or lower case."""
        patterns = {p for t in self.product_types.values() for p in t.error_code_patterns}
        joined = "|".join(sorted(patterns or {DEFAULT_CODE_PATTERN}, key=len, reverse=True))
        return re.compile(rf"(?<![\w-])(?:{joined})(?![\w-])", re.IGNORECASE)

    def models(self) -> tuple[str, ...]:
        """All models of all product types."""
        return tuple(m for t in self.product_types.values() for m in t.models)

    def accepts_code(self, product_type: str, code: str) -> bool:
        """Whether `code` is written as this product type's codes are."""
        return any(
            re.fullmatch(p, code, re.IGNORECASE) for p in self.product_types[product_type].error_code_patterns
        )
