"""What the client of Bedrock tells beside replies: estimates, attempts that were lost, pieces of a stream."""

from dataclasses import dataclass

from rimedio.aws.bedrock_calls import Fate
from rimedio.llm.chat import ChatReply


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """What a request takes at most. `exact` says whether Bedrock counted the tokens of the input."""

    model: str
    tokens_input: int
    tokens_output_max: int
    usd_max: float
    exact: bool = False


@dataclass(frozen=True, slots=True)
class LostAttempt:
    """An attempt that may have been executed, and so paid for, though no reply came of it."""

    model: str
    fate: Fate
    tokens_input: int
    tokens_output_max: int
    usd_max: float
    seconds: float


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """Something of a growing reply: a piece, word that all before is void, or at the end the whole reply."""

    text: str = ""
    restart: bool = False
    reply: ChatReply | None = None
