"""What a guardrail looks for and what it does then: the stand-in for one that CreateGuardrail made."""

import threading
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

GUARDRAILS_MAX = 100


class PiiAction(StrEnum):
    """What happens to personal data."""

    ANONYMIZE = "ANONYMIZE"
    BLOCK = "BLOCK"
    NONE = "NONE"


class GuardrailPolicy(BaseModel):
    """One guardrail. Thresholds are those of contextual grounding: below, the answer is blocked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    personal_data: PiiAction = PiiAction.ANONYMIZE
    prompt_attacks: bool = True
    topics: bool = True
    words: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(max_length=1000)] = ()
    grounding: Annotated[float, Field(ge=0, le=0.99)] | None = 0.75
    relevance: Annotated[float, Field(ge=0, le=0.99)] | None = 0.0
    blocked_input: str = "The guardrail does not let this request pass."
    blocked_output: str = "The guardrail does not let this answer pass."


class Guardrails:
    """Guardrails by id; one that nobody has set up is the default one. Safe to use from many threads."""

    def __init__(self) -> None:
        self._policies: dict[str, GuardrailPolicy] = {}
        self._lock = threading.Lock()

    def put(self, identifier: str, policy: GuardrailPolicy) -> bool:
        """Set one up; False when there are too many already."""
        with self._lock:
            if identifier not in self._policies and len(self._policies) >= GUARDRAILS_MAX:
                return False
            self._policies[identifier] = policy
            return True

    def get(self, identifier: str) -> GuardrailPolicy:
        """The policy of a guardrail, named by its id or its ARN."""
        with self._lock:
            return self._policies.get(identifier.rpartition("/")[2], GuardrailPolicy())
