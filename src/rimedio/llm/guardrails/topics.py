"""Topics that a support desk must not answer, whoever asks: configurable, Italian and English by default."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from rimedio.domain.errors import InvalidSetting
from rimedio.llm.guardrails.lowercase import lowered

TEXT_CHARS_MAX = 50_000


@dataclass(frozen=True, slots=True)
class DeniedTopic:
    """A topic that was found in a text, and the words that gave it away."""

    name: str
    label: Mapping[str, str]  # by language
    text: str


@dataclass(frozen=True, slots=True)
class TopicRule:
    """A topic and the patterns, matched against the text in lower case, of which one must be in it."""

    name: str
    label: Mapping[str, str]
    patterns: tuple[re.Pattern[str], ...]

    def find(self, text: str, lower: str) -> DeniedTopic | None:
        """The topic, when `text` is about it; `lower` is the text in lower case."""
        for pattern in self.patterns:
            match = pattern.search(lower)
            if match is not None:
                return DeniedTopic(self.name, self.label, text[match.start() : match.end()])
        return None


class _TopicFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    label: dict[str, str]
    patterns: list[str]


class _TopicsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    topics: list[_TopicFile]


def parse_topics(text: str, origin: str) -> tuple[TopicRule, ...]:
    """Rules from JSON shaped as the built-in `topics.json`. Raises InvalidSetting naming `origin`."""
    try:
        stored = _TopicsFile.model_validate(json.loads(text))
        return tuple(
            TopicRule(t.name, t.label, tuple(re.compile(p) for p in t.patterns)) for t in stored.topics
        )
    except (ValidationError, json.JSONDecodeError, re.error) as error:
        msg = f"The denied topics ({origin}) are not valid: {error}. Compare them with the built-in topics.json."
        raise InvalidSetting(msg) from error


def read_topics(path: Path) -> tuple[TopicRule, ...]:
    """Rules of a file. Raises InvalidSetting when it is missing or breaks the format."""
    try:
        return parse_topics(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"The file of denied topics {path} cannot be read ({error}). Correct its path."
        raise InvalidSetting(msg) from error


@cache
def default_topics() -> tuple[TopicRule, ...]:
    """The built-in rules."""
    return parse_topics((files("rimedio.llm.guardrails") / "topics.json").read_text("utf-8"), "built in")


def find_topics(text: str, rules: Sequence[TopicRule]) -> tuple[DeniedTopic, ...]:
    """Denied topics that `text` is about, in the order of the rules."""
    judged = text[:TEXT_CHARS_MAX]
    lower = lowered(judged)
    found = (rule.find(judged, lower) for rule in rules)
    return tuple(topic for topic in found if topic is not None)
