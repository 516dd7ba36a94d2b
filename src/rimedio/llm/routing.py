"""Asks models in order of preference: a dearer one gives way to a budget, a failing one to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rimedio.domain.errors import GenerationFailed, InvalidSetting, PolicyRefused, Throttled, Unavailable
from rimedio.llm.chat import ChatModel, ChatReply, ChatRequest
from rimedio.llm.pricing import PriceTable
from rimedio.llm.tokens import TokenCounter


class Budget(Protocol):
    """What may still be spent."""

    def left_usd(self) -> float:
        """USD left; infinite when nothing limits."""
        ...


@dataclass(frozen=True, slots=True)
class Unlimited:
    """No budget."""

    def left_usd(self) -> float:
        """Infinite."""
        return float("inf")


@dataclass(frozen=True, slots=True)
class Routed:
    """A reply, who gave it, and why those before did not."""

    reply: ChatReply
    provider: str
    model: str
    cost_usd: float
    skipped: tuple[str, ...] = ()

    @property
    def fallback_used(self) -> bool:
        """Whether the first model of the order did not answer."""
        return bool(self.skipped)

    @property
    def reason(self) -> str | None:
        """Why, in one line."""
        return " | ".join(self.skipped) or None


class Router(Protocol):
    """Has somebody answer a request."""

    def complete(self, request: ChatRequest) -> Routed:
        """A reply and who gave it. Raises PolicyRefused, Throttled, GenerationFailed."""
        ...


class ModelRouter:
    """Models in order. Each gets the whole prompt: nothing is cut to fit a weaker one."""

    def __init__(
        self,
        models: Sequence[ChatModel],
        prices: PriceTable,
        counter: TokenCounter,
        budget: Budget | None = None,
    ) -> None:
        if not models:
            raise InvalidSetting("No model is configured. Set `llm_url` and `llm_model`.")
        self._models = tuple(models)
        self._prices = prices
        self._counter = counter
        self._budget = budget or Unlimited()

    @property
    def models(self) -> tuple[ChatModel, ...]:
        """The models in their order."""
        return self._models

    def complete(self, request: ChatRequest) -> Routed:
        """The first reply that can be had and paid for.

        Raises PolicyRefused when the budget allows no model; when none answers Throttled, if that is all that
        keeps them from it and waiting may help, else GenerationFailed.
        """
        skipped: list[str] = []
        failures: list[Unavailable] = []
        for model in self._models:
            likely = self._worst_cost(model, request)
            left = self._budget.left_usd()
            if likely > left:
                skipped.append(f"{model.model}: may cost ${likely:.4f}, the budget has ${max(left, 0):.4f}")
                continue
            try:
                reply = model.complete(request)
            except Unavailable as error:
                failures.append(error)
                skipped.append(f"{model.model}: {error}")
                continue
            cost = self._prices.cost_of(reply, model.model)
            return Routed(reply, model.provider, model.model, cost, tuple(skipped))
        said = " | ".join(skipped)
        if not failures:
            raise PolicyRefused(
                f"The budget allows no model: {said}. Raise it, or use the extractive writer."
            )
        only_throttled = all(isinstance(error, Throttled) for error in failures)
        raise (Throttled if only_throttled else GenerationFailed)(f"No model answered: {said}")

    def _worst_cost(self, model: ChatModel, request: ChatRequest) -> float:
        asked = sum(self._counter.count(m.text) for m in request.messages)
        return self._prices.cost(model.model, asked, request.max_tokens)
