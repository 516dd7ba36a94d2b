"""Relay and follow, woken by batches of a DynamoDB stream: in order, in parts, twice."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tests.integration.lambdas.aws_events import stream_event

from rimedio.bootstrap import LaptopRimedio
from rimedio.domain.ticket import TicketRequest
from rimedio.events.detail_types import DetailType
from rimedio.lambdas.functions.follow import build_follow
from rimedio.lambdas.functions.relay import build_relay
from rimedio.storage.streams import Change
from rimedio.storage.table import Key

REQUEST = TicketRequest.model_validate(
    {
        "customer": {"id": "c1", "name": "Anna"},
        "asset": {"product_type": "INVERTER", "model": "XC-200", "serial": "SN-1"},
        "symptom_text": "The inverter shows E029 and does not start.",
    }
)


def written(system: LaptopRimedio, tickets: int = 3) -> Sequence[Change]:
    for number in range(tickets):
        system.tickets.create(_ticket(system, number))
    return system.changes.read("a test", 1000)


def _ticket(system: LaptopRimedio, number: int):
    from rimedio.domain.ticket import Ticket

    return Ticket(
        ticket_id=system.ids.new("tkt"),
        tenant_id="acme",
        customer=REQUEST.customer,
        asset=REQUEST.asset,
        symptom_text=f"{REQUEST.symptom_text} {number}",
        created_at=system.clock.now(),
        updated_at=system.clock.now(),
    )


def opened(system: LaptopRimedio) -> list[str]:
    found = system.eventing.archive.events("acme", limit=100).items
    return [e.id for e in found if e.detail_type == DetailType.TICKET_OPENED]


def test_a_batch_of_the_stream_is_told_on_the_bus_and_a_second_delivery_tells_nothing(
    system: LaptopRimedio, make: Callable[..., Any]
) -> None:
    relay = make(build_relay)
    event = stream_event(written(system))
    assert relay(event) == {"batchItemFailures": []}
    assert len(opened(system)) == 3
    assert relay(event) == {"batchItemFailures": []}
    assert len(opened(system)) == 3


def test_a_record_that_cannot_be_read_stops_the_batch_at_its_place_and_all_before_it_is_told(
    system: LaptopRimedio, make: Callable[..., Any]
) -> None:
    event = stream_event(written(system, 5))
    tickets = [n for n, r in enumerate(event["Records"]) if r["dynamodb"]["Keys"]["sk"] == {"S": "META"}]
    poison = tickets[2]
    del event["Records"][poison]["dynamodb"]["Keys"]
    sequence = event["Records"][poison]["dynamodb"]["SequenceNumber"]
    assert make(build_relay)(event) == {"batchItemFailures": [{"itemIdentifier": sequence}]}
    assert len(opened(system)) == 2
    rest = {"Records": event["Records"][poison + 1 :]}  # the record has gone to the dead letters by now
    assert make(build_relay)(rest) == {"batchItemFailures": []}
    assert len(opened(system)) == 4


def test_without_time_the_whole_batch_is_handed_back(system: LaptopRimedio, make: Callable[..., Any]) -> None:
    event = stream_event(written(system))
    first = event["Records"][0]["dynamodb"]["SequenceNumber"]
    answer = make(build_relay)(event, remaining_ms=100)
    assert answer == {"batchItemFailures": [{"itemIdentifier": first}]}
    assert opened(system) == []


def test_what_was_written_is_counted_once_however_often_and_from_however_many_shards_it_comes(
    system: LaptopRimedio, make: Callable[..., Any]
) -> None:
    changes = written(system, 4)
    by_ticket: dict[str, list[Change]] = {}
    for change in changes:
        by_ticket.setdefault(change.key.pk, []).append(change)
    shards = [c for pk in reversed(by_ticket) for c in by_ticket[pk]]  # lower sequences after higher ones
    follow = make(build_follow)
    for _ in range(2):
        assert follow(stream_event(shards)) == {"batchItemFailures": []}
        assert system.accounts.insights.tickets("acme").by_status["NEW"] == 4


def test_the_loop_at_home_and_the_function_count_the_same(
    system: LaptopRimedio, make: Callable[..., Any]
) -> None:
    system.runner.settle(system.open_ticket("acme", REQUEST))
    changes = system.changes.read("a test", 1000)
    while system.accounts.counting.run_once():
        pass
    by_loop = _figures(system)
    for key in by_loop:
        system.table.delete(Key(*key))
    assert make(build_follow)(stream_event(changes)) == {"batchItemFailures": []}
    assert _figures(system) == by_loop


def _figures(system: LaptopRimedio) -> dict[tuple[str, str], object]:
    from rimedio.storage.table import Query

    page = system.table.query(Query("T#acme#INSIGHTS"))
    return {(str(i["pk"]), str(i["sk"])): i for i in page.items}


def test_a_change_of_nothing_that_matters_is_followed_by_nothing(
    system: LaptopRimedio, make: Callable[..., Any]
) -> None:
    change = written(system, 1)[0]
    other = replace(change, new=None, expired=True)
    assert make(build_follow)(stream_event([other])) == {"batchItemFailures": []}
