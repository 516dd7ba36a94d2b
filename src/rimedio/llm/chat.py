"""The port of chat models."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What to ask. `json_schema` asks for a reply that validates against it."""

    messages: tuple[Message, ...]
    max_tokens: int = 1500
    temperature: float = 0.0
    json_schema: Mapping[str, object] | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


class Finish(StrEnum):
    """Why the model stopped."""

    STOP = "stop"
    LENGTH = "length"
    GUARDRAIL = "guardrail"


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What the model said and what it took.

    `tokens_input` counts all that the model read; those of a prompt cache among it have a price of their own.
    """

    text: str
    model: str
    finish: Finish
    tokens_input: int
    tokens_output: int
    tokens_cache_read: int = 0
    tokens_cache_write: int = 0
    tokens_cache_write_long: int = 0  # of those written, the ones kept for an hour
    service_tier: str = ""


class ChatModel(Protocol):
    """A model that answers. Raises Throttled, ModelUnavailable or GenerationFailed."""

    @property
    def provider(self) -> str:
        """Family, as shown in a solution's routing."""
        ...

    @property
    def model(self) -> str:
        """Model id."""
        ...

    def complete(self, request: ChatRequest) -> ChatReply:
        """Answer `request`."""
        ...
