"""Objectives are computed from minutes and hours that survive a restart."""

from datetime import timedelta

import pytest

from rimedio.cost.measurements import Measurements
from rimedio.domain.clock import FakeClock
from rimedio.observability.catalogue import RETRIEVAL_SECONDS
from rimedio.observability.metrics import Meter
from rimedio.observability.objectives import Alert, ObjectiveReport, Objectives
from rimedio.storage.table import Table


class Service:
    """A process: its meter is gone when it ends, the table stays."""

    def __init__(self, table: Table, clock: FakeClock) -> None:
        self.table, self.clock = table, clock
        self.restart()

    def restart(self) -> None:
        self.meter = Meter()
        self.measurements = Measurements(self.table, self.meter, Objectives.shipped(), self.clock)

    def requests(
        self, count: int, status: int = 200, seconds: float = 0.01, route: str = "GET /v1/tickets"
    ) -> None:
        for _ in range(count):
            self.meter.observe_request(route, status, seconds)
        self.measurements.run_once()

    def report(self, name: str) -> ObjectiveReport:
        return next(r for r in self.measurements.reports() if r.name == name)


@pytest.fixture
def service(table: Table, clock: FakeClock) -> Service:
    return Service(table, clock)


def test_without_any_event_the_whole_budget_is_left(service: Service) -> None:
    found = service.report("availability")
    assert (found.actual, found.budget_left, found.alert, found.total) == (None, 1.0, Alert.NONE, 0)


def test_our_failures_use_the_budget_up_and_the_callers_mistakes_do_not(service: Service) -> None:
    service.requests(9990)
    service.requests(8, status=404)
    service.requests(2, status=503)
    found = service.report("availability")
    assert (found.good, found.total, found.actual) == (9998, 10_000, 0.9998)
    assert found.budget_left == 0.8


def test_only_reads_count_for_reads_and_streams_do_not(service: Service) -> None:
    service.requests(19)
    service.requests(1, seconds=0.21)
    service.requests(5, seconds=9, route="POST /v1/tickets")
    service.requests(5, seconds=99, route="GET /v1/tickets/{ticket_id}/solution/stream")
    found = service.report("reads")
    assert (found.good, found.total, found.budget_left) == (19, 20, 0.0)


def test_the_threshold_itself_is_good(service: Service) -> None:
    service.meter.observe(RETRIEVAL_SECONDS, 0.8)
    service.meter.observe(RETRIEVAL_SECONDS, 0.8001)
    service.measurements.run_once()
    assert service.report("retrieval").good == 1


def test_a_turn_counts_only_what_is_new_and_a_restart_loses_nothing_that_was_written(
    service: Service,
) -> None:
    service.requests(10)
    assert service.measurements.run_once() == 0
    service.restart()
    service.requests(5)
    assert service.report("availability").total == 15


def test_a_burst_of_failures_pages_and_its_end_leaves_a_ticket_to_look_at(
    service: Service, clock: FakeClock
) -> None:
    service.requests(1000)
    clock.advance(3600 * 7)
    service.requests(90)
    service.requests(10, status=500)
    found = service.report("availability")
    assert found.alert is Alert.PAGE
    assert found.burn_rates["5m"] == found.burn_rates["1h"] == 100
    clock.advance(60 * 35)
    assert service.report("availability").burn_rates["5m"] is None
    assert service.report("availability").alert is Alert.TICKET


def test_a_slow_leak_asks_for_a_look_but_wakes_nobody(service: Service, clock: FakeClock) -> None:
    for _ in range(72):
        service.requests(998)
        service.requests(2, status=500)
        clock.advance(3600)
    clock.advance(-1800)
    assert service.report("availability").alert is Alert.TICKET


def test_what_is_older_than_the_window_counts_no_more(service: Service, clock: FakeClock) -> None:
    service.requests(10, status=500)
    clock.advance(timedelta(days=31).total_seconds())
    assert service.report("availability").total == 0
