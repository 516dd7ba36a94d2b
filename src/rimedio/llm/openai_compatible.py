"""Chat models behind any server that speaks `/v1/chat/completions`: Ollama, llama.cpp, vLLM, hosted ones."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, cast

from rimedio.domain.errors import GenerationFailed, InvalidSetting, ModelUnavailable, Throttled
from rimedio.llm.chat import ChatReply, ChatRequest, Finish
from rimedio.llm.overhearing import Listener, current_listener
from rimedio.llm.tokens import CharacterTokenCounter, TokenCounter

if TYPE_CHECKING:
    import httpx

_REPLY_BYTES_MAX = 4 * 1024 * 1024
_ERROR_CHARS_MAX = 300
_FINISH = {"stop": Finish.STOP, "length": Finish.LENGTH, "content_filter": Finish.GUARDRAIL}
_NOT_UNDERSTOOD = frozenset({400, 404, 415, 422, 501})  # what servers say to a response_format they lack


class _Format(IntEnum):
    """How a JSON reply is asked for, strictest first."""

    SCHEMA = 0
    OBJECT = 1
    NONE = 2


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the server is. `url` goes up to `/v1`."""

    url: str
    model: str
    api_key: str | None = None
    timeout_seconds: float = 60.0
    connect_seconds: float = 5.0

    def __repr__(self) -> str:
        return f"Endpoint(url={self.url!r}, model={self.model!r})"


