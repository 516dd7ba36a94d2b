"""Prices come from a file; what is not listed is not free."""

import json

import pytest

from rimedio.domain.errors import InvalidSetting
from rimedio.llm.chat import ChatReply, Finish
from rimedio.llm.pricing import ModelPrice, PriceTable

TABLE = PriceTable(
    {"acme*": ModelPrice(1, 2), "acme-big*": ModelPrice(10, 20)}, default=ModelPrice(3.0, 15.0)
)


def test_the_longest_fitting_name_gives_the_price():
    assert TABLE.price_of("acme-big-2") == ModelPrice(10, 20)
    assert TABLE.price_of("ACME-small") == ModelPrice(1, 2)


def test_an_unlisted_model_costs_the_default():
    assert TABLE.cost("stranger", 1_000_000, 0) == 3.0


def test_a_reply_costs_its_tokens():
    assert TABLE.cost_of(ChatReply("x", "acme-1", Finish.STOP, 500_000, 250_000)) == 1.0


def test_local_models_are_free_in_the_shipped_table():
    assert PriceTable.shipped().cost("extractive-1", 10**9, 10**9) == 0


def test_an_own_file_replaces_the_table(tmp_path):
    price = {"input": 7, "output": 8}
    text = {
        "currency": "USD",
        "unit": "per million tokens",
        "as_of": "2026",
        "models": {"m": price},
        "default": price,
    }
    (tmp_path / "p.json").write_text(json.dumps(text))

    assert PriceTable.from_file(tmp_path / "p.json").price_of("m") == ModelPrice(7, 8)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"currency": "USD", "models": {"m": {"input": -1, "output": 0}}}']
)
def test_a_broken_table_is_refused_with_its_name(tmp_path, text):
    (tmp_path / "p.json").write_text(text)

    with pytest.raises(InvalidSetting, match=r"p\.json"):
        PriceTable.from_file(tmp_path / "p.json")


def test_a_missing_file_names_the_setting(tmp_path):
    with pytest.raises(InvalidSetting, match="price_file"):
        PriceTable.from_file(tmp_path / "none.json")
