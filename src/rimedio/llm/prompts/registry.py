"""Loads prompt templates from files and renders them strictly.

A template file is TOML: `name`, `version`, `language`, `inputs` (the variables it wants), `system`, `user`. A
variable stands as `<<name>>`. Rendering is one pass over the template, so braces, `<<…>>` or anything else
inside a ticket or a passage is text and nothing more. A missing variable, one too many, or one that the
template never uses is an error.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from rimedio.domain.errors import InvalidSetting, NotFound
from rimedio.domain.knowledge import hash_text
from rimedio.llm.chat import Message, Role

_VARIABLE = re.compile(r"<<([a-z_]+)>>")
_PACKAGE = "rimedio.llm.prompts"


class _TemplateFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    version: str
    language: str
    inputs: list[str]
    system: str = ""
    user: str


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """A prompt ready to send. `version` goes into the routing: name, version, language, start of the hash."""

    messages: tuple[Message, ...]
    version: str


@dataclass(frozen=True)
class Template:
    """One version of a prompt in one language."""

    name: str
    version: str
    language: str
    inputs: frozenset[str]
    system: str
    user: str

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the template's text: a changed file cannot pass for the old version."""
        return hash_text(f"{self.system}\0{self.user}")

    @property
    def label(self) -> str:
        """Such as `rag_generation@1.0/it#1f3a9c07`."""
        return f"{self.name}@{self.version}/{self.language}#{self.hash[:8]}"

    def render(self, variables: Mapping[str, str]) -> RenderedPrompt:
        """Fill in the variables. Raises InvalidSetting naming those that are missing or too many."""
        missing, extra = self.inputs - variables.keys(), variables.keys() - self.inputs
        if missing or extra:
            said = [f"missing: {', '.join(sorted(missing))}"] if missing else []
            said += [f"not wanted: {', '.join(sorted(extra))}"] if extra else []
            msg = f"The prompt {self.label} was given the wrong variables ({'; '.join(said)})."
            raise InvalidSetting(msg)
        messages = [Message(Role.USER, _filled(self.user, variables))]
        if self.system:
            messages.insert(0, Message(Role.SYSTEM, _filled(self.system, variables)))
        return RenderedPrompt(tuple(messages), self.label)


def _filled(text: str, variables: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: variables[match[1]], text)


class PromptRegistry:
    """All templates, by name, version and language."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self._templates = {(t.name, t.version, t.language): t for t in templates}

    @classmethod
    def shipped(cls) -> Self:
        """The templates in the package."""
        folder = files(_PACKAGE) / "templates"
        texts = {
            entry.name: entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml")
        }
        return cls(_parsed(text, name) for name, text in sorted(texts.items()))

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """The `*.toml` files of a folder. Raises InvalidSetting naming the file at fault."""
        return cls(_parsed(path.read_text("utf-8"), str(path)) for path in sorted(folder.glob("*.toml")))

    def get(self, name: str, language: str, version: str | None = None) -> Template:
        """The template of that name, newest unless a version is given; English when it lacks the language.

        Raises NotFound.
        """
        for wanted in (language, "en"):
            versions = [
                t
                for (n, v, lang), t in self._templates.items()
                if n == name and lang == wanted and version in {None, v}
            ]
            if versions:
                return max(versions, key=lambda t: tuple(int(part) for part in t.version.split(".")))
        known = ", ".join(sorted({n for n, _, _ in self._templates}))
        msg = f"There is no prompt {name!r} (version {version or 'any'}, {language}). Known are: {known}."
        raise NotFound(msg)

    def all(self) -> tuple[Template, ...]:
        """Every template."""
        return tuple(self._templates.values())


def _parsed(text: str, origin: str) -> Template:
    try:
        raw = _TemplateFile.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        msg = f"The prompt template {origin} is not valid: {error}. Compare it with a shipped one."
        raise InvalidSetting(msg) from error
    used = set(_VARIABLE.findall(raw.system + raw.user))
    if used != set(raw.inputs):
        said = f"declares {sorted(raw.inputs)} but uses {sorted(used)}"
        msg = f"The prompt template {origin} {said}. Make them agree."
        raise InvalidSetting(msg)
    if not re.fullmatch(r"\d+(\.\d+)*", raw.version):
        msg = (
            f"The prompt template {origin} has version {raw.version!r}. Write numbers with dots, such as 1.0."
        )
        raise InvalidSetting(msg)
    return Template(raw.name, raw.version, raw.language, frozenset(raw.inputs), raw.system, raw.user)
