"""Amazon Bedrock's runtime: answers, streams, guardrails, tokens and their price.

    client = BedrockClient(runtime, BedrockOptions.from_settings(settings), prices=…, counter=…, clock=…)
    client.invoke_with_retry(client.options.models[0], request)   # one whole reply
    client.stream_response(model, request)                        # the same reply as it grows
    client.multi_model_fallback(request)                          # the first model that answers
    client.apply_guardrails(text, GuardSource.OUTPUT)             # a verdict on any text
    client.estimate_cost(model, request, batch=True)              # before anything is sent

The runtime client comes from `AwsConnections.client("bedrock-runtime", attempts=1)`: retries are made here.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

from rimedio.aws import Client, error_code
from rimedio.aws.bedrock_calls import INVALID, FailedAttempt, Fate, Randomness, Retries, system_randomness
from rimedio.domain.clock import Clock
from rimedio.domain.errors import InvalidSetting, ModelUnavailable, RimedioError, Throttled
from rimedio.llm.bedrock_guardrails import (
    GuardSource,
    GuardVerdict,
    guard_content,
    plain_words,
    traced_cost,
    verdict_of,
)
from rimedio.llm.bedrock_models import ModelCard, Structured, base_model, card_of, looser_card
from rimedio.llm.bedrock_options import BedrockOptions, StreamGuard
from rimedio.llm.bedrock_replies import StreamedReply, reply_of
from rimedio.llm.bedrock_requests import conversation, converse_arguments, fenced
from rimedio.llm.bedrock_types import CostEstimate, LostAttempt, StreamEvent
from rimedio.llm.chat import ChatModel, ChatReply, ChatRequest, Finish
from rimedio.llm.circuit import Circuits
from rimedio.llm.pricing import PriceTable
from rimedio.llm.routing import Budget, ModelRouter, Routed
from rimedio.llm.tokens import TokenCounter
from rimedio.observability.logs import get_logger

BATCH = "batch"
log = get_logger(__name__)


def _nobody(_: LostAttempt | float) -> None:
    """Nobody keeps accounts."""


class BedrockClient:
    """Calls models of Bedrock. Safe to share between threads, as boto3's clients are.

    `on_lost` hears, once each, of attempts that may cost money without an answer; `on_guarded` of what guardrails
    cost, in USD.
    """

    def __init__(
        self,
        runtime: Client,
        options: BedrockOptions,
        *,
        prices: PriceTable,
        counter: TokenCounter,
        clock: Clock,
        randomness: Randomness = system_randomness,
        on_lost: Callable[[LostAttempt], None] = _nobody,
        on_guarded: Callable[[float], None] = _nobody,
    ) -> None:
        self.options = options
        self.circuits = Circuits(clock, options.circuit)
        self._runtime = runtime
        self._prices = prices
        self._counter = counter
        self._retries = Retries(clock, options.retries, randomness)
        self._on_lost = on_lost
        self._on_guarded = on_guarded
        self._cards: dict[str, ModelCard] = {}  # of models that turned out to lack something

    def invoke_with_retry(self, model: str, request: ChatRequest, *, idempotent: bool = True) -> ChatReply:
        """One reply of Converse. Raises Throttled, ModelUnavailable, GenerationFailed.

        Asking has no effect but its price, so a call that was sent and not answered is asked again; say
        `idempotent=False` where even that is too much."""

        def once() -> ChatReply:
            found = self._sent(model, request, stream=False)
            self._pay_guardrail(traced_cost(found, self._prices))
            return self._guarded(model, request, reply_of(found, model, self.options.service_tier))

        lost = partial(self._lost, model, request, None)
        return self.circuits.call(
            model,
            lambda: self._retries.call(
                f"Converse with {model}", once, idempotent=idempotent, on_failure=lost
            ),
        )

    def stream_response(self, model: str, request: ChatRequest) -> Iterator[StreamEvent]:
        """The same reply in pieces, then whole. Raises as `invoke_with_retry` does, even midway.

        A stream that breaks begins anew within the same attempts: `restart` voids what was told before, and
        so does a guardrail that steps in. Only the reply at the end has been checked to be whole."""
        self.circuits.enter(model)
        try:
            yield from self._streamed(model, request)
        except (Throttled, ModelUnavailable):
            self.circuits.failed(model)
            raise
        except BaseException:
            self.circuits.left(model)
            raise
        self.circuits.succeeded(model)

    def apply_guardrails(
        self, text: str, source: GuardSource, *, query: str = "", sources: Sequence[str] = ()
    ) -> GuardVerdict:
        """The configured guardrail's verdict on `text`; with `query` and `sources` on its grounding too.

        Raises InvalidSetting without a guardrail, Throttled, ModelUnavailable, GenerationFailed.
        """
        chosen = self.options.guardrail
        if chosen is None:
            raise InvalidSetting("No guardrail is configured. Set `bedrock_guardrail` to its ID:VERSION.")
        call = partial(
            self._runtime.apply_guardrail,
            guardrailIdentifier=chosen.identifier,
            guardrailVersion=chosen.version,
            source=source.value,
            content=guard_content(text, query, sources),
            outputScope="FULL",
        )
        verdict = verdict_of(self._retries.call("ApplyGuardrail", call), text, self._prices)
        self._pay_guardrail(verdict.cost_usd)
        return verdict

    def multi_model_fallback(
        self, request: ChatRequest, models: Sequence[ChatModel] = (), budget: Budget | None = None
    ) -> Routed:
        """The first reply that can be had and paid for; each model gets the whole request, system prompt,
        passages and schema. `models` are the configured ones unless given, for instance metered.

        Raises PolicyRefused when the budget allows none; Throttled, GenerationFailed when none answers.
        """
        from rimedio.llm.bedrock_chat import BedrockChat

        asked = models or tuple(BedrockChat(self, name) for name in self.options.models)
        return ModelRouter(asked, self._prices, self._counter, budget).complete(request)

    def estimate_cost(
        self, model: str, request: ChatRequest, *, batch: bool = False, ask: bool = False
    ) -> CostEstimate:
        """The most that `request` can cost, at a batch job's price if `batch`; `ask` has Bedrock count."""
        asked, exact = self.count_tokens(model, request) if ask else (self._asked(request), False)
        usd = self._prices.cost(model, asked, request.max_tokens)
        usd *= self._prices.tier(BATCH if batch else self.options.service_tier)
        return CostEstimate(model, asked, request.max_tokens, usd, exact)

    def count_tokens(self, model: str, request: ChatRequest) -> tuple[int, bool]:
        """Tokens of the input, and whether Bedrock counted them; else they are estimated here, too many rather
        than too few. CountTokens costs nothing."""
        card = self._card(model)
        if card.counts_tokens:
            said = conversation(
                request, card, replace(self.options, guardrail=None, cache_ttl=""), self._counter
            )
            asked: dict[str, Any] = {"messages": said.messages}
            asked |= {"system": said.system} if said.system else {}
            asked |= {"toolConfig": said.tools} if said.tools else {}
            call = partial(self._runtime.count_tokens, modelId=base_model(model), input={"converse": asked})
            try:
                return int(self._retries.call(f"CountTokens of {model}", call)["inputTokens"]), True
            except RimedioError as error:
                log.warning(
                    "Bedrock did not count tokens; they are estimated", model=model, reason=str(error)
                )
        return self._asked(request), False

    def close(self) -> None:
        """Let go of the connections."""
        self._runtime.close()

    # -- insides

    def _streamed(self, model: str, request: ChatRequest) -> Iterator[StreamEvent]:
        streamed = StreamedReply(model, self.options.service_tier)
        told = False

        def lost(attempt: FailedAttempt) -> None:
            self._lost(model, request, streamed, attempt)

        trial = self._retries.trial(f"ConverseStream with {model}", on_failure=lost)
        while True:
            try:
                for piece in self._pieces(model, request, streamed):
                    told = True
                    yield StreamEvent(piece)
                whole = streamed.reply(self._counter, self._asked(request))
                reply = self._guarded(model, request, whole)
                break
            except Exception as error:
                trial.failed(error)
            if told:
                yield StreamEvent(restart=True)
            streamed, told = StreamedReply(model, self.options.service_tier), False
        if reply.finish is Finish.GUARDRAIL:
            if told:
                yield StreamEvent(restart=True)
        elif reply.text and not told:  # held back until the guardrail had judged it
            yield StreamEvent(reply.text)
        yield StreamEvent(reply=reply)

    def _pieces(self, model: str, request: ChatRequest, streamed: StreamedReply) -> Iterator[str]:
        """Pieces as they come; none where they must wait for the verdict on the whole."""
        held = self._held(model, request)
        with closing(self._sent(model, request, stream=True)["stream"]) as events:
            for event in events:
                piece = streamed.feed(event)
                self._pay_guardrail(traced_cost(event.get("metadata") or {}, self._prices))
                if piece and not held:
                    yield piece
        if not streamed.is_whole:
            raise ConnectionResetError(
                f"the stream ended after {len(streamed.partial)} characters, without its end"
            )

    def _sent(self, model: str, request: ChatRequest, *, stream: bool) -> dict[str, Any]:
        """Send once; a model that refuses what its card promises is asked in the next looser way."""
        send = self._runtime.converse_stream if stream else self._runtime.converse
        while True:
            card = self._card(model)
            arguments = converse_arguments(model, request, card, self.options, self._counter, stream=stream)
            try:
                found: dict[str, Any] = send(**arguments)
                return found
            except Exception as error:
                looser = (
                    looser_card(card, str(error), wants_json=request.json_schema is not None)
                    if error_code(error) == INVALID
                    else None
                )
                if looser is None:
                    raise
                self._cards[model] = looser

    def _guarded(self, model: str, request: ChatRequest, reply: ChatReply) -> ChatReply:
        """A reply in JSON after the guardrail. `guardrailConfig` does not look into the arguments of tools, and
        between brackets no sentence has ground: its plain words are judged with question and passages. What is
        stopped, or cannot be judged, is not passed on; its tokens count."""
        if not self._judged_afterwards(request) or reply.finish is Finish.GUARDRAIL or not reply.text:
            return reply
        question, passages = fenced(request)
        try:
            verdict = self.apply_guardrails(
                plain_words(reply.text), GuardSource.OUTPUT, query=question, sources=passages
            )
        except RimedioError as error:
            log.error("A reply could not be judged by the guardrail and is dropped", error=error, model=model)
            return replace(reply, text="", finish=Finish.GUARDRAIL)
        if verdict.intervened:  # masked words cannot be put back between the brackets either
            log.warning("The guardrail stopped a reply", model=model, reasons=list(verdict.reasons))
            return replace(reply, text=verdict.text, finish=Finish.GUARDRAIL)
        return reply

    def _judged_afterwards(self, request: ChatRequest) -> bool:
        return self.options.guardrail is not None and request.json_schema is not None

    def _held(self, model: str, request: ChatRequest) -> bool:
        """Whether no piece may be told before the verdict: nobody else looks into a tool's arguments."""
        by_tool = self._judged_afterwards(request) and self._card(model).structured is Structured.TOOL
        return by_tool and self.options.stream_guard is StreamGuard.SYNC

    def _pay_guardrail(self, usd: float) -> None:
        if usd:
            self._on_guarded(usd)

    def _card(self, model: str) -> ModelCard:
        return self._cards.get(model) or card_of(model)

    def _asked(self, request: ChatRequest) -> int:
        return sum(self._counter.count(message.text) for message in request.messages)

    def _lost(
        self, model: str, request: ChatRequest, streamed: StreamedReply | None, attempt: FailedAttempt
    ) -> None:
        """Book what may have been executed: silence after sending, or a stream that had begun."""
        begun = streamed is not None and bool(streamed.partial)
        if attempt.failure.fate is not Fate.UNANSWERED and not begun:
            return
        estimate = self.estimate_cost(model, request)
        self._on_lost(
            LostAttempt(
                model,
                attempt.failure.fate,
                estimate.tokens_input,
                estimate.tokens_output_max,
                estimate.usd_max,
                attempt.seconds,
            )
        )
