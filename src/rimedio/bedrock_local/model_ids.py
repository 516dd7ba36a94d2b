"""What a model id means here: who speaks its body, whether it chats, embeds or reranks, and its fault suffix."""

import re
from dataclasses import dataclass
from enum import StrEnum

from rimedio.bedrock_local.errors import UnknownModel

_REGION = re.compile(r"^(?:us-gov|us|eu|apac|jp|au|ca|global)\.")
_PROVIDERS = frozenset(
    """ai21 amazon anthropic cohere deepseek google local meta minimax mistral moonshot nvidia openai qwen stability
    twelvelabs writer zai""".split()  # noqa: SIM905 - a list of names is read more easily without quotes
)
_PROFILE = "application-inference-profile/"


class Kind(StrEnum):
    """What a model does."""

    CHAT = "chat"
    EMBED = "embed"
    RERANK = "rerank"


@dataclass(frozen=True, slots=True)
class ModelId:
    """A model id taken apart. `name` has no ARN, no region and no suffix."""

    given: str
    name: str
    provider: str
    kind: Kind
    fault: str = ""

    @property
    def known_as(self) -> str:
        """The id without the fault suffix, as it was given."""
        return self.given.rpartition("@")[0] if self.fault else self.given


def read_model_id(given: str) -> ModelId:
    """Take a model id, inference profile or ARN apart. Raises UnknownModel.

    What follows the last `@` is a fault to show, such as `amazon.nova-lite-v1:0@throttling`.
    """
    plain, _, fault = given.rpartition("@") if "@" in given else (given, "", "")
    if _PROFILE in plain:  # an account's own name for a model: what it stands for is not known here
        return ModelId(given, plain.rpartition("/")[2], "local", Kind.CHAT, fault)
    name = _REGION.sub("", plain.rpartition("/")[2])
    provider, dot, rest = name.partition(".")
    if not dot or not rest or provider not in _PROVIDERS:
        raise UnknownModel("The provided model identifier is invalid.")
    kind = Kind.EMBED if "embed" in rest else Kind.RERANK if "rerank" in rest else Kind.CHAT
    return ModelId(given, name, provider, kind, fault)
