"""Used, edited or ignored: what operators did with remedies, by category, product, writer and week.

The desk measures it and keeps it as feedback, once a solution; an operator who says it himself is right. A
remedy that was shown and that nobody has judged is UNKNOWN.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rimedio.domain.answer import Solution
from rimedio.domain.clock import Clock
from rimedio.domain.errors import NotFound
from rimedio.domain.feedback import Feedback, Use
from rimedio.domain.ticket import Ticket
from rimedio.learning.state import LearningState
from rimedio.storage.tickets import TicketStore

USE = "use"
WINDOW = timedelta(days=90)
TICKETS_MAX = 5000
PAGE = 200
NONE = "-"


@dataclass(frozen=True, slots=True)
class UseCounts:
    """How many remedies had which fate."""

    used: int = 0
    edited: int = 0
    ignored: int = 0
    unknown: int = 0

    def plus(self, use: Use | None) -> "UseCounts":
        """One more."""
        return UseCounts(
            self.used + (use is Use.USED),
            self.edited + (use is Use.EDITED),
            self.ignored + (use is Use.IGNORED),
            self.unknown + (use is None),
        )


@dataclass(frozen=True, slots=True)
class UseReport:
    """The counts of the last 90 days. Keys: category, product model, model that wrote, ISO week."""

    at: datetime
    total: UseCounts = UseCounts()
    by_category: Mapping[str, UseCounts] = field(default_factory=dict)
    by_model: Mapping[str, UseCounts] = field(default_factory=dict)
    by_writer: Mapping[str, UseCounts] = field(default_factory=dict)
    by_week: Mapping[str, UseCounts] = field(default_factory=dict)


@dataclass
class _Tally:
    total: UseCounts = UseCounts()
    by: dict[str, dict[str, UseCounts]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(UseCounts))
    )

    def add(self, use: Use | None, **keys: str) -> None:
        self.total = self.total.plus(use)
        for name, key in keys.items():
            self.by[name][key] = self.by[name][key].plus(use)

    def table(self, name: str) -> dict[str, UseCounts]:
        return dict(sorted(self.by[name].items()))


@dataclass(frozen=True)
class UseMeter:
    """Counts over the tickets of a tenant, and keeps the last count, for counting reads them all."""

    tickets: TicketStore
    state: LearningState
    clock: Clock

    def report(self, tenant_id: str) -> UseReport:
        """The last count; a first one where there is none. Raises StorageFailed."""
        return self.state.read(tenant_id, USE, UseReport) or self.count(tenant_id)

    def refresh(self, tenant_id: str) -> UseReport:
        """Count again and keep it."""
        found = self.count(tenant_id)
        self.state.write(tenant_id, USE, found)
        return found

    def count(self, tenant_id: str) -> UseReport:
        """Count the tickets of the last 90 days, 5,000 at most."""
        now = self.clock.now()
        tally, cursor, left = _Tally(), None, TICKETS_MAX
        while left > 0:
            page = self.tickets.list_all(tenant_id, since=now - WINDOW, limit=min(PAGE, left), cursor=cursor)
            for ticket in page.tickets:
                self._add(tally, ticket)
            left -= len(page.tickets)
            cursor = page.cursor
            if cursor is None:
                break
        tables = {name: tally.table(name) for name in ("by_category", "by_model", "by_writer", "by_week")}
        return UseReport(at=now, total=tally.total, **tables)

    def _add(self, tally: _Tally, ticket: Ticket) -> None:
        fates = uses_of(self.tickets.feedback(ticket.tenant_id, ticket.ticket_id))
        if ticket.solution_id is None and not fates:
            return
        if not fates:
            fates = {str(ticket.solution_id): (None, ticket.updated_at)}
        for solution_id, (use, at) in fates.items():
            solution = self._solution(ticket, solution_id)
            if use is None and (solution is None or not solution.steps):
                continue  # there was no remedy to use
            tally.add(
                use,
                by_category=ticket.category or NONE,
                by_model=ticket.asset.model,
                by_writer=solution.routing.model if solution else NONE,
                by_week=week_of(at),
            )

    def _solution(self, ticket: Ticket, solution_id: str) -> Solution | None:
        try:
            return self.tickets.solution(ticket.tenant_id, ticket.ticket_id, solution_id)
        except NotFound:
            return None


def uses_of(feedback: tuple[Feedback, ...]) -> dict[str, tuple[Use | None, datetime]]:
    """Each solution's fate and when it was told; an operator's own word beats the measured one."""
    found: dict[str, Feedback] = {}
    for given in feedback:
        if given.use is None:
            continue
        key = given.solution_id or NONE
        before = found.get(key)
        if before is None or before.measured or not given.measured:
            found[key] = given
    return {key: (given.use, given.created_at) for key, given in found.items()}


def week_of(at: datetime) -> str:
    """ISO week, such as 2026-W07."""
    year, week, _ = at.isocalendar()
    return f"{year}-W{week:02d}"
