"""What is learnt from people's work, put together: use, training rows, drift, gaps, articles."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cache, cached_property
from math import log
from pathlib import Path
from typing import TYPE_CHECKING

from rimedio.answering.answer import Asked
from rimedio.answering.extractive.writer import ExtractiveWriter
from rimedio.answering.verify import GroundednessVerifier
from rimedio.classification.live import LiveModels
from rimedio.classification.registry import ModelRegistry, ModelVersion
from rimedio.domain.answer import Solution
from rimedio.domain.codec import Json
from rimedio.domain.errors import ModelUnavailable, NotFound
from rimedio.domain.knowledge import DocType
from rimedio.domain.ticket import Ticket
from rimedio.events.detail_types import DetailType
from rimedio.knowledge.preparation import Given, document_id
from rimedio.knowledge.search import SearchResult
from rimedio.learning.article_writer import ArticleWriter
from rimedio.learning.articles import URI, Article, Articles, ArticleStore
from rimedio.learning.closing import CloseGaps
from rimedio.learning.collect import Collector
from rimedio.learning.follow import FollowChanges
from rimedio.learning.gaps import Gap, GapStore, GroupQuestions
from rimedio.learning.joining import JoinGaps
from rimedio.learning.likeness import Likeness
from rimedio.learning.material import SolvedTicket
from rimedio.learning.monitor import DriftAlarm, DriftMonitor
from rimedio.learning.observations import ObservationStore
from rimedio.learning.overview import LearningOverview
from rimedio.learning.questions import NoteQuestions, QuestionStore
from rimedio.learning.retraining import Retraining
from rimedio.learning.rows import RowStore
from rimedio.learning.shadow import Shadow, TenantClassifier
from rimedio.learning.state import LearningState
from rimedio.learning.use import UseMeter
from rimedio.storage.reviews import ReviewStore
from rimedio.tickets.adapters import ChampionClassifier
from rimedio.tickets.parts import TicketClassifier

if TYPE_CHECKING:
    from rimedio.bootstrap.system import Rimedio

TENANTS = "tenants"
MESSAGES_MAX = 100
FOLLOW_IDLE_SECONDS = 1.0
RETRAIN_IDLE_SECONDS = 3.0
GAPS_IDLE_SECONDS = 10.0
DRIFT_IDLE_SECONDS = 300.0
DRIFT_EVERY = timedelta(hours=1)


class Learning:
    """What turns feedback into better answers."""

    def __init__(self, system: "Rimedio") -> None:
        self._system = system
        self._models: dict[Path, LiveModels] = {}

    # -- classifiers: the installation's own tenant uses the shared line, every other one may start its own

    def registry_of(self, tenant_id: str) -> ModelRegistry:
        """The registry that answers for a tenant: its own once it has one, else the shared one."""
        own = self._own_registry(tenant_id)
        return own if own.champion() is not None else self._system.registry

    def registry_to_change(self, tenant_id: str) -> ModelRegistry:
        """The registry that a tenant's corrections go to; its own line begins with the shared champion."""
        own, shared = self._own_registry(tenant_id), self._system.registry
        start = shared.champion()
        if own.champion() is None and start is not None:
            own.register(shared.path(start.version))
        return own

    def _own_registry(self, tenant_id: str) -> ModelRegistry:
        shared = self._system.registry
        if tenant_id == self._system.tenant:
            return shared
        name = hashlib.sha256(tenant_id.encode()).hexdigest()[:24]  # a tenant's name is no folder's name
        return shared.inner(f"{TENANTS}/{name}")

    def models_of(self, tenant_id: str) -> LiveModels:
        """Champion and challenger that answer for a tenant, kept in memory."""
        registry = self.registry_of(tenant_id)
        return self._models.setdefault(registry.folder, LiveModels(registry))

    def classifier_of(self, tenant_id: str) -> TicketClassifier:
        """The tenant's champion as the workflow asks it; the shared one may be hosted elsewhere."""
        hosted = self._system.hosted_classifier
        if hosted is not None and self.registry_of(tenant_id) is self._system.registry:
            return ChampionClassifier(lambda: hosted)
        return TenantClassifier(self.models_of(tenant_id))

    # -- what was said and what was right

    @cached_property
    def observations(self) -> ObservationStore:
        """What the classifiers said of live tickets."""
        return ObservationStore(self._system.table)

    @cached_property
    def shadow(self) -> Shadow:
        """The challenger beside the champion."""
        return Shadow(self.models_of, self.observations, self._system.clock)

    @cached_property
    def rows(self) -> RowStore:
        """Training rows out of corrections."""
        return RowStore(self._system.table)

    @cached_property
    def state(self) -> LearningState:
        """How far each part is."""
        return LearningState(self._system.table)

    @cached_property
    def reviews(self) -> ReviewStore:
        """What reviewers said."""
        return ReviewStore(self._system.table)

    @cached_property
    def collector(self) -> Collector:
        """Reviews and feedback to rows."""
        system = self._system
        return Collector(
            tickets=system.tickets,
            reviews=self.reviews,
            observations=self.observations,
            rows=self.rows,
            redact=self.redact,
            categories=tuple(system.taxonomy.categories),
        )

    @cached_property
    def retraining(self) -> Retraining:
        """Corrections to a challenger, a challenger to the champion."""
        return Retraining(
            registry_of=self.registry_of,
            registry_to_change=self.registry_to_change,
            rows=self.rows,
            collector=self.collector,
            shadow=self.shadow,
            state=self.state,
            clock=self._system.clock,
            on_promoted=self._promoted,
        )

    @cached_property
    def use(self) -> UseMeter:
        """Used, edited, ignored."""
        return UseMeter(self._system.tickets, self.state, self._system.clock)

    @cached_property
    def monitor(self) -> DriftMonitor:
        """Inputs and confidence, watched."""
        return DriftMonitor(self.models_of, self.observations, self.state, self._system.clock, self._drifted)

    @cached_property
    def overview(self) -> LearningOverview:
        """Use case: what was learnt, in one picture."""
        return LearningOverview(self.retraining, self.use, self.monitor)

    def _promoted(self, tenant_id: str, version: ModelVersion) -> None:
        detail: dict[str, Json] = {"version": version.version, "accuracy": version.metrics.accuracy}
        self._system.eventing.publisher.publish(tenant_id, DetailType.MODEL_PROMOTED, detail)

    def _drifted(self, alarm: DriftAlarm) -> None:
        detail: dict[str, Json] = {
            "watched": alarm.watched.value,
            "model_version": alarm.model_version,
            "rows": alarm.point.rows,
            "values": dict(alarm.point.values),
        }
        key = f"{alarm.watched} {alarm.point.at.isoformat()}"
        self._system.eventing.publisher.publish(alarm.tenant_id, DetailType.DRIFT_DETECTED, detail, key=key)

    # -- knowledge gaps

    @cached_property
    def unanswered(self) -> QuestionStore:
        """Questions without an answer."""
        return QuestionStore(self._system.table)

    @cached_property
    def questions(self) -> NoteQuestions:
        """Which questions show a gap."""
        system = self._system
        return NoteQuestions(self.unanswered, self.redact, system.clock, system.taxonomy)

    @cached_property
    def gaps(self) -> GapStore:
        """Gaps as they were found."""
        return GapStore(self._system.table)

    @cached_property
    def grouping(self) -> GroupQuestions:
        """Questions that ask the same thing."""
        return GroupQuestions(self.unanswered, self.gaps, self.likeness_of)

    @cached_property
    def joining(self) -> JoinGaps:
        """Gaps that turn out to ask the same."""
        return JoinGaps(self.gaps, self.likeness_of, self.state, self._system.clock)

    def likeness_of(self, tenant_id: str) -> Likeness:
        """Compares a tenant's questions; words weigh as much as they are rare in its manuals."""
        index = self._system.index
        try:
            embedder = self._system.embedder
        except ModelUnavailable:
            embedder = None
        chunks = index.chunk_count(tenant_id) + 1

        @cache
        def rarity(forms: frozenset[str]) -> float:
            counts = index.term_frequencies(tenant_id, sorted(forms)).values()
            return log(chunks / (max(counts, default=0) + 1)) + 0.1

        return Likeness(embedder, rarity)

    @cached_property
    def closing(self) -> CloseGaps:
        """Gaps that a later document answers."""
        system = self._system
        return CloseGaps(
            self.gaps, system.documents, self._ask_again, self._documents_behind, self.state, system.clock
        )

    def note_answer(self, asked: Asked, solution: Solution) -> None:
        """Keep a question that was asked without a ticket, if nothing answers it."""
        self.questions.answered(asked, solution)

    def note_search(self, tenant_id: str, text: str, found: SearchResult, model: str | None) -> None:
        """Keep a search that found nothing of use."""
        self.questions.searched(tenant_id, text, found, model)

    def _ask_again(self, gap: Gap) -> Solution:
        writer = ExtractiveWriter()
        answerer = self._system.answerer_with(writer, None, writer)
        codes = (gap.code,) if gap.code else ()
        return answerer.answer(Asked(gap.tenant_id, gap.question, codes, gap.models[:1], gap.language))

    def _documents_behind(self, tenant_id: str, chunk_ids: tuple[str, ...]) -> tuple[str, ...]:
        chunks = self._system.index.chunks(tenant_id, chunk_ids)
        return tuple(dict.fromkeys(chunk.document_id for chunk in chunks.values()))

    # -- articles

    @cached_property
    def articles(self) -> Articles:
        """Use cases: draft an article, change, approve, reject it."""
        system = self._system
        model = system.writers[0] if system.chat_models else None
        return Articles(
            store=ArticleStore(system.table),
            find=system.tickets.get,
            write=ArticleWriter(self._solved, self.redact, GroundednessVerifier(), model),
            publish=self._publish,
            withdraw=self._withdraw,
            clock=system.clock,
            ids=system.ids,
        )

    def _solved(self, ticket: Ticket) -> SolvedTicket:
        system = self._system
        page = system.conversations.messages(ticket.tenant_id, ticket.ticket_id, limit=MESSAGES_MAX)
        return SolvedTicket(ticket, system.solution_of(ticket), page.messages)

    def _publish(self, article: Article) -> str:
        document = self._system.ingestor.ingest_bytes(
            article.document.encode(),
            f"{article.article_id}.md",
            article.tenant_id,
            source_uri=f"{URI}{article.article_id}",
            given=Given(title=article.title, doc_type=DocType.FAQ),
        )
        return document.document_id

    def _withdraw(self, article: Article) -> None:
        uri = f"{URI}{article.article_id}"
        with suppress(NotFound):
            self._system.ingestor.remove(article.tenant_id, document_id(article.tenant_id, uri))

    # -- in the background

    @cached_property
    def following(self) -> FollowChanges:
        """Listens to the table's changes."""
        system = self._system
        return FollowChanges(system.changes, self.collector, self.questions, self.use, system.clock)

    def _tenants(self) -> tuple[str, ...]:
        """Everybody who ever wrote, and the installation's own tenant, whom commands write for."""
        return tuple(dict.fromkeys((self._system.tenant, *self._system.tenants.all())))

    def catch_up(self) -> None:
        """Work off every change that nobody has followed yet: for a command, when no service runs."""
        while self.following.run_once():
            pass

    def work_on_gaps(self) -> int:
        """Group what waits, close what later documents answer, join once a day what has become alike."""
        return sum(
            self.grouping.run(tenant) + self.closing.run(tenant) + self.joining.run_when_due(tenant)
            for tenant in self._tenants()
        )

    def watch_drift(self) -> int:
        """One look an hour."""
        return sum(self.monitor.look_when_due(tenant, DRIFT_EVERY) for tenant in self._tenants())

    def retrain_asked(self) -> int:
        """Retrain where somebody asked for it."""
        return self.retraining.run_asked(self._tenants())

    def loops(self) -> Mapping[str, tuple[Callable[[], int], float]]:
        """What the service runs in the background: name, and work with its idle seconds."""
        return {
            "learn from changes": (self.following.run_once, FOLLOW_IDLE_SECONDS),
            "knowledge gaps": (self.work_on_gaps, GAPS_IDLE_SECONDS),
            "watch drift": (self.watch_drift, DRIFT_IDLE_SECONDS),
            "retrain": (self.retrain_asked, RETRAIN_IDLE_SECONDS),
        }

    def redact(self, text: str, names: Sequence[str], keep: Sequence[str]) -> str:
        """A text without personal data, whatever the setting `guardrails` says: it is kept for long."""
        from rimedio.llm.guardrails.pii import redact

        return redact(text, names=names, keep=keep).text
