"""A chat model that says what it was told to say: for tests, demonstrations and dry runs."""

from collections.abc import Callable, Iterator, Sequence

from rimedio.domain.errors import GenerationFailed
from rimedio.llm.chat import ChatReply, ChatRequest, Finish

Scripted = str | Exception | Callable[[ChatRequest], str]


class FakeChatModel:
    """Plays a script, one entry a call; an exception in it is raised. `requests` keeps what was asked."""

    def __init__(
        self,
        script: Sequence[Scripted],
        model: str = "fake-1",
        provider: str = "fake",
        finish: Finish = Finish.STOP,
    ) -> None:
        self._script = list(script)
        self._model = model
        self._provider = provider
        self._finish = finish
        self.requests: list[ChatRequest] = []

    @property
    def provider(self) -> str:
        """Family, as shown in a solution's routing."""
        return self._provider

    @property
    def model(self) -> str:
        """Model id."""
        return self._model

    def complete(self, request: ChatRequest) -> ChatReply:
        """The script's next entry. Raises GenerationFailed when the script is over."""
        self.requests.append(request)
        if not self._script:
            raise GenerationFailed(
                f"The fake model {self._model} has nothing more to say. Give it a longer script."
            )
        entry = self._script.pop(0)
        if isinstance(entry, Exception):
            raise entry
        text = entry if isinstance(entry, str) else entry(request)
        asked = sum(len(m.text.split()) for m in request.messages)
        return ChatReply(text, self._model, self._finish, asked, len(text.split()))

    def stream(self, request: ChatRequest) -> Iterator[str]:
        """The same reply, a word at a time."""
        text = self.complete(request).text
        for start, word in enumerate(text.split(" ")):
            yield word if start == 0 else f" {word}"
