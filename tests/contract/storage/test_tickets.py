"""What the ticket store does over every table, with one shard and with several."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rimedio.domain.answer import (
    Citation,
    Claim,
    Decision,
    Outcome,
    Performance,
    Quality,
    Routing,
    Section,
    Solution,
    Step,
    Verdict,
)  # fmt: skip
from rimedio.domain.clock import SeededIds
from rimedio.domain.errors import ConditionFailed, Conflict, InvalidInput, NotFound
from rimedio.domain.feedback import Feedback
from rimedio.domain.knowledge import DocType
from rimedio.domain.ticket import Asset, Customer, Status, Ticket
from rimedio.storage.tickets import TicketStore

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=[1, 4])
def store(request: pytest.FixtureRequest, home) -> TicketStore:
    return TicketStore(home.table, home.clock, SeededIds(), shards=request.param)


def ticket(number: int = 1, **fields) -> Ticket:
    given = {
        "ticket_id": f"tkt_00000000-0000-4000-8000-{number:012d}",
        "tenant_id": "acme",
        "customer": Customer(id="cus_1", name="Rossi"),
        "asset": Asset(product_type="EV_CHARGER", model="XC-200", serial="SN-1"),
        "symptom_text": "It stops after five minutes.",
        "error_code": "E029",
        "created_at": START + timedelta(minutes=number),
        "updated_at": START + timedelta(minutes=number),
    }
    return Ticket(**(given | fields))


def solution(number: int = 1, ticket_id: str | None = None) -> Solution:
    return Solution(
        solution_id=f"sol_{number}",
        ticket_id=ticket_id or ticket().ticket_id,
        language="it",
        steps=(
            Step(1, Section.REMEDY, "Sostituire", "Sostituire il relè.", ("c1",), requires_tools=("T20",)),
        ),
        citations=(Citation("c1", "chk_1", "xc200.md", "XC-200", DocType.MANUAL, "relè", 0.9, 3, ("E029",)),),
        claims=(Claim(1, "Sostituire il relè.", "c1", "relè", Verdict.SUPPORTED, 1.0),),
        safety_flags=(),
        alternative_actions=("Chiamare",),
        quality=Quality(1.0, 1.0, 0.93),
        decision=Decision(Outcome.PUBLISH, 0.93, ("well supported",), features={"support": 1.0}),
        routing=Routing("extractive", "extractive", "v1"),
        performance=Performance(12.5, 100, 50, 0.0),
    )


def feedback(number: int = 1) -> Feedback:
    return Feedback(
        feedback_id=f"fbk_{number}",
        tenant_id="acme",
        ticket_id=ticket().ticket_id,
        operator_id="op",
        created_at=START + timedelta(hours=number),
        rating=5,
        was_helpful=True,
        comments=f"Visit {number}.",  # the same words of the same person are one feedback
    )


def resolved(store: TicketStore, number: int, after_minutes: int, **fields) -> Ticket:
    found = ticket(number, **fields)
    store.create(found)
    for status in (Status.PROCESSING, Status.READY, Status.RESOLVED):
        found = found.moved_to(status, START + timedelta(minutes=after_minutes))
        store.save(found)
    return found


class TestCreating:
    def test_a_created_ticket_is_found_again(self, store: TicketStore) -> None:
        assert store.create(ticket()).replayed is False
        assert store.get("acme", ticket().ticket_id) == ticket()

    def test_another_tenant_cannot_read_it(self, store: TicketStore) -> None:
        store.create(ticket())
        assert store.find("other", ticket().ticket_id) is None
        with pytest.raises(NotFound, match=ticket().ticket_id):
            store.get("other", ticket().ticket_id)

    def test_the_same_key_and_request_give_the_ticket_of_before(self, store: TicketStore) -> None:
        store.create(ticket(1), idempotency_key="k")
        again = store.create(ticket(2), idempotency_key="k")
        assert again.replayed
        assert again.ticket == ticket(1)
        assert store.find("acme", ticket(2).ticket_id) is None

    def test_the_same_key_with_another_request_is_a_conflict(self, store: TicketStore) -> None:
        store.create(ticket(1), idempotency_key="k")
        with pytest.raises(Conflict, match="idempotency key 'k'"):
            store.create(ticket(2, symptom_text="Something else is broken."), idempotency_key="k")

    def test_a_key_belongs_to_its_tenant(self, store: TicketStore) -> None:
        store.create(ticket(1), idempotency_key="k")
        assert not store.create(ticket(2, tenant_id="other"), idempotency_key="k").replayed

    def test_a_key_is_free_again_after_a_day(self, store: TicketStore, home) -> None:
        store.create(ticket(1), idempotency_key="k")
        home.clock.advance(24 * 3600 - 1)
        assert store.create(ticket(2), idempotency_key="k").replayed
        home.clock.advance(1)
        assert not store.create(ticket(2), idempotency_key="k").replayed

    def test_a_taken_ticket_id_is_a_conflict(self, store: TicketStore) -> None:
        store.create(ticket())
        with pytest.raises(Conflict, match="exists already"):
            store.create(ticket())
        with pytest.raises(Conflict, match="exists already"):
            store.create(ticket(), idempotency_key="new")


class TestSaving:
    def test_a_move_is_stored_and_listed_under_its_new_status(self, store: TicketStore) -> None:
        store.create(ticket())
        moved = ticket().moved_to(Status.PROCESSING, START + timedelta(days=1))
        store.save(moved)
        assert store.get("acme", ticket().ticket_id) == moved
        assert store.list_by_status("acme", Status.NEW).tickets == ()
        assert store.list_by_status("acme", Status.PROCESSING).tickets == (moved,)

    def test_a_stale_ticket_is_not_written(self, store: TicketStore) -> None:
        store.create(ticket())
        store.save(ticket().moved_to(Status.PROCESSING, START))
        with pytest.raises(ConditionFailed, match="no longer at version 1"):
            store.save(ticket().moved_to(Status.FAILED, START))
        assert store.get("acme", ticket().ticket_id).status is Status.PROCESSING

    def test_a_ticket_that_was_never_created_is_not_written(self, store: TicketStore) -> None:
        with pytest.raises(ConditionFailed):
            store.save(ticket().moved_to(Status.PROCESSING, START))
        assert store.find("acme", ticket().ticket_id) is None

    def test_a_version_that_did_not_grow_is_refused(self, store: TicketStore) -> None:
        store.create(ticket())
        with pytest.raises(InvalidInput, match="version"):
            store.save(ticket(), expected=1)

    def test_ticket_and_solution_are_written_together_or_not_at_all(self, store: TicketStore) -> None:
        store.create(ticket())
        moved = ticket().moved_to(Status.PROCESSING, START)
        store.save(moved, solution=solution(1))
        with pytest.raises(ConditionFailed):
            store.save(moved, solution=solution(2))
        assert store.solutions("acme", ticket().ticket_id) == (solution(1),)

    def test_changing_repeats_the_change_on_what_another_wrote_meanwhile(self, store: TicketStore) -> None:
        store.create(ticket())
        meddled: list[int] = []

        def alter(found: Ticket) -> Ticket:
            if not meddled:
                meddled.append(1)
                store.save(found.moved_to(Status.PROCESSING, START))
            return found.model_copy(update={"category": "power"})

        changed = store.change("acme", ticket().ticket_id, alter)
        assert (changed.status, changed.category, changed.version) == (Status.PROCESSING, "power", 3)
        assert store.get("acme", ticket().ticket_id) == changed

    def test_a_change_that_changes_nothing_is_not_written(self, store: TicketStore, home) -> None:
        store.create(ticket())
        before = len(home.stream.read("test"))
        assert store.change("acme", ticket().ticket_id, lambda found: found) == ticket()
        assert len(home.stream.read("test")) == before

    def test_a_change_gives_up_after_losing_ten_races(self, store: TicketStore) -> None:
        store.create(ticket())
        tries: list[int] = []

        def alter(found: Ticket) -> Ticket:
            tries.append(1)
            store.save(found.model_copy(update={"version": found.version + 1}))
            return found.model_copy(update={"category": "power"})

        with pytest.raises(ConditionFailed):
            store.change("acme", ticket().ticket_id, alter)
        assert len(tries) == 10


def walk(read) -> list[str]:
    """Ids of all pages."""
    page = read(None)
    seen = [found.ticket_id for found in page.tickets]
    while page.cursor is not None:
        page = read(page.cursor)
        seen += [found.ticket_id for found in page.tickets]
    return seen


class TestListing:
    @pytest.fixture(autouse=True)
    def _tickets(self, store: TicketStore) -> None:
        for number in range(1, 12):
            customer = Customer(id=f"cus_{number % 2}", name="x")
            asset = Asset(product_type="HVAC", model="TP", serial=f"sn-{number % 3}")
            store.create(ticket(number, customer=customer, asset=asset))
        store.create(ticket(50, tenant_id="other"))

    @pytest.mark.parametrize("limit", [1, 2, 3, 5, 11, 12, 1000])
    @pytest.mark.parametrize("newest_first", [True, False])
    def test_pages_together_are_all_tickets_in_order(
        self, store: TicketStore, newest_first: bool, limit: int
    ) -> None:
        wanted = [ticket(n).ticket_id for n in range(1, 12)][:: -1 if newest_first else 1]
        by_time = walk(lambda c: store.list_all("acme", newest_first=newest_first, limit=limit, cursor=c))
        by_status = walk(
            lambda c: store.list_by_status(
                "acme", Status.NEW, newest_first=newest_first, limit=limit, cursor=c
            )
        )
        assert by_time == by_status == wanted

    def test_tickets_of_a_customer_and_of_an_asset_are_found(self, store: TicketStore) -> None:
        mine = walk(lambda c: store.list_by_customer("acme", "cus_1", limit=2, cursor=c))
        assert mine == [ticket(n).ticket_id for n in (11, 9, 7, 5, 3, 1)]
        asset = walk(lambda c: store.asset_history("acme", "SN-2", limit=2, cursor=c))
        assert asset == [ticket(n).ticket_id for n in (11, 8, 5, 2)]

    @pytest.mark.parametrize("limit", [2, 50])
    @pytest.mark.parametrize("newest_first", [True, False])
    def test_a_span_of_time_includes_both_ends(
        self, store: TicketStore, newest_first: bool, limit: int
    ) -> None:
        since, until = START + timedelta(minutes=3), START + timedelta(minutes=9)
        found = walk(
            lambda c: store.list_all(
                "acme", since=since, until=until, newest_first=newest_first, limit=limit, cursor=c
            )
        )
        wanted = [ticket(n).ticket_id for n in range(3, 10)]
        assert found == (wanted[::-1] if newest_first else wanted)
        later = walk(lambda c: store.list_all("acme", since=until, limit=limit, cursor=c))
        assert later == [ticket(n).ticket_id for n in (11, 10, 9)]

    def test_a_cursor_of_another_list_is_refused(self, store: TicketStore) -> None:
        cursor = store.list_all("acme", limit=2).cursor
        for read in (
            lambda: store.list_all("other", limit=2, cursor=cursor),
            lambda: store.list_all("acme", limit=2, cursor=cursor, newest_first=False),
            lambda: store.list_by_status("acme", Status.NEW, cursor=cursor),
            lambda: store.list_by_customer("acme", "cus_1", cursor=cursor),
            lambda: store.list_all("acme", cursor="x"),
        ):
            with pytest.raises(InvalidInput, match="cursor"):
                read()


class TestSolved:
    def test_solved_tickets_are_found_by_model_and_code_latest_first(self, store: TicketStore) -> None:
        first = resolved(store, 1, 30)
        second = resolved(store, 2, 20)
        other_code = resolved(store, 3, 40, error_code="E030")
        no_code = resolved(store, 4, 50, error_code=None)
        resolved(store, 5, 60, tenant_id="other")
        store.create(ticket(6))
        assert store.similar_solved("acme", "xc-200", "e029") == (first, second)
        assert store.similar_solved("acme", "XC-200", None) == (no_code, other_code, first, second)
        assert store.similar_solved("acme", "XC-200", "E029", limit=1) == (first,)
        assert store.similar_solved("acme", "XC-201", "E029") == ()

    def test_a_reopened_ticket_is_no_longer_solved(self, store: TicketStore) -> None:
        found = resolved(store, 1, 30)
        store.save(found.moved_to(Status.PROCESSING, START))
        assert store.similar_solved("acme", "XC-200", "E029") == ()


class TestWhatHangsOnATicket:
    def test_solutions_are_read_in_the_order_they_were_stored(self, store: TicketStore, home) -> None:
        store.create(ticket())
        for number in (2, 1, 3):
            store.add_solution("acme", solution(number))
            home.clock.advance(1)
        found = store.solutions("acme", ticket().ticket_id)
        assert [each.solution_id for each in found] == ["sol_2", "sol_1", "sol_3"]
        assert store.solution("acme", ticket().ticket_id, "sol_3") == solution(3)

    def test_a_solution_for_no_ticket_is_not_found_nor_stored(self, store: TicketStore) -> None:
        with pytest.raises(NotFound):
            store.add_solution("acme", solution())
        with pytest.raises(NotFound):
            store.solution("acme", ticket().ticket_id, "sol_1")
        store.create(ticket())
        with pytest.raises(NotFound):
            store.add_solution("other", solution())
        assert store.solutions("acme", ticket().ticket_id) == ()

    def test_feedback_is_read_by_ticket_and_by_time(self, store: TicketStore) -> None:
        with pytest.raises(NotFound):
            store.add_feedback(feedback())
        store.create(ticket())
        for number in (3, 1, 2):
            store.add_feedback(feedback(number))
        assert store.feedback("acme", ticket().ticket_id) == (feedback(1), feedback(2), feedback(3))
        page = store.list_feedback("acme", limit=2)
        rest = store.list_feedback("acme", limit=2, cursor=page.cursor)
        assert page.feedback + rest.feedback == (feedback(1), feedback(2), feedback(3))
        assert store.list_feedback("other").feedback == ()

    def test_the_same_words_of_the_same_person_are_one_feedback(self, store: TicketStore) -> None:
        store.create(ticket())
        again = feedback(1).model_copy(
            update={"feedback_id": "fbk_9", "created_at": START + timedelta(days=1)}
        )
        assert [store.add_feedback(one) for one in (feedback(1), again, feedback(2))] == [True, False, True]
        assert store.feedback("acme", ticket().ticket_id) == (feedback(1), feedback(2))

    def test_more_feedback_than_a_page_is_read_whole(self, store: TicketStore) -> None:
        store.create(ticket())
        for number in range(120):
            store.add_feedback(feedback(number))
        assert len(store.feedback("acme", ticket().ticket_id)) == 120

    def test_a_link_leads_to_its_ticket_in_its_tenant(self, store: TicketStore) -> None:
        store.link("acme", "execution", "exe#1", ticket().ticket_id)
        assert store.linked("acme", "execution", "exe#1") == ticket().ticket_id
        assert store.linked("acme", "itsm", "exe#1") is None
        assert store.linked("other", "execution", "exe#1") is None


def test_a_solution_with_every_field_survives(store: TicketStore) -> None:
    store.create(ticket())
    full = replace(solution(), decision=replace(solution().decision, question="Which model?", features={}))
    store.add_solution("acme", full)
    assert store.solution("acme", ticket().ticket_id, "sol_1") == full