class OpenAICompatibleChat:
    """A chat model over HTTP. Connections are reused; `close` ends them."""

    def __init__(self, endpoint: Endpoint, counter: TokenCounter | None = None) -> None:
        if not endpoint.url.startswith(("http://", "https://")):
            msg = f"The setting `llm_url` is {endpoint.url!r}. Write an address such as http://localhost:11434/v1."
            raise InvalidSetting(msg)
        self._endpoint = endpoint
        self._counter = counter or CharacterTokenCounter()
        self._format = _Format.SCHEMA
        self._client: httpx.Client | None = None

    @property
    def provider(self) -> str:
        """Family, as shown in a solution's routing."""
        return "openai-compatible"

    @property
    def model(self) -> str:
        """Model id."""
        return self._endpoint.model

    def complete(self, request: ChatRequest) -> ChatReply:
        """Answer `request`, told to whoever listens. Raises Throttled, ModelUnavailable, GenerationFailed."""
        listener = current_listener()
        if listener is not None:
            heard = self._overheard(request, listener)
            if heard is not None:
                return heard
        response = self._post(request)
        try:
            body = json.loads(response)
            choice = body["choices"][0]
            text = choice["message"]["content"] or ""
            finish = _FINISH.get(choice.get("finish_reason") or "stop", Finish.STOP)
            usage = body.get("usage") or {}
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            msg = f"{self._name} sent no chat completion ({error!r}). Check that its address ends in /v1."
            raise GenerationFailed(msg) from error
        if not isinstance(text, str):
            raise GenerationFailed(f"{self._name} sent a reply without text.")
        asked = sum(self._counter.count(m.text) for m in request.messages)
        return ChatReply(
            text=text,
            model=str(body.get("model") or self.model),
            finish=finish,
            tokens_input=int(usage.get("prompt_tokens") or asked),
            tokens_output=int(usage.get("completion_tokens") or self._counter.count(text)),
        )

    def _overheard(self, request: ChatRequest, listener: Listener) -> ChatReply | None:
        """The reply, each piece told as it arrives; None where the server does not stream what is asked for."""
        import httpx

        text, finish, usage = "", Finish.STOP, dict[str, int]()
        payload = {**self._payload(request, self._format), "stream": True}
        payload["stream_options"] = {"include_usage": True}
        listener.begin()
        try:
            with self._http().stream("POST", "chat/completions", json=payload) as response:
                if response.status_code >= 400:
                    response.read()
                    if response.status_code in _NOT_UNDERSTOOD:
                        return None
                    self._refuse(response.status_code, response.text, response.headers)
                for line in response.iter_lines():
                    data = line[5:].strip() if line.startswith("data:") else ""
                    if not data or data == "[DONE]":
                        continue
                    piece, ended, spent = self._part(data)
                    finish, usage = ended or finish, spent or usage
                    if piece:
                        text += piece
                        self._bounded(text.encode())
                        listener.hear(piece)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        asked = usage.get("prompt_tokens") or sum(self._counter.count(m.text) for m in request.messages)
        said = usage.get("completion_tokens") or self._counter.count(text)
        return ChatReply(text, self.model, finish, int(asked), int(said))

    def _part(self, data: str) -> tuple[str, Finish | None, dict[str, int]]:
        """Text, finish and usage of one event of a stream, each where it has one."""
        try:
            body = json.loads(data)
            choice = (body.get("choices") or [{}])[0]
            reason = choice.get("finish_reason")
            usage = {k: v for k, v in (body.get("usage") or {}).items() if isinstance(v, int)}
            return self._piece(data), _FINISH.get(reason, Finish.STOP) if reason else None, usage
        except (ValueError, KeyError, IndexError, AttributeError) as error:
            raise GenerationFailed(f"{self._name} broke off its stream with {data[:80]!r}.") from error

    def stream(self, request: ChatRequest) -> Iterator[str]:
        """The reply's text in pieces as they arrive. Raises as `complete` does, even midway."""
        import httpx

        payload = {**self._payload(request, self._format), "stream": True}
        try:
            with self._http().stream("POST", "chat/completions", json=payload) as response:
                if response.status_code >= 400:
                    response.read()
                    self._refuse(response.status_code, response.text, response.headers)
                for line in response.iter_lines():
                    if line.startswith("data:") and (piece := self._piece(line[5:].strip())):
                        yield piece
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def _piece(self, data: str) -> str:
        if data == "[DONE]":
            return ""
        try:
            choices = json.loads(data).get("choices") or [{}]
            return str((choices[0].get("delta") or {}).get("content") or "")
        except (ValueError, KeyError, IndexError, AttributeError) as error:
            raise GenerationFailed(f"{self._name} broke off its stream with {data[:80]!r}.") from error

    def close(self) -> None:
        """End the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _post(self, request: ChatRequest) -> bytes:
        """Ask; a server that does not understand the JSON format is asked again with a looser one."""
        import httpx

        formats = list(_Format)[self._format :] if request.json_schema is not None else [_Format.NONE]
        for wanted in formats:
            try:
                response = self._http().post("chat/completions", json=self._payload(request, wanted))
            except httpx.HTTPError as error:
                raise self._unreachable(error) from error
            if response.status_code < 400:
                if request.json_schema is not None:
                    self._format = wanted
                return self._bounded(response.content)
            if response.status_code not in _NOT_UNDERSTOOD or wanted is formats[-1]:
                self._refuse(response.status_code, response.text, response.headers)
        raise GenerationFailed(f"{self._name} understands no reply format.")  # formats is never empty

    def _bounded(self, content: bytes) -> bytes:
        if len(content) > _REPLY_BYTES_MAX:
            msg = f"{self._name} sent {len(content)} bytes; at most {_REPLY_BYTES_MAX} are read."
            raise GenerationFailed(msg)
        return content

    def _payload(self, request: ChatRequest, wanted: _Format) -> dict[str, object]:
        payload: dict[str, object] = {
            "model": self.model,
            "messages": [{"role": m.role.value, "content": m.text} for m in request.messages],
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
        }
        if request.json_schema is not None and wanted is _Format.SCHEMA:
            schema = {"name": "reply", "schema": dict(request.json_schema), "strict": True}
            payload["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif request.json_schema is not None and wanted is _Format.OBJECT:
            payload["response_format"] = {"type": "json_object"}
        return payload

    def _refuse(self, status: int, text: str, headers: Mapping[str, str]) -> None:
        said = _said(text)
        if status == 429:
            wait = headers.get("retry-after")
            after = f" It asks to wait {wait} s." if wait else ""
            raise Throttled(f"{self._name} asks to slow down.{after}")
        if status >= 500:
            raise ModelUnavailable(
                f"{self._name} failed with HTTP {status}: {said}. Look at the server's log."
            )
        if status in {401, 403}:
            raise ModelUnavailable(
                f"{self._name} refuses the key (HTTP {status}). Check the setting `llm_api_key`."
            )
        if status == 404:
            msg = f"{self._name} does not exist (HTTP 404: {said}). Check `llm_url` and `llm_model`."
            raise ModelUnavailable(msg)
        raise GenerationFailed(f"{self._name} refused the request with HTTP {status}: {said}.")

    def _unreachable(self, error: Exception) -> ModelUnavailable:
        kind = type(error).__name__
        return ModelUnavailable(f"{self._name} does not answer ({kind}). Check that the server runs.")

    @property
    def _name(self) -> str:
        return f"The model {self.model} at {self._endpoint.url}"

    def _http(self) -> "httpx.Client":
        if self._client is None:
            import httpx

            key = self._endpoint.api_key
            self._client = httpx.Client(
                base_url=self._endpoint.url.rstrip("/") + "/",
                headers={"Authorization": f"Bearer {key}"} if key else {},
                timeout=httpx.Timeout(self._endpoint.timeout_seconds, connect=self._endpoint.connect_seconds),
            )
        return self._client


def _said(text: str) -> str:
    """The server's own message, short."""
    try:
        error = cast("dict[str, object]", json.loads(text)).get("error")
        message = error.get("message") if isinstance(error, dict) else error
        text = str(message or text)
    except (ValueError, AttributeError):
        pass
    return " ".join(text.split())[:_ERROR_CHARS_MAX].rstrip(".") or "no message"
