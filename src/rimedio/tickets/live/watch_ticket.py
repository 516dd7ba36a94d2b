"""What is new about one ticket since a position: progress while it is worked on, then its answer."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from rimedio.domain.answer import Solution
from rimedio.domain.errors import NotFound
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.desk.show_ticket import PUBLISHED
from rimedio.tickets.live.events import Body, Complete, LiveChanges, LiveEvent, Start
from rimedio.tickets.live.progress import Mark, ProgressSource
from rimedio.tickets.live.sentences import streamed

AT_WORK = frozenset({Status.NEW, Status.PROCESSING})
ENDED = 10**9  # as a count of what was told: everything
SHOWN_TO_OPERATORS = PUBLISHED | {Status.IN_REVIEW, Status.ESCALATED}


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader is: in which run, behind which mark, and how far in which answer."""

    run: str
    mark: int = -1  # the event id of the last mark; -1 before `start`
    answer: str = ""
    told: int = 0

    def __str__(self) -> str:
        return f"{self.run}.{self.mark}.{self.answer}.{self.told}"

    @classmethod
    def parse(cls, text: str | None, run: str, before: str) -> "Position":
        """The position that a client sends back; the beginning for a strange one, or one of another run.

        Who was told `start` `before` there was a run is not told it again when one begins.
        """
        if text == str(cls(before, 0)):
            return cls(run, 0)
        parts = (text or "").split(".")
        if len(parts) != 4 or parts[0] != run or not (parts[1].isascii() and parts[3].isascii()):
            return cls(run)
        if not parts[1].isdigit() or not parts[3].isdigit() or len(text or "") > 80:
            return cls(run)
        return cls(run, int(parts[1]), parts[2], int(parts[3]))


@dataclass(frozen=True, slots=True)
class WatchTicket:
    """The use case behind the streams of a ticket: a poll that costs two small reads when nothing is new."""

    tickets: TicketStore
    progress: ProgressSource

    def changes_since(
        self,
        tenant_id: str,
        ticket_id: str,
        position: str | None = None,
        *,
        published_only: bool = False,
        answer: bool = True,
    ) -> LiveChanges:
        """Events behind `position`; all of them for None. Raises NotFound.

        `published_only` keeps drafts from technicians and integrations, `answer=False` tells the progress
        alone. `done` comes with `complete`, as soon as the ticket rests or waits for somebody.
        """
        ticket = self.tickets.get(tenant_id, ticket_id)
        before = _short(ticket_id)
        run = _short(ticket.execution_id) if ticket.execution_id else before
        at = Position.parse(position, run, before)
        events: list[LiveEvent] = []
        rests = ticket.status not in AT_WORK
        closing = _short(f"{ticket.status} {ticket.solution_id} {answer} {published_only}")
        if at.answer != closing:  # nothing of this ending was told yet
            for moved, body in _begun(at, ticket, self._marks(ticket)):
                at = moved
                events.append(LiveEvent(str(at), body))
        if rests and (at.answer != closing or at.told < ENDED):
            solution = self._solution(ticket, published_only=published_only) if answer else None
            for place, body in enumerate(_ended(ticket, solution, published_only=published_only), 1):
                if at.answer == closing and place <= at.told:
                    continue
                told = ENDED if isinstance(body, Complete) else place
                at = Position(at.run, max(at.mark, 0), closing, told)
                events.append(LiveEvent(str(at), body))
        return LiveChanges(tuple(events), str(at), done=rests)

    def _marks(self, ticket: Ticket) -> tuple[Mark, ...]:
        return self.progress.marks(ticket.execution_id) if ticket.execution_id else ()

    def _solution(self, ticket: Ticket, *, published_only: bool) -> Solution | None:
        if ticket.solution_id is None:
            return None
        if ticket.status not in (PUBLISHED if published_only else SHOWN_TO_OPERATORS):
            return None
        try:
            return self.tickets.solution(ticket.tenant_id, ticket.ticket_id, ticket.solution_id)
        except NotFound:
            return None


def _begun(at: Position, ticket: Ticket, marks: tuple[Mark, ...]) -> Iterator[tuple[Position, Body]]:
    if at.mark < 0:
        yield Position(at.run, 0), Start(ticket.ticket_id, ticket.status)
    for mark in marks:
        if mark.number > at.mark:
            yield Position(at.run, mark.number), mark.progress


def _ended(ticket: Ticket, solution: Solution | None, *, published_only: bool) -> Iterator[Body]:
    if solution is not None:
        yield from streamed(solution)
    shown = not published_only or ticket.status in PUBLISHED
    yield Complete(
        status=ticket.status,
        solution_id=ticket.solution_id if shown else None,
        outcome=solution.decision.outcome if solution else None,
        confidence=ticket.confidence if shown else None,
    )


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=5).hexdigest()
