"""What a scrape gets is what Prometheus' own parser reads."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from rimedio.observability.catalogue import QUEUE_DEPTH, RETRIEVAL_SECONDS, TOKENS
from rimedio.observability.metrics import Meter
from rimedio.observability.prometheus import prometheus_text


@pytest.fixture
def families():
    meter = Meter()
    meter.count(TOKENS, 12, 'a "model"\\ of\nmine', "input")
    meter.observe(RETRIEVAL_SECONDS, 0.15)
    meter.observe(RETRIEVAL_SECONDS, 500)
    meter.sample(QUEUE_DEPTH, lambda: {(): 4.0})
    return {f.name: f for f in text_string_to_metric_families(prometheus_text(meter))}


def test_kinds_names_and_help_are_told(families) -> None:
    assert {name: f.type for name, f in families.items()} == {
        "rimedio_llm_tokens": "counter",
        "rimedio_retrieval_seconds": "histogram",
        "rimedio_queue_depth": "gauge",
    }
    assert families["rimedio_retrieval_seconds"].documentation == "Time of one search"


def test_buckets_are_cumulative_and_end_in_infinity(families) -> None:
    samples = {(s.name, s.labels.get("le")): s.value for s in families["rimedio_retrieval_seconds"].samples}
    assert samples["rimedio_retrieval_seconds_bucket", "0.1"] == 0
    assert samples["rimedio_retrieval_seconds_bucket", "0.2"] == 1
    assert samples["rimedio_retrieval_seconds_bucket", "120.0"] == 1
    assert samples["rimedio_retrieval_seconds_bucket", "+Inf"] == 2
    assert samples["rimedio_retrieval_seconds_sum", None] == 500.15


def test_labels_survive_whatever_stands_in_them(families) -> None:
    (sample,) = families["rimedio_llm_tokens"].samples
    assert sample.labels == {"model": 'a "model"\\ of\nmine', "direction": "input"}
    assert (sample.name, sample.value) == ("rimedio_llm_tokens_total", 12)


def test_a_meter_without_numbers_gives_an_empty_page() -> None:
    assert prometheus_text(Meter()).strip() == ""
