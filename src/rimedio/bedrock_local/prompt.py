"""What a chat model is asked and what it says, whichever body it came in."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said; its blocks joined by blank lines."""

    role: str  # "user" or "assistant"
    text: str


@dataclass(frozen=True, slots=True)
class CachePoint:
    """Everything up to here may be kept; `prefix` is that text."""

    prefix: str
    ttl: str  # "5m" or "1h"


@dataclass(frozen=True, slots=True)
class Guarded:
    """A piece of text that the caller marked for the guardrail."""

    text: str
    qualifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GuardrailChoice:
    """Which guardrail looks at the request and the answer."""

    identifier: str
    version: str
    trace: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request to a chat model."""

    model: str
    turns: tuple[Turn, ...]
    system: str = ""
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    schema: Mapping[str, object] | None = None  # what the reply must validate against
    tool: str | None = None  # the tool that must be called with it, where one is forced
    metadata: Mapping[str, str] = field(default_factory=dict)
    cache_points: tuple[CachePoint, ...] = ()
    guarded: tuple[Guarded, ...] = ()
    guardrail: GuardrailChoice | None = None
    service_tier: str | None = None
    performance: str | None = None
    extra: str = ""  # what else is sent and counts as tokens: the tools' schemas

    @property
    def asked(self) -> str:
        """All that the user said."""
        return "\n\n".join(t.text for t in self.turns if t.role == "user")

    @property
    def whole(self) -> str:
        """All that is sent, for counting."""
        return "\n".join((self.extra, self.system, *(t.text for t in self.turns))).strip()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. What was read from the cache or written to it is not in `input` again."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0
    written: Mapping[str, int] = field(default_factory=dict)  # by ttl

    @property
    def total(self) -> int:
        """All of them."""
        return self.input + self.output + self.cache_read + self.cache_write


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said. `stop` in the words of Converse: end_turn, max_tokens, stop_sequence, tool_use, …"""

    text: str
    stop: str
    usage: Usage
    latency_ms: int
    stopped_at: str | None = None  # the stop sequence
    tool: str | None = None  # the tool that `text`, then JSON, is the input of
    trace: Mapping[str, object] | None = None
