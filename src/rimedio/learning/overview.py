"""Everything that was learnt, in one picture: `GET /v1/learning` and `rimedio learn status`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rimedio.classification.drift import Level
from rimedio.classification.registry import ModelVersion
from rimedio.learning.monitor import DriftMonitor, DriftState, Watched
from rimedio.learning.promotion import Reason, ShadowTally
from rimedio.learning.retraining import Retraining, RetrainJob
from rimedio.learning.training import Evaluation
from rimedio.learning.use import UseCounts, UseMeter

COUNTED_FOR = timedelta(seconds=5)  # counting reads thousands of items


@dataclass(frozen=True, slots=True)
class UseView:
    """What operators did with remedies in the last 90 days."""

    used: int
    edited: int
    ignored: int
    unknown: int
    at: datetime
    by_category: Mapping[str, UseCounts] = field(default_factory=dict)
    by_model: Mapping[str, UseCounts] = field(default_factory=dict)
    by_writer: Mapping[str, UseCounts] = field(default_factory=dict)
    by_week: Mapping[str, UseCounts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowsView:
    """Rows that may be trained on, those that came after the newest model, and those that wait for a person."""

    new: int
    total: int
    set_aside: int


@dataclass(frozen=True, slots=True)
class ModelMetrics:
    """Of training time, on rows held out; 0..1."""

    accuracy: float
    macro_f1: float
    ece: float
    rows: int


@dataclass(frozen=True, slots=True)
class ModelView:
    """One version of the classifier."""

    version: str
    status: str
    trained_at: datetime
    promoted_at: datetime | None
    metrics: ModelMetrics


@dataclass(frozen=True, slots=True)
class ChallengerView:
    """The version in the shadow, and how it compares."""

    version: str
    trained_at: datetime
    metrics: ModelMetrics
    shadow: ShadowTally
    better: bool
    p_value: float
    won: int
    lost: int
    reasons: tuple[Reason, ...]
    evaluation: Evaluation | None = None


@dataclass(frozen=True, slots=True)
class DriftView:
    """How far something has moved. `psi` is the worst distance, sampling noise taken off."""

    status: Level
    since: datetime | None
    at: datetime | None
    rows: int
    psi: float
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LearningView:
    """All of it."""

    use: UseView
    rows: RowsView
    champion: ModelView | None
    challenger: ChallengerView | None
    history: tuple[ModelView, ...]
    drift: Mapping[str, DriftView]
    job: RetrainJob | None = None


@dataclass(frozen=True, slots=True)
class _Counted:
    """What takes long to count, when it was counted, and for which state of the registry."""

    at: datetime
    stamp: tuple[int, int]
    rows: RowsView
    challenger: ChallengerView | None


@dataclass(frozen=True)
class LearningOverview:
    """The use case behind `GET /v1/learning`. Rows and shadow are counted again after five seconds."""

    retraining: Retraining
    use: UseMeter
    monitor: DriftMonitor
    _counted: dict[str, _Counted] = field(default_factory=dict)

    def __call__(self, tenant_id: str) -> LearningView:
        """As of now; the counts of use are as old as they say. Raises StorageFailed."""
        registry = self.retraining.registry_of(tenant_id)
        champion, versions = registry.champion(), registry.versions()
        counted = self._count(tenant_id, registry.stamp(), versions)
        return LearningView(
            use=self._use(tenant_id),
            rows=counted.rows,
            champion=None if champion is None else model_view(champion),
            challenger=counted.challenger,
            history=tuple(model_view(version) for version in reversed(versions)),
            drift={w.value: drift_view(self.monitor.read(tenant_id, w)) for w in Watched},
            job=self.retraining.last(tenant_id),
        )

    def _count(self, tenant_id: str, stamp: tuple[int, int], versions: tuple[ModelVersion, ...]) -> _Counted:
        now = self.retraining.clock.now()
        found = self._counted.get(tenant_id)
        if found is None or found.stamp != stamp or now - found.at > COUNTED_FOR:
            rows, challenger = self._rows(tenant_id, versions), self._challenger(tenant_id)
            found = self._counted[tenant_id] = _Counted(now, stamp, rows, challenger)
        return found

    def _use(self, tenant_id: str) -> UseView:
        found = self.use.report(tenant_id)
        total = found.total
        return UseView(
            total.used,
            total.edited,
            total.ignored,
            total.unknown,
            found.at,
            found.by_category,
            found.by_model,
            found.by_writer,
            found.by_week,
        )

    def _rows(self, tenant_id: str, versions: tuple[ModelVersion, ...]) -> RowsView:
        vetted = self.retraining.vetted(tenant_id)
        newest = max((v.registered_at for v in versions), default=None)
        new = sum(newest is None or row.at > newest for row in vetted.accepted)
        return RowsView(new, len(vetted.accepted), len(vetted.set_aside))

    def _challenger(self, tenant_id: str) -> ChallengerView | None:
        entry = self.retraining.registry_of(tenant_id).challenger()
        if entry is None:
            return None
        tally = self.retraining.tally(tenant_id, entry)
        verdict = self.retraining.verdict(tenant_id, entry, tally)
        return ChallengerView(
            version=entry.version,
            trained_at=entry.registered_at,
            metrics=_metrics(entry),
            shadow=tally,
            better=verdict.better,
            p_value=verdict.p_value,
            won=verdict.won,
            lost=verdict.lost,
            reasons=verdict.reasons,
            evaluation=self.retraining.evaluation(tenant_id, entry.version),
        )


def model_view(entry: ModelVersion) -> ModelView:
    """A version for people."""
    return ModelView(
        entry.version, entry.status.value, entry.registered_at, entry.promoted_at, _metrics(entry)
    )


def _metrics(entry: ModelVersion) -> ModelMetrics:
    own = entry.metrics
    return ModelMetrics(own.accuracy, own.macro_f1, own.ece, own.rows)


def drift_view(state: DriftState) -> DriftView:
    """A status with its last look."""
    if not state.points:
        return DriftView(state.status, state.since, None, 0, 0.0)
    last = state.points[-1]
    shares = ("unknown_word_share", "calibration_error", "judged")
    worst = max((value for name, value in last.values.items() if name not in shares), default=0.0)
    return DriftView(state.status, state.since, last.at, last.rows, worst, last.values)
