"""A model of Bedrock behind the port of chat models, and several of them behind the writer's router."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rimedio.domain.errors import GenerationFailed
from rimedio.llm.bedrock import BedrockClient
from rimedio.llm.chat import ChatModel, ChatReply, ChatRequest
from rimedio.llm.overhearing import Listener, current_listener
from rimedio.llm.routing import Budget, Routed

PROVIDER = "bedrock"


class BedrockChat:
    """A `ChatModel`: one model, or inference profile, of a client."""

    def __init__(self, client: BedrockClient, model: str) -> None:
        self._client = client
        self._model = model

    @property
    def provider(self) -> str:
        """Family, as shown in a solution's routing."""
        return PROVIDER

    @property
    def model(self) -> str:
        """Model or inference profile."""
        return self._model

    def complete(self, request: ChatRequest) -> ChatReply:
        """Answer `request`, told to whoever listens. Raises Throttled, ModelUnavailable, GenerationFailed."""
        listener = current_listener()
        if listener is None:
            return self._client.invoke_with_retry(self._model, request)
        try:
            return self._overheard(request, listener)
        except BaseException:
            listener.begin()  # what was heard is a piece of nothing
            raise

    def _overheard(self, request: ChatRequest, listener: Listener) -> ChatReply:
        listener.begin()
        for event in self._client.stream_response(self._model, request):
            if event.reply is not None:
                return event.reply
            if event.restart:
                listener.begin()
            else:
                listener.hear(event.text)
        raise self._broken()

    def stream(self, request: ChatRequest) -> Iterator[str]:
        """The reply's text in pieces. Raises as `complete` does, even midway.

        Who reads pieces cannot take them back: where the reply begins anew, this one gives up.
        """
        for event in self._client.stream_response(self._model, request):
            if event.restart:
                raise self._broken()
            if event.text:
                yield event.text

    def _broken(self) -> GenerationFailed:
        return GenerationFailed(f"{self._model} took back what it had begun to say. Ask again.")

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()


@dataclass(frozen=True, slots=True)
class BedrockRouter:
    """A `Router` over models of Bedrock in order of preference, each asked with the whole prompt."""

    client: BedrockClient
    models: Sequence[ChatModel] = ()
    budget: Budget | None = None

    def complete(self, request: ChatRequest) -> Routed:
        """The first reply. Raises PolicyRefused, Throttled, GenerationFailed."""
        return self.client.multi_model_fallback(request, self.models, self.budget)
