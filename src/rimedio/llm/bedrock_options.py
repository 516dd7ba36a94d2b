"""How Bedrock is called: which models, which guardrail, caches, tiers, streams."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from rimedio.aws.bedrock_calls import RetryPolicy
from rimedio.aws_settings import AwsSettings
from rimedio.domain.errors import InvalidSetting
from rimedio.llm.bedrock_models import Profile, inference_profile
from rimedio.llm.circuit import CircuitPolicy

DRAFT = "DRAFT"
OFF = "off"
DEFAULT_TIER = "default"


class StreamGuard(StrEnum):
    """Whether a stream waits for its guardrail, or runs ahead of it and may have to be taken back."""

    SYNC = "sync"
    ASYNC = "async"


@dataclass(frozen=True, slots=True)
class GuardrailChoice:
    """Which guardrail, in which version."""

    identifier: str
    version: str = DRAFT

    @classmethod
    def parse(cls, text: str) -> Self:
        """`ID`, `ID:VERSION`, or an ARN with `:VERSION` behind its id. Raises InvalidSetting."""
        identifier, version = text, DRAFT
        head, sign, tail = text.rpartition(":")
        if sign and (tail == DRAFT or tail.isdigit()):
            identifier, version = head, tail
        if not identifier:
            raise InvalidSetting(f"`bedrock_guardrail` is {text!r}. Write ID or ID:VERSION.")
        return cls(identifier, version)


@dataclass(frozen=True, slots=True)
class BedrockOptions:
    """`models` are ids to call, best first. `cache_ttl` is "5m", "1h" or empty for no prompt cache."""

    models: tuple[str, ...] = ()
    guardrail: GuardrailChoice | None = None
    stream_guard: StreamGuard = StreamGuard.SYNC
    cache_ttl: str = "5m"
    service_tier: str = DEFAULT_TIER
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    circuit: CircuitPolicy = field(default_factory=CircuitPolicy)

    @classmethod
    def from_settings(cls, settings: AwsSettings, *, writes: bool = True) -> Self:
        """The options that the settings name. Raises InvalidSetting when no model is named although one `writes`;
        a guardrail may stand without."""
        if writes and not settings.bedrock_model:
            raise InvalidSetting(
                "`bedrock_model` is not set. Name the model or inference profile that writes."
            )
        others = [name.strip() for name in settings.bedrock_fallback_models.split(",")]
        region = settings.bedrock_region or settings.aws_region
        profile = Profile(settings.bedrock_profile)
        asked = (settings.bedrock_model or "", *others)
        names = (inference_profile(name, region, profile) for name in asked if name)
        guardrail = GuardrailChoice.parse(settings.bedrock_guardrail) if settings.bedrock_guardrail else None
        return cls(
            models=tuple(dict.fromkeys(names)),
            guardrail=guardrail,
            stream_guard=StreamGuard(settings.bedrock_stream_guard),
            cache_ttl="" if settings.bedrock_prompt_cache == OFF else settings.bedrock_prompt_cache,
            service_tier=settings.bedrock_service_tier,
        )
