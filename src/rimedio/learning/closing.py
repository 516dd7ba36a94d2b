"""Gaps that a later document answers are closed: their question is asked again after every change."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rimedio.domain.answer import Outcome, Solution
from rimedio.domain.clock import Clock
from rimedio.domain.errors import Conflict, NotFound
from rimedio.learning.gaps import Gap, GapStatus, GapStore
from rimedio.learning.questions import UNSUPPORTED, grounds_of
from rimedio.learning.state import LearningState
from rimedio.storage.documents import DocumentStatus, DocumentStore

CHECKED = "gaps-checked"
DOCUMENTS_READ = 200

AskAgain = Callable[[Gap], Solution]
DocumentsBehind = Callable[[str, tuple[str, ...]], tuple[str, ...]]  # tenant, chunk ids → document ids


@dataclass(frozen=True, slots=True)
class _Checked:
    """What the documents looked like when the gaps were last checked."""

    newest: str
    at: datetime


@dataclass(frozen=True)
class CloseGaps:
    """Asks the questions of open gaps again, with the extractive writer: it costs nothing."""

    gaps: GapStore
    documents: DocumentStore
    ask_again: AskAgain
    documents_behind: DocumentsBehind
    state: LearningState
    clock: Clock

    def run(self, tenant_id: str) -> int:
        """How many gaps were closed; nothing is asked while no document has changed."""
        newest = self._newest(tenant_id)
        before = self.state.read(tenant_id, CHECKED, _Checked)
        if before is not None and before.newest == newest:
            return 0
        closed = sum(self.check(gap) for gap in tuple(self.gaps.all(tenant_id, GapStatus.OPEN)))
        self.state.write(tenant_id, CHECKED, _Checked(newest, self.clock.now()))
        return closed

    def check(self, gap: Gap) -> bool:
        """Whether the gap is closed now: the answer has support, in a document that came after the gap."""
        solution = self.ask_again(gap)
        if not is_answered(solution):
            return False
        cited = tuple(dict.fromkeys(citation.chunk_id for citation in solution.citations))
        later = tuple(
            document
            for document in self.documents_behind(gap.tenant_id, cited)
            if self._came_after(gap, document)
        )
        if not later:
            return False
        try:
            self.gaps.change_open(gap, status=GapStatus.CLOSED, closed_by=later)
        except (Conflict, NotFound):  # a person was quicker, or another gap took it in
            return False
        return True

    def _came_after(self, gap: Gap, document_id: str) -> bool:
        record = self.documents.find(gap.tenant_id, document_id)
        return record is not None and record.updated_at > gap.first_at

    def _newest(self, tenant_id: str) -> str:
        """Changes when a document is added, replaced or removed."""
        page = self.documents.list_by_status(tenant_id, DocumentStatus.INDEXED, limit=DOCUMENTS_READ)
        if not page.records:
            return "none"
        first = page.records[0]
        return f"{first.document_id} {first.updated_at.isoformat()} {len(page.records)}"


def is_answered(solution: Solution) -> bool:
    """Whether there is a remedy that documents support."""
    supported = not grounds_of(solution.decision.reasons) & {*UNSUPPORTED}
    return (
        supported and bool(solution.steps) and solution.decision.outcome in (Outcome.PUBLISH, Outcome.REVIEW)
    )
