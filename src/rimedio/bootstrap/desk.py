"""The service's use cases around a ticket, put together: reviews, uploads, duplicates, live answers, the run."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from rimedio.domain.ticket import Ticket
from rimedio.security.ssrf import PublicUrl, check_public_url
from rimedio.storage.reviews import ReviewStore
from rimedio.storage.uploads import UploadStore
from rimedio.tickets.desk.change_ticket import ChangeParts, EscalateTicket, ReopenTicket, ResolveTicket
from rimedio.tickets.desk.converse import Converse
from rimedio.tickets.desk.edit_solution import EditSolution
from rimedio.tickets.desk.find_duplicate import FindDuplicate
from rimedio.tickets.desk.find_similar import FindSimilar
from rimedio.tickets.desk.give_feedback import GiveFeedback
from rimedio.tickets.desk.investigate import Investigate
from rimedio.tickets.desk.likeness import Symptoms
from rimedio.tickets.desk.list_tickets import ListTickets
from rimedio.tickets.desk.measure_use import MeasureUse
from rimedio.tickets.desk.read_run import ReadRun
from rimedio.tickets.desk.show_ticket import ShowTicket
from rimedio.tickets.desk.wake_answered import WakeAnswered
from rimedio.tickets.draft_safety import no_safety
from rimedio.tickets.live.watch_answer import WatchAnswer
from rimedio.tickets.live.watch_queue import WatchQueue
from rimedio.tickets.live.watch_ticket import WatchTicket
from rimedio.tickets.open_ticket import OpenTicket
from rimedio.tickets.review_ticket import ReviewParts, ReviewTicket
from rimedio.tickets.task_tokens import TaskTokens
from rimedio.tickets.uploads.check_attachments import CheckAttachments
from rimedio.tickets.uploads.fetch_attachment import FetchAttachment
from rimedio.tickets.uploads.open_attachment import OpenAttachment
from rimedio.tickets.uploads.receive_upload import ReceiveUpload, UploadLimits
from rimedio.tickets.workflow_graph import WorkflowGraph, workflow_graph

if TYPE_CHECKING:
    from rimedio.bootstrap.system import Rimedio

SWEEP_IDLE_SECONDS = 1800.0
PICK_UP_IDLE_SECONDS = 60.0
WAKE_IDLE_SECONDS = 300.0


class Desk:
    """What an operator's desk works with."""

    def __init__(self, system: "Rimedio") -> None:
        self._system = system

    @cached_property
    def reviews(self) -> ReviewStore:
        """Reviews of solutions, notes of escalations."""
        return ReviewStore(self._system.table)

    # -- tickets

    @property
    def open_ticket(self) -> OpenTicket:
        """Use case: open a ticket; `.open(…)` says whether it was replayed."""
        return self._system.open_ticket

    @cached_property
    def list_tickets(self) -> ListTickets:
        """Use case: tickets, filtered."""
        return ListTickets(self._system.tickets)

    @cached_property
    def show(self) -> ShowTicket:
        """Use case: a ticket, its solution, its notes."""
        return ShowTicket(self._system.tickets, self.reviews)

    @cached_property
    def symptoms(self) -> Symptoms:
        """What tickets say of their trouble."""
        return Symptoms(self._system.taxonomy)

    @cached_property
    def find_duplicate(self) -> FindDuplicate:
        """Use case: the open ticket that a new one repeats."""
        return FindDuplicate(self._system.tickets, self.symptoms)

    @cached_property
    def similar(self) -> FindSimilar:
        """Use case: solved tickets like this one."""
        return FindSimilar(self._system.tickets, self.symptoms)

    @cached_property
    def messages(self) -> Converse:
        """Use case: write a message (call it), read the conversation (`.list`)."""
        system = self._system
        return Converse(
            system.tickets,
            system.conversations,
            TaskTokens(system.table),
            system.runner,
            system.clock,
            system.ids,
        )

    @cached_property
    def wake_answered(self) -> WakeAnswered:
        """Use case: tickets whose customer has answered while nobody could be woken."""
        system = self._system
        tokens = TaskTokens(system.table)
        return WakeAnswered(system.tickets, system.conversations, tokens, system.runner, self._tenants)

    def _tenants(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self._system.tenant, *self._system.tenants.all())))

    def pick_up(self) -> int:
        """Start tickets whose start was put off. 0, so that the loop rests: what is queued is still there then."""
        for tenant_id in self._tenants():
            self._system.runner.pick_up(tenant_id)
        return 0

    @cached_property
    def feedback(self) -> GiveFeedback:
        """Use case: judge a remedy (call it), read the judgements (`.list`)."""
        return GiveFeedback(self._system.tickets, self._system.clock, self._system.ids)

    # -- live

    @cached_property
    def live(self) -> WatchTicket:
        """Use case: what is new about a ticket since a position."""
        return WatchTicket(self._system.tickets, self._system.runner.progress)

    @cached_property
    def queue(self) -> WatchQueue:
        """Use case: which tickets moved since a position."""
        return WatchQueue(self._system.feed, self._system.clock)

    @cached_property
    def ask_live(self) -> WatchAnswer:
        """Use case: answer a question while one watches."""
        return WatchAnswer(self._system.ask, self._system.answerer, self._system.clock)

    # -- the run

    @cached_property
    def run(self) -> ReadRun:
        """Use case: every step of a ticket's run."""
        system = self._system
        return ReadRun(
            tickets=system.tickets,
            executions=system.runner,
            guard=system.guard,
            taken_out=self.taken_out,
            cost_of=system.answerer.cost_of,
            clock=system.clock,
            spent_on=system.accounts.ledger.of_ticket,
        )

    def taken_out(self, ticket: Ticket) -> Mapping[str, str]:
        """Personal data that was taken out of a ticket's text, by placeholder."""
        from rimedio.llm.guardrails.pii.vault import Vault

        stored = self._system.vaults.get(ticket.tenant_id, ticket.ticket_id)
        return {} if stored is None else Vault.from_json(stored).values()

    @staticmethod
    def workflow() -> WorkflowGraph:
        """Use case: the workflow as nodes and edges."""
        return workflow_graph()

    # -- files

    @cached_property
    def uploads(self) -> ReceiveUpload:
        """Use cases: a file in pieces."""
        system, settings = self._system, self._system.settings
        return ReceiveUpload(
            uploads=UploadStore(system.table),
            objects=system.objects,
            tickets=system.tickets,
            tenants=system.tenants,
            clock=system.clock,
            ids=system.ids,
            limits=UploadLimits(
                settings.upload_bytes_max, settings.upload_part_bytes, settings.uploads_open_max
            ),
        )

    def check_url(self, url: str) -> PublicUrl:
        """The URL, if it leads to the public internet. Raises InvalidInput, Unavailable."""
        return check_public_url(url, allow_loopback=self._system.settings.loopback_urls)

    @cached_property
    def check_attachments(self) -> CheckAttachments:
        """Which files a ticket may name."""
        system = self._system
        return CheckAttachments(system.objects, self.check_url, system.settings.attachments_max)

    @cached_property
    def fetch_attachment(self) -> FetchAttachment:
        """A file that stands somewhere on the internet."""
        return FetchAttachment(self.check_url)

    @cached_property
    def attachment(self) -> OpenAttachment:
        """Use case: a ticket's file."""
        return OpenAttachment(self._system.tickets, self._system.objects)

    def loops(self) -> Mapping[str, tuple[Callable[[], int], float]]:
        """What the service runs in the background: name, and work with its idle seconds."""
        return {
            "sweep uploads": (self.uploads.sweep_once, SWEEP_IDLE_SECONDS),
            "wake answered": (self.wake_answered.run_once, WAKE_IDLE_SECONDS),
            "pick up tickets": (self.pick_up, PICK_UP_IDLE_SECONDS),
        }

    # -- moves

    @cached_property
    def measure(self) -> MeasureUse:
        """What operators did with a remedy."""
        return MeasureUse(self._system.tickets, self.reviews, self._system.clock, self._system.ids)

    @cached_property
    def investigate(self) -> Investigate:
        """Notes for the person who takes over."""
        system = self._system
        return Investigate(system.tickets, self.reviews, system.runner, self.similar, system.clock)

    @cached_property
    def _changes(self) -> ChangeParts:
        system = self._system
        return ChangeParts(
            tickets=system.tickets,
            conversations=system.conversations,
            executions=system.runner,
            measure=self.measure,
            investigate=self.investigate,
            clock=system.clock,
            ids=system.ids,
        )

    @cached_property
    def review(self) -> ReviewTicket:
        """Use case: judge a draft (call it), read the judgements (`.list`)."""
        system = self._system
        dangers = system.guardrails.inspect_answer if system.settings.guardrails else no_safety
        return ReviewTicket(
            ReviewParts(
                tickets=system.tickets,
                reviews=self.reviews,
                tokens=TaskTokens(system.table),
                waker=system.runner,
                edit=EditSolution(system.index.chunks, dangers, system.ids),
                measure=self.measure,
                investigate=self.investigate,
                clock=system.clock,
                ids=system.ids,
                categories=tuple(system.taxonomy.categories),
            )
        )

    @cached_property
    def resolve(self) -> ResolveTicket:
        """Use case: the trouble is over."""
        return ResolveTicket(self._changes)

    @cached_property
    def reopen(self) -> ReopenTicket:
        """Use case: the trouble is back."""
        return ReopenTicket(self._changes)

    @cached_property
    def escalate(self) -> EscalateTicket:
        """Use case: a person takes over."""
        return EscalateTicket(self._changes)
