"""Versions of the classifier on disk: which one answers, which one challenges it, which ones were retired.

    classifiers/
      registry.json        what is registered and its status; replaced as a whole, so readers see old or new
      v0001/ v0002/ …      one folder a version, never changed after it was registered

Promotion and rollback are one replacement of `registry.json`: a crash leaves the old champion or the new one.
"""

import hashlib
import json
import os
import shutil
import threading
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from rimedio.classification.predict import CARD_FILE, MODEL_FILE, FastTextClassifier, read_card
from rimedio.domain.clock import Clock
from rimedio.domain.errors import Conflict, ModelUnavailable, NotFound

REGISTRY_FILE = "registry.json"
_CHANGES = threading.RLock()  # read, change, write: a retraining ends while somebody promotes


class ModelStatus(StrEnum):
    """What a version is used for."""

    CHAMPION = "CHAMPION"  # answers
    CHALLENGER = "CHALLENGER"  # is compared with the champion in the shadow
    ARCHIVED = "ARCHIVED"  # answered once, or never will


class _Metrics(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    accuracy: float
    macro_f1: float
    ece: float
    rows: int


class ModelVersion(BaseModel):
    """A registered model. `sha256` is that of its weights; the metrics are those of training time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    status: ModelStatus
    sha256: str
    metrics: _Metrics
    registered_at: AwareDatetime
    promoted_at: AwareDatetime | None = None


class _RegistryFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    versions: tuple[ModelVersion, ...] = ()
    past_champions: tuple[str, ...] = ()  # oldest first; the way back


@dataclass(frozen=True)
class ModelRegistry:
    """The classifier's versions in one folder."""

    folder: Path
    clock: Clock

    def register(self, model: Path) -> ModelVersion:
        """Copy a trained model folder in as a challenger; the first one becomes champion at once.

        Raises ModelUnavailable when `model` is not a complete model folder.
        """
        with _CHANGES:
            card = read_card(model)
            if _sha256(model / MODEL_FILE) != card.model_sha256:
                msg = f"The weights in {model} are not those of its card: changed or damaged. Train it again."
                raise ModelUnavailable(msg)
            state = self._read()
            version = f"v{1 + max((int(v.version[1:]) for v in state.versions), default=0):04d}"
            self._copy(model, version)
            now = self.clock.now()
            first = not any(v.status is ModelStatus.CHAMPION for v in state.versions)
            entry = ModelVersion(
                version=version,
                status=ModelStatus.CHAMPION if first else ModelStatus.CHALLENGER,
                sha256=card.model_sha256,
                metrics=_read_metrics(model / CARD_FILE),
                registered_at=now,
                promoted_at=now if first else None,
            )
            self._write(_RegistryFile(versions=(*state.versions, entry), past_champions=state.past_champions))
            return entry

    def versions(self) -> tuple[ModelVersion, ...]:
        """All versions, oldest first."""
        return self._read().versions

    def champion(self) -> ModelVersion | None:
        """The version that answers, or None when nothing was registered."""
        return next((v for v in self._read().versions if v.status is ModelStatus.CHAMPION), None)

    def challenger(self) -> ModelVersion | None:
        """The newest version that waits for promotion, or None."""
        found = [v for v in self._read().versions if v.status is ModelStatus.CHALLENGER]
        return found[-1] if found else None

    def find(self, version: str) -> ModelVersion:
        """A version. Raises NotFound."""
        return self._known(self._read(), version)

    def stamp(self) -> tuple[int, int]:
        """Changes when the registry does; costs a look at the file."""
        try:
            status = (self.folder / REGISTRY_FILE).stat()
        except OSError:
            return (0, 0)
        return status.st_mtime_ns, status.st_ino

    def promote(self, version: str) -> ModelVersion:
        """Make `version` the champion; the champion so far is archived. Raises NotFound or Conflict."""
        with _CHANGES:
            state = self._read()
            self._known(state, version)
            old = self.champion()
            if old is not None and old.version == version:
                msg = f"Classifier {version} is the champion already; there is nothing to promote."
                raise Conflict(msg)
            past = (*state.past_champions, old.version) if old else state.past_champions
            return self._crown(state, version, past)

    def roll_back(self) -> ModelVersion:
        """Return to the champion before this one. Raises Conflict when there was none."""
        with _CHANGES:
            state = self._read()
            if not state.past_champions:
                msg = "There is no earlier champion to return to: only one classifier has ever answered."
                raise Conflict(msg)
            return self._crown(state, state.past_champions[-1], state.past_champions[:-1])

    def archive(self, version: str) -> ModelVersion:
        """Retire a challenger. Raises NotFound, or Conflict for the champion."""
        with _CHANGES:
            state = self._read()
            entry = self._known(state, version)
            if entry.status is ModelStatus.CHAMPION:
                msg = f"Classifier {version} is the champion and cannot be archived. Promote another version first."
                raise Conflict(msg)
            archived = entry.model_copy(update={"status": ModelStatus.ARCHIVED})
            self._write(_replaced(state, (archived,), state.past_champions))
            return archived

    def path(self, version: str) -> Path:
        """Folder of a version's files. Raises NotFound."""
        self._known(self._read(), version)
        return self.folder / version

    def classifier(self) -> FastTextClassifier:
        """The champion, ready to be asked. Raises ModelUnavailable when there is none."""
        found = self.champion()
        if found is None:
            msg = (
                f"No classifier is registered in {self.folder}. "
                "Train one with `rimedio classify train FILE`, or run `make setup` for the demo's."
            )
            raise ModelUnavailable(msg)
        return FastTextClassifier(self.folder / found.version)

    def _crown(self, state: _RegistryFile, version: str, past: tuple[str, ...]) -> ModelVersion:
        now: datetime = self.clock.now()
        crowned = self._known(state, version).model_copy(
            update={"status": ModelStatus.CHAMPION, "promoted_at": now}
        )
        retired = tuple(
            v.model_copy(update={"status": ModelStatus.ARCHIVED})
            for v in state.versions
            if v.status is ModelStatus.CHAMPION and v.version != version
        )
        self._write(_replaced(state, (crowned, *retired), past))
        return crowned

    def _known(self, state: _RegistryFile, version: str) -> ModelVersion:
        for entry in state.versions:
            if entry.version == version:
                return entry
        known = ", ".join(v.version for v in state.versions) or "none"
        msg = f"There is no classifier {version}. Registered: {known}."
        raise NotFound(msg)

    def _copy(self, model: Path, version: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch, target = self.folder / f".{version}.new", self.folder / version
        for leftover in (scratch, target):  # of a crash before the registry named them
            shutil.rmtree(leftover, ignore_errors=True)
        shutil.copytree(model, scratch)
        card = json.loads((scratch / CARD_FILE).read_text("utf-8"))
        card["version"] = version
        (scratch / CARD_FILE).write_text(json.dumps(card, indent=1, ensure_ascii=False), "utf-8")
        scratch.rename(target)

    def _read(self) -> _RegistryFile:
        path = self.folder / REGISTRY_FILE
        if not path.exists():
            return _RegistryFile()
        try:
            return _RegistryFile.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            msg = (
                f"{path} is damaged ({type(error).__name__}). Restore it from a backup, or delete the folder."
            )
            raise ModelUnavailable(msg) from error

    def _write(self, state: _RegistryFile) -> None:
        path = self.folder / REGISTRY_FILE
        scratch = path.with_suffix(".new")
        with scratch.open("w", encoding="utf-8") as file:
            file.write(state.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)


def _replaced(
    state: _RegistryFile, changed: tuple[ModelVersion, ...], past: tuple[str, ...]
) -> _RegistryFile:
    by_version = {entry.version: entry for entry in changed}
    versions = tuple(by_version.get(v.version, v) for v in state.versions)
    return _RegistryFile(versions=versions, past_champions=past)


def _read_metrics(card: Path) -> _Metrics:
    try:
        return _Metrics.model_validate(json.loads(card.read_text("utf-8"))["scores"])
    except (KeyError, ValidationError) as error:
        msg = f"The model card {card} has no scores ({type(error).__name__}). Train the model again."
        raise ModelUnavailable(msg) from error


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
