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
    """What the model said and what it took."""

    text: str
    model: str
    finish: Finish
    tokens_input: int
    tokens_output: int


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
