"""Models are asked in order, within the budget, and every skip is recorded."""

from dataclasses import dataclass

import pytest

from rimedio.domain.errors import GenerationFailed, InvalidSetting, ModelUnavailable, PolicyRefused, Throttled
from rimedio.llm.chat import ChatRequest, Message, Role
from rimedio.llm.fake import FakeChatModel
from rimedio.llm.pricing import ModelPrice, PriceTable
from rimedio.llm.routing import ModelRouter
from rimedio.llm.tokens import CharacterTokenCounter

PRICES = PriceTable({"big": ModelPrice(100, 100), "small": ModelPrice(0, 0)}, ModelPrice(1, 1))
REQUEST = ChatRequest((Message(Role.USER, "hello"),), max_tokens=1000)


@dataclass
class Purse:
    usd: float

    def left_usd(self) -> float:
        return self.usd


def router(*models: FakeChatModel, usd: float = 1000.0) -> ModelRouter:
    return ModelRouter(models, PRICES, CharacterTokenCounter(), Purse(usd))


def test_the_first_model_answers_and_nothing_is_skipped():
    routed = router(FakeChatModel(["yes"], "big"), FakeChatModel(["no"], "small")).complete(REQUEST)

    assert (routed.reply.text, routed.model, routed.fallback_used, routed.reason) == (
        "yes",
        "big",
        False,
        None,
    )


def test_a_failing_model_gives_way_with_its_reason():
    routed = router(
        FakeChatModel([ModelUnavailable("down")], "big"), FakeChatModel(["yes"], "small")
    ).complete(REQUEST)

    assert (routed.model, routed.fallback_used, routed.reason) == ("small", True, "big: down")


def test_a_budget_degrades_to_the_cheaper_model():
    big = FakeChatModel(["yes"], "big")

    routed = router(big, FakeChatModel(["ok"], "small"), usd=0.0001).complete(REQUEST)

    assert routed.model == "small"
    assert "budget" in routed.reason
    assert big.requests == []


def test_a_budget_that_allows_no_model_is_a_policy():
    with pytest.raises(PolicyRefused, match="budget"):
        router(FakeChatModel(["yes"], "big"), usd=0).complete(REQUEST)


def test_all_reasons_are_told_when_no_model_answers():
    with pytest.raises(GenerationFailed, match=r"a .*down.* b .*slow"):
        router(
            FakeChatModel([ModelUnavailable("a is down")], "x"), FakeChatModel([Throttled("b is slow")], "y")
        ).complete(REQUEST)


def test_the_next_model_gets_the_whole_prompt():
    second = FakeChatModel(["yes"], "small")

    router(FakeChatModel([Throttled("no")], "big"), second).complete(REQUEST)

    assert second.requests == [REQUEST]


def test_the_cost_of_the_reply_is_told():
    routed = router(FakeChatModel(["one two"], "big")).complete(REQUEST)

    assert routed.cost_usd == pytest.approx((1 + 2) * 100 / 1_000_000)


def test_no_models_is_a_wrong_setting():
    with pytest.raises(InvalidSetting, match="llm_url"):
        router()


def test_models_that_only_ask_to_slow_down_are_told_as_throttled_so_that_somebody_waits():
    slow = [FakeChatModel([Throttled("slow")], name) for name in ("x", "y")]

    with pytest.raises(Throttled, match="No model answered"):
        router(*slow).complete(REQUEST)
