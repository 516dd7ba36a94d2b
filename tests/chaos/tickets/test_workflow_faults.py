"""Trouble at every task of the workflow and at every call of its runner: no ticket is lost, nothing paid twice.

The tasks stand behind a Lambda that fails on demand, Step Functions behind its wire protocol. One ticket goes
the longest way: an attachment, an unsure category, a question to the customer, a review.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from tests.integration.tickets.workshop import STEP_FUNCTIONS, TENANT, Workshop, at_home, request

from rimedio.answering.case import AnswerCase
from rimedio.answering.context import Context
from rimedio.answering.extractive.writer import ExtractiveWriter
from rimedio.answering.question import Question
from rimedio.asl import TaskFailed
from rimedio.asl.jsontext import JSON
from rimedio.asl.wire.faults import Fault
from rimedio.asl.wire.functions import Invoke
from rimedio.cost.ledger import CostEntry, CostKind, Ledger
from rimedio.domain.answer import Decision, Draft, Outcome
from rimedio.domain.errors import Conflict, RimedioError, Unavailable
from rimedio.domain.ticket import Attachment, AttachmentType, Status, Ticket
from rimedio.tickets.parts import Classified
from rimedio.tickets.workflow import task_names

ENDED = frozenset({Status.READY, Status.ESCALATED, Status.FAILED})
TASKS = sorted(task_names())
ALWAYS = 10**9


def failed(error: str, message: str = "why") -> Callable[[Invoke, str, JSON], tuple[JSON, str]]:
    """The function did nothing, or nobody knows what."""

    def fail(_invoke: Invoke, _function: str, _payload: JSON) -> tuple[JSON, str]:
        raise TaskFailed(error, f'{{"errorType": "{error}", "errorMessage": "{message}"}}')

    return fail


def lost_reply(invoke: Invoke, function: str, payload: JSON) -> tuple[JSON, str]:
    """The function did all its work, and its answer never arrived."""
    invoke(function, payload)
    raise TaskFailed("Lambda.SdkClientException", "The connection was reset.")


def malformed(invoke: Invoke, function: str, payload: JSON) -> tuple[JSON, str]:
    """The payload arrives in another shape than the task knows."""
    return invoke(function, {"nonsense": [payload]})


FAULTS = {
    "throttled": failed("Lambda.TooManyRequestsException"),
    "a table that throttles": failed("Throttled"),
    "5xx": failed("Lambda.ServiceException"),
    "no answer": failed("Lambda.SdkClientException"),
    "lost reply": lost_reply,
    "timed out": failed("Sandbox.Timedout"),
    "killed": failed("Runtime.ExitError"),
    "unhandled": failed("FunctionFailed"),
    "malformed payload": malformed,
}
PASSING = ("throttled", "5xx", "no answer", "lost reply", "killed")  # after these a repetition must succeed


@dataclass
class Trouble:
    """Makes calls of one task fail, the first `times` of them."""

    task: str
    fault: str
    times: int
    calls: dict[str, int] = field(default_factory=dict)

    def __call__(self, invoke: Invoke) -> Invoke:
        def troubled(function: str, payload: JSON) -> tuple[JSON, str]:
            task = function.partition("rimedio-test-")[2].partition(":")[0]
            made = self.calls[task] = self.calls.get(task, 0) + 1
            if task == self.task and made <= self.times:
                return FAULTS[self.fault](invoke, function, payload)
            return invoke(function, payload)

        return troubled


class PayingWriter:
    """Writes as the extractive writer does, and pays for it: one entry a call."""

    def __init__(self) -> None:
        self.shop: Workshop | None = None

    def write(self, question: Question, context: Context) -> Draft:
        shop = self.shop
        assert shop is not None
        (ticket,) = shop.tickets.list_all(TENANT).tickets
        entry = CostEntry(
            shop.ids.new("cost"),
            TENANT,
            "generate",
            CostKind.CHAT,
            "p",
            "m",
            1000,
            shop.clock.now(),
            ticket.ticket_id,
        )
        Ledger(shop.table).add(entry)
        return ExtractiveWriter().write(question, context)


def long_way(trouble: Trouble | None = None, interfere: Any = None) -> tuple[Workshop, Ticket]:
    """The ticket as it stands after the whole way, people doing their part; then the housekeeping."""
    writer = PayingWriter()
    Workshop.troubled = staticmethod(trouble or (lambda call: call))
    Workshop.interfere = interfere
    try:
        with at_home(STEP_FUNCTIONS):
            shop = writer.shop = Workshop(
                [Outcome.ASK, Outcome.REVIEW],
                primary=writer,
                fallback=writer,
                confidence=0.5,
                opinion=Classified("THERMAL", 0.9, (("THERMAL", 0.9),)),
            )
    finally:
        Workshop.troubled, Workshop.interfere = staticmethod(lambda call: call), None
    shop.decider.decide = by_what_was_asked  # type: ignore[method-assign] # whoever decides twice decides alike
    log = Attachment(id="a", type=AttachmentType.LOG, uri="object:none", text="fault E029 raised")
    ticket = shop.open(TENANT, request(attachments=[log]))
    for _ in range(8):
        ticket = settled(shop, ticket)
        pumped(shop)
        ticket = person_acts(shop, shop.tickets.get(TENANT, ticket.ticket_id))
        if ticket.status in ENDED:
            break
    for _ in range(3):
        pumped(shop)
        housekeeping(shop)
    return shop, shop.tickets.get(TENANT, ticket.ticket_id)


def by_what_was_asked(case: AnswerCase) -> Decision:
    """First the customer is asked, then a person looks."""
    if case.asked:
        return Decision(Outcome.REVIEW, 0.9, ("scripted",))
    return Decision(Outcome.ASK, 0.9, ("scripted",), "Which code is on the display?")


def settled(shop: Workshop, ticket: Ticket) -> Ticket:
    """The ticket after some time; with the housekeeping that comes by now and then."""
    try:
        return shop.runner.settle(ticket)
    except Unavailable:
        pumped(shop)
        housekeeping(shop)
        pumped(shop)
        return shop.tickets.get(TENANT, ticket.ticket_id)


def pumped(shop: Workshop) -> None:
    """Let a quarter of an hour pass: every backoff ends in it."""
    for _ in range(180):
        shop.runner.drain()
        shop.clock.advance(5)


def housekeeping(shop: Workshop) -> None:
    for job in (lambda: shop.runner.recover(TENANT), shop.wake_answered.run_once):
        try:
            job()
        except Unavailable:  # logged; the next turn tries again
            continue


def person_acts(shop: Workshop, ticket: Ticket) -> Ticket:
    """The customer answers, the reviewer approves; an error is shown to them, and they try again."""
    for _ in range(2):
        try:
            if ticket.status is Status.NEEDS_INFO:
                shop.reply(TENANT, ticket.ticket_id, "The display shows E029")
            elif ticket.status is Status.IN_REVIEW:
                shop.judge(ticket, "APPROVED")
            break
        except Conflict:
            break
        except RimedioError:
            continue
    return shop.tickets.get(TENANT, ticket.ticket_id)


def check(shop: Workshop, ticket: Ticket, *, paid: int | None) -> None:
    """Whatever happened: the ticket has ended, or a person has it, and its story can be read."""
    assert ticket.status in ENDED, f"{ticket.status}: {ticket.status_reason}"
    if ticket.status is Status.READY:
        assert shop.tickets.solution(TENANT, ticket.ticket_id, str(ticket.solution_id)).steps
    entries = Ledger(shop.table).of_ticket(TENANT, ticket.ticket_id)
    if paid is not None:
        assert len(entries) == paid, f"{len(entries)} payments"
    executions = shop.engine.list_executions(status="RUNNING")
    assert not executions, "an execution still waits"


def test_the_undisturbed_ticket_visits_every_task_but_the_one_of_failures() -> None:
    trouble = Trouble("none", "5xx", 0)
    shop, ticket = long_way(trouble)
    assert set(trouble.calls) == task_names() - {"mark_failed"}
    assert ticket.status is Status.READY
    check(shop, ticket, paid=2)  # before and after the customer's reply


@pytest.mark.parametrize(
    ("task", "fault"),
    [(task, PASSING[n % len(PASSING)]) for n, task in enumerate(TASKS) if task != "mark_failed"],
)
def test_what_passes_leaves_no_trace_in_the_outcome(task: str, fault: str) -> None:
    shop, ticket = long_way(Trouble(task, fault, 1))
    assert ticket.status is Status.READY, ticket.status_reason
    check(shop, ticket, paid=2)


@pytest.mark.parametrize("fault", ["throttled", "malformed payload"])
@pytest.mark.parametrize(
    "task", ["validate", "extract_text", "second_opinion", "generate", "store", "notify"]
)
def test_what_stays_broken_degrades_or_goes_to_a_person(task: str, fault: str) -> None:
    shop, ticket = long_way(Trouble(task, fault, ALWAYS))
    degrades = task in ("extract_text", "second_opinion", "notify")
    if degrades:
        assert ticket.status is Status.READY
    check(shop, ticket, paid=2 if degrades else None)


@pytest.mark.slow
@pytest.mark.parametrize(("task", "fault", "times"), list(product(TASKS, FAULTS, (1, ALWAYS))))
def test_every_fault_at_every_task(task: str, fault: str, times: int) -> None:
    shop, ticket = long_way(Trouble(task, fault, times))
    check(shop, ticket, paid=None)
    if times == 1 and fault in PASSING:
        assert ticket.status is Status.READY
        check(shop, ticket, paid=2)


def test_a_ticket_that_cannot_even_be_marked_failed_is_not_lost() -> None:
    assert long_way(Trouble("validate", "unhandled", ALWAYS))[1].status is Status.FAILED
    store, mark = Trouble("store", "unhandled", ALWAYS), Trouble("mark_failed", "unhandled", ALWAYS)
    Workshop.troubled = staticmethod(lambda call: store(mark(call)))
    with at_home(STEP_FUNCTIONS):
        shop = Workshop([Outcome.PUBLISH])
    Workshop.troubled = staticmethod(lambda call: call)
    ticket = shop.work()
    assert ticket.status is Status.PROCESSING
    assert shop.runner.describe(str(ticket.execution_id)).status == "FAILED"
    housekeeping(shop)
    found = shop.tickets.get(TENANT, ticket.ticket_id)
    assert (found.status, found.status_reason) == (Status.ESCALATED, "run-ended: FAILED")


# -- the runner's own calls


@dataclass
class Outage:
    """Refuses one operation of Step Functions, the first times it is called."""

    operation: str
    kind: str
    times: int = 1
    calls: int = 0

    def __call__(self, operation: str, answer: Callable[[], JSON]) -> JSON:
        if operation != self.operation or self.calls >= self.times:
            return answer()
        self.calls += 1
        if self.kind == "throttled":
            raise Fault("ThrottlingException", "Rate exceeded")
        if self.kind == "5xx":
            raise Fault("InternalFailure", "It broke.", 500)
        if self.kind == "done, then silence":
            answer()
        raise ConnectionResetError


OUTAGES = ("throttled", "5xx", "silence", "done, then silence")
CALLS = ("StartExecution", "SendTaskSuccess", "DescribeExecution", "GetExecutionHistory", "StopExecution")


@pytest.mark.parametrize(("operation", "kind"), list(product(CALLS[:2], OUTAGES)))
def test_an_outage_of_step_functions_delays_a_ticket_and_loses_none(operation: str, kind: str) -> None:
    outage = Outage(operation, kind)
    shop, ticket = long_way(interfere=outage)
    assert outage.calls == 1
    assert ticket.status is Status.READY
    check_paid_and_once(shop, ticket)


def check_paid_and_once(shop: Workshop, ticket: Ticket) -> None:
    assert len(Ledger(shop.table).of_ticket(TENANT, ticket.ticket_id)) == 2
    assert len(shop.engine.list_executions()) == 1


@pytest.mark.parametrize(("operation", "kind"), list(product(CALLS[2:4], OUTAGES)))
def test_reading_an_execution_in_an_outage_is_an_error_for_later(operation: str, kind: str) -> None:
    shop, ticket = long_way(interfere=(outage := Outage(operation, kind, times=0)))
    outage.times, outage.calls = 1, 0
    execution = str(ticket.execution_id)
    call = shop.runner.describe if operation == "DescribeExecution" else shop.runner.history
    with pytest.raises(Unavailable):
        call(execution)
    assert call(execution)


@pytest.mark.parametrize("kind", OUTAGES)
def test_an_execution_that_could_not_be_stopped_never_moves_a_ticket_that_a_person_has(kind: str) -> None:
    outage = Outage("StopExecution", kind)
    Workshop.interfere = outage
    with at_home(STEP_FUNCTIONS):
        shop = Workshop([Outcome.REVIEW])
    Workshop.interfere = None
    waiting = shop.work()
    escalated = shop.escalate(TENANT, waiting.ticket_id, by="anna", reason="urgent")
    assert (escalated.status, outage.calls) == (Status.ESCALATED, 1)
    shop.clock.advance(timedelta(days=15).total_seconds())
    pumped(shop)
    found = shop.tickets.get(TENANT, waiting.ticket_id)
    assert (found.status, found.version) == (Status.ESCALATED, escalated.version)


def test_an_answer_that_is_sent_twice_counts_once() -> None:
    shop, ticket = long_way(interfere=Outage("SendTaskSuccess", "done, then silence", times=1))
    said = [message.text for message in shop.conversations.messages(TENANT, ticket.ticket_id).messages]
    assert ticket.status is Status.READY
    assert len(said) == 2


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    assert Workshop.interfere is None
