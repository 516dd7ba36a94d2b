"""The meter adds up from any number of threads, and never grows without bound."""

import threading

import pytest
from tests.growth import times_a_plain_count

from rimedio.domain.errors import InvalidInput
from rimedio.observability.catalogue import (
    HTTP_REQUESTS,
    METRICS,
    OTHER,
    QUEUE_DEPTH,
    RETRIEVAL_SECONDS,
    SERIES_MAX,
    STEP,
    TOKENS,
    Kind,
)
from rimedio.observability.metrics import Meter, NoMetrics, Reading, Several


def only(meter: Meter) -> Reading:
    (found,) = meter.read()
    return found


def test_a_counter_grows_and_a_gauge_is_what_it_is_now() -> None:
    meter = Meter()
    meter.count(TOKENS, 5, "m", "input")
    meter.count(TOKENS, 2, "m", "input")
    assert only(meter).total == 7
    meter = Meter()
    meter.set(QUEUE_DEPTH, 5)
    meter.set(QUEUE_DEPTH, 3)
    assert only(meter).total == 3


def test_a_histogram_counts_values_up_to_each_bound_inclusive() -> None:
    meter = Meter()
    for seconds in (0.001, 0.2, 0.2000001, 99):
        meter.observe_request("GET /v1/me", 200, seconds)
    found = only(meter)
    assert (found.count, found.up_to(0.001), found.up_to(0.2), found.up_to(30.0)) == (4, 1, 2, 3)
    assert found.buckets[-1] == 1
    with pytest.raises(InvalidInput, match="no bucket"):
        found.up_to(0.21)


def test_threads_lose_nothing() -> None:
    meter = Meter()
    threads = [
        threading.Thread(target=lambda: [meter.observe_request("GET /v1/me", 200, 0.01) for _ in range(2000)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert only(meter).count == 16_000


def test_label_values_beyond_the_limit_are_counted_together() -> None:
    meter = Meter()
    for n in range(SERIES_MAX + 50):
        meter.observe_request(f"GET /{n}", 200, 0.01)
    readings = {r.labels: r for r in meter.read()}
    assert len(readings) == SERIES_MAX + 1
    assert readings[(OTHER, OTHER)].count == 50


def test_labels_that_do_not_fit_the_metric_are_refused() -> None:
    with pytest.raises(InvalidInput, match="labels"):
        Meter().count(TOKENS, 1, "only one")


def test_a_gauge_that_cannot_be_read_hides_no_other() -> None:
    meter = Meter()
    meter.sample(QUEUE_DEPTH, lambda: {(): 1 / 0})
    meter.observe(RETRIEVAL_SECONDS, 0.1)
    assert only(meter).metric is RETRIEVAL_SECONDS


def test_measurements_can_go_to_several_places() -> None:
    first, second = Meter(), Meter()
    both = Several(first, second, NoMetrics())
    both.count(TOKENS, 1, "m", "input")
    both.observe(RETRIEVAL_SECONDS, 1)
    both.set(QUEUE_DEPTH, 1)
    assert first.read() == second.read()
    assert len(first.read()) == 3


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_the_catalogue_is_in_order(metric) -> None:
    assert metric.name.isidentifier()
    assert metric.meaning[0].isupper()
    assert (metric.kind is Kind.HISTOGRAM) == bool(metric.buckets)
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert not {"ticket", "ticket_id", "customer", "tenant", "request_id"} & set(metric.labels)


def test_names_are_taken_once() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_measuring_a_request_costs_microseconds() -> None:
    meter = Meter()
    cost = times_a_plain_count(lambda: meter.observe_request("GET /v1/tickets", 200, 0.01))
    assert cost < 12  # twice as much on a quiet machine
    assert only(meter).metric is HTTP_REQUESTS


def test_a_step_has_its_outcome() -> None:
    meter = Meter()
    meter.observe(STEP, 0.2, "generate", "failed")
    assert only(meter).labels == ("generate", "failed")
