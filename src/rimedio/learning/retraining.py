"""Retrain on what people corrected: collect, vet, train aside, register as challenger, compare.

A request is a note in the table; the service's loop takes it up, also after a crash in the middle.
"""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from rimedio.classification.dataset import folded, read_dataset
from rimedio.classification.predict import ROWS_FILE
from rimedio.classification.registry import ModelRegistry, ModelStatus, ModelVersion
from rimedio.domain.clock import Clock
from rimedio.domain.errors import Conflict, InvalidInput, ModelUnavailable, RimedioError
from rimedio.learning.collect import Collector
from rimedio.learning.promotion import PromotionVerdict, ShadowTally, judge
from rimedio.learning.rows import RowStore
from rimedio.learning.shadow import Shadow
from rimedio.learning.state import LearningState
from rimedio.learning.training import Evaluation, Trainer, TrainingJob, in_another_process
from rimedio.learning.vetting import Vetted, labelled, vet

RETRAIN = "retrain"
COLLECTED = "collected"
CHALLENGER = "challenger-"
AGAINST = "against-"

RegistryOf = Callable[[str], ModelRegistry]  # of a tenant


class JobStatus(StrEnum):
    """How far a retraining is."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class RetrainJob:
    """The last retraining that somebody asked for."""

    status: JobStatus
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None = None
    version: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class _Collected:
    """That the tickets of before were looked through once."""

    at: datetime


@dataclass(frozen=True, slots=True)
class _Against:
    """Which champion a challenger was compared with."""

    champion: str


@dataclass(frozen=True)
class Retraining:
    """From corrections to a challenger, and from a challenger to the champion."""

    registry_of: RegistryOf  # the one that answers for a tenant, for reading
    registry_to_change: RegistryOf  # the tenant's own: what it learns is nobody else's business
    rows: RowStore
    collector: Collector
    shadow: Shadow
    state: LearningState
    clock: Clock
    trainer: Trainer = in_another_process
    on_promoted: Callable[[str, ModelVersion], object] = field(default=lambda _tenant, _version: None)

    def ask(self, tenant_id: str, by: str) -> RetrainJob:
        """Queue a retraining for the service's loop. Raises Conflict while one waits or runs."""
        last = self.last(tenant_id)
        if last is not None and last.status in (JobStatus.QUEUED, JobStatus.RUNNING):
            raise Conflict(f"A retraining is {last.status.lower()} since {last.asked_at:%H:%M}. Wait for it.")
        job = RetrainJob(JobStatus.QUEUED, by, self.clock.now())
        self.state.write(tenant_id, RETRAIN, job)
        return job

    def last(self, tenant_id: str) -> RetrainJob | None:
        """The last retraining asked for."""
        return self.state.read(tenant_id, RETRAIN, RetrainJob)

    def run_asked(self, tenants: Iterable[str]) -> int:
        """Do what was asked for, also what a crash interrupted; how many were done. For the one loop."""
        done = 0
        for tenant_id in tenants:
            job = self.last(tenant_id)
            if job is None or job.status not in (JobStatus.QUEUED, JobStatus.RUNNING):
                continue
            self.state.write(tenant_id, RETRAIN, replace(job, status=JobStatus.RUNNING))
            try:
                version = self.retrain(tenant_id).version
                ended = replace(job, status=JobStatus.DONE, version=version)
            except RimedioError as error:
                ended = replace(job, status=JobStatus.FAILED, problem=str(error))
            self.state.write(tenant_id, RETRAIN, replace(ended, ended_at=self.clock.now()))
            done += 1
        return done

    def retrain(self, tenant_id: str) -> ModelVersion:
        """Train a challenger now. Raises InvalidInput when there is nothing to learn, ModelUnavailable."""
        registry = self.registry_to_change(tenant_id)
        champion = registry.champion()
        if champion is None:
            raise ModelUnavailable(
                "There is no classifier to improve. Train one: rimedio classify train FILE."
            )
        self.collect_once(tenant_id)
        accepted = labelled(self.vetted(tenant_id).accepted)
        if not accepted:
            raise InvalidInput(
                "There is no training row yet: nobody has reviewed a ticket. See `rimedio learn rows`."
            )
        with tempfile.TemporaryDirectory(dir=registry.folder, prefix=".new-") as scratch:
            out = Path(scratch) / "model"
            evaluation = self.trainer(TrainingJob(registry.path(champion.version), accepted, out))
            older = [v for v in registry.versions() if v.status is ModelStatus.CHALLENGER]
            registered = registry.register(out)
        self.state.write(tenant_id, AGAINST + registered.version, _Against(champion.version))
        self.state.write(tenant_id, CHALLENGER + registered.version, evaluation)
        for version in older:  # one challenger at a time: the shadow listens to the newest
            with suppress(Conflict):  # promoted while the new one was trained
                registry.archive(version.version)
        return registered

    def collect_once(self, tenant_id: str) -> int:
        """Look through the tickets of before, once; later ones come in as they are judged."""
        if self.state.read(tenant_id, COLLECTED, _Collected) is not None:
            return 0
        found = self.collector.collect_all(tenant_id)
        self.state.write(tenant_id, COLLECTED, _Collected(self.clock.now()))
        return found

    def vetted(self, tenant_id: str) -> Vetted:
        """All rows of a tenant, sorted out."""
        return vet(self.rows.all(tenant_id), self._base(tenant_id))

    def _base(self, tenant_id: str) -> Mapping[str, str]:
        registry = self.registry_of(tenant_id)
        champion = registry.champion()
        return {} if champion is None else _labels_of(registry.path(champion.version) / ROWS_FILE)

    def evaluation(self, tenant_id: str, version: str) -> Evaluation | None:
        """How a challenger compared on held-out rows."""
        return self.state.read(tenant_id, CHALLENGER + version, Evaluation)

    def tally(self, tenant_id: str, version: ModelVersion) -> ShadowTally:
        """How a challenger does in the shadow."""
        return self.shadow.tally(tenant_id, version)

    def verdict(
        self, tenant_id: str, version: ModelVersion, tally: ShadowTally | None = None
    ) -> PromotionVerdict:
        """The stated test, as of now; `tally` where it was counted already."""
        champion = self.registry_of(tenant_id).champion()
        shadow = tally or self.tally(tenant_id, version)
        return judge(self._evaluation_against(tenant_id, version, champion), shadow)

    def _evaluation_against(
        self, tenant_id: str, version: ModelVersion, champion: ModelVersion | None
    ) -> Evaluation | None:
        """How it compared with this champion; None where it was another one that it was compared with."""
        against = self.state.read(tenant_id, AGAINST + version.version, _Against)
        if against is not None and (champion is None or champion.version != against.champion):
            return None
        return self.evaluation(tenant_id, version.version)

    def promote(self, tenant_id: str, version: str | None = None, *, force: bool = False) -> ModelVersion:
        """Let a challenger answer, if it is better. Raises Conflict saying why not, NotFound.

        `force` is a person's decision against the test; going back to an archived version needs it too.
        """
        registry = self.registry_to_change(tenant_id)
        entry = registry.challenger() if version is None else registry.find(version)
        if entry is None:
            raise Conflict("There is no challenger. Train one: rimedio learn retrain.")
        over = None
        if not force and entry.status is not ModelStatus.CHAMPION:
            champion = registry.champion()  # read before it is judged: another one by then, and it is refused
            over = None if champion is None else champion.version
            verdict = self.verdict(tenant_id, entry)
            if not verdict.better:
                why = "; ".join(reason.en for reason in verdict.reasons)
                raise Conflict(
                    f"Classifier {entry.version} stays challenger: {why}. Force it if you know better."
                )
        promoted = registry.promote(entry.version, over=over)
        self.on_promoted(tenant_id, promoted)
        return promoted

    def roll_back(self, tenant_id: str) -> ModelVersion:
        """Return to the champion before. Raises Conflict when there was none."""
        champion = self.registry_to_change(tenant_id).roll_back()
        self.on_promoted(tenant_id, champion)
        return champion


@lru_cache(maxsize=8)
def _labels_of(file: Path) -> Mapping[str, str]:
    """Folded texts of a version's first rows and their labels; a version's files never change."""
    if not file.exists():
        return {}
    return {folded(row.text): row.label for row in read_dataset(file).rows}
