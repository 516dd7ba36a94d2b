"""What happens to the champion while a challenger is trained or judged."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rimedio.classification.comparison import Comparison
from rimedio.classification.registry import ModelRegistry, ModelStatus, ModelVersion
from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import Conflict
from rimedio.learning.observations import ObservationStore, Origin
from rimedio.learning.promotion import Finding, ShadowTally
from rimedio.learning.retraining import Retraining
from rimedio.learning.rows import RowStore, TrainingRow
from rimedio.learning.shadow import Shadow
from rimedio.learning.state import LearningState
from rimedio.learning.training import Evaluation, TrainingJob
from rimedio.learning.vetting import Vetted
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROW = TrainingRow("row_1", "acme", "tkt_1", "It hums.", "NOISE", "OTHER", Origin.REVIEW, "anna", NOW)
BETTER = Evaluation(Comparison(100, 60, 95, 0, 35, 0.0, 0.2, 0.5), Comparison(0, 0, 0, 0, 0, 1.0, 0.0, 0.0))


def model(folder: Path, content: bytes) -> Path:
    """A model folder as training leaves it, with stand-in weights."""
    folder.mkdir()
    (folder / "model.bin").write_bytes(content)
    card = {
        "version": "local",
        "labels": ["A", "B"],
        "temperature": 1.0,
        "model_sha256": hashlib.sha256(content).hexdigest(),
        "scores": {"accuracy": 0.9, "macro_f1": 0.8, "ece": 0.02, "rows": 100, "labels": []},
    }
    (folder / "model.json").write_text(json.dumps(card), "utf-8")
    return folder


@dataclass(frozen=True)
class Taught(Retraining):
    """Has something to learn, and hears of nothing in the shadow; somebody else acts while it counts."""

    counting: list[Callable[[], object]] = field(default_factory=list)

    def collect_once(self, tenant_id: str) -> int:
        return 0

    def vetted(self, tenant_id: str) -> Vetted:
        return Vetted((ROW,))

    def tally(self, tenant_id: str, version: ModelVersion) -> ShadowTally:
        if self.counting:
            self.counting.pop()()
        return ShadowTally()


class School:
    """A registry of stand-in models, two of them there: v0001 answers, v0002 challenges."""

    def __init__(self, folder: Path) -> None:
        clock = FakeClock()
        table = SqliteTable(Database(None), clock)
        self.registry = ModelRegistry(folder / "classifiers", clock)
        for number in (1, 2):
            self.registry.register(model(folder / f"trained-{number}", bytes([number])))
        self.meanwhile: Callable[[], object] = lambda: None
        self.state = LearningState(table)
        rows, observations = RowStore(table), ObservationStore(table)
        self.retraining = Taught(
            registry_of=lambda _tenant: self.registry,
            registry_to_change=lambda _tenant: self.registry,
            rows=rows,
            collector=None,  # type: ignore[arg-type]
            shadow=Shadow(lambda _tenant: pytest.fail("nothing is classified"), observations, clock),
            state=self.state,
            clock=clock,
            trainer=self.train,
        )

    def train(self, job: TrainingJob) -> Evaluation:
        model(job.out, b"new")
        self.meanwhile()
        return BETTER

    def statuses(self) -> dict[str, ModelStatus]:
        return {v.version: v.status for v in self.registry.versions()}


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path)


class PromotedMeanwhile(ModelRegistry):
    """A registry where somebody promotes v0002 right before the new version is registered."""

    def register(self, model: Path) -> ModelVersion:
        self.promote("v0002")
        return super().register(model)


def test_a_challenger_promoted_while_the_next_one_is_registered_stays_champion(
    school: School, tmp_path: Path
) -> None:
    school.registry = PromotedMeanwhile(tmp_path / "classifiers", FakeClock())
    trained = school.retraining.retrain("acme")
    assert school.statuses()["v0002"] is ModelStatus.CHAMPION
    assert school.retraining.evaluation("acme", trained.version) == BETTER


def test_a_challenger_is_not_promoted_over_a_champion_that_it_was_not_compared_with(school: School) -> None:
    school.meanwhile = lambda: school.registry.promote("v0002")
    trained = school.retraining.retrain("acme")
    verdict = school.retraining.verdict("acme", trained)
    assert [reason.finding for reason in verdict.reasons] == [Finding.NEVER_MEASURED]
    with pytest.raises(Conflict, match="never compared"):
        school.retraining.promote("acme", trained.version)
    assert school.retraining.promote("acme", trained.version, force=True).version == trained.version


def test_a_better_challenger_is_promoted_over_the_champion_it_was_compared_with(school: School) -> None:
    trained = school.retraining.retrain("acme")
    assert school.retraining.promote("acme").version == trained.version


@pytest.mark.parametrize("act", ["promote", "archive"])
def test_a_promotion_that_another_one_overtakes_is_refused(school: School, act: str) -> None:
    trained = school.retraining.retrain("acme")
    overtake = {
        "promote": lambda: school.registry.promote("v0002"),
        "archive": lambda: school.registry.archive(trained.version),
    }
    school.retraining.counting.append(overtake[act])
    champion = "v0002" if act == "promote" else "v0001"
    with pytest.raises(Conflict):
        school.retraining.promote("acme", trained.version)
    assert school.statuses()[champion] is ModelStatus.CHAMPION
