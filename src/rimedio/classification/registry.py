"""Versions of the classifier: which one answers, which one challenges it, which ones were retired.

Promotion and rollback are one replacement of the registry's file on its shelf (a folder, or a bucket): a crash
leaves the old champion or the new one, and of two who change it at once, one sees what the other did.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from rimedio.classification.predict import CARD_FILE, MODEL_FILE, FastTextClassifier, read_card
from rimedio.classification.shelves import REGISTRY_FILE, FolderShelf, Shelf, Stamp
from rimedio.domain.clock import Clock
from rimedio.domain.errors import Conflict, ModelUnavailable, NotFound


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


_Change = Callable[[_RegistryFile], tuple[_RegistryFile, ModelVersion]]


class ModelRegistry:
    """The classifier's versions on one shelf; a path means a folder."""

    def __init__(self, place: Path | Shelf, clock: Clock) -> None:
        self.shelf: Shelf = FolderShelf(place) if isinstance(place, Path) else place
        self.clock = clock

    @property
    def folder(self) -> Path:
        """A folder on this machine for models that are being made; one a shelf."""
        return self.shelf.folder

    def inner(self, name: str) -> "ModelRegistry":
        """A registry of its own beside this one."""
        return ModelRegistry(self.shelf.inner(name), self.clock)

    def register(self, model: Path) -> ModelVersion:
        """Copy a trained model folder in as a challenger; the first one becomes champion at once.

        Raises ModelUnavailable when `model` is not a complete model folder.
        """
        card = read_card(model)
        if _sha256(model / MODEL_FILE) != card.model_sha256:
            msg = f"The weights in {model} are not those of its card: changed or damaged. Train it again."
            raise ModelUnavailable(msg)
        metrics = _read_metrics(model / CARD_FILE)
        with self.shelf.changing():
            version = self._keep(model)

            def enter(state: _RegistryFile) -> tuple[_RegistryFile, ModelVersion]:
                now = self.clock.now()
                first = not any(v.status is ModelStatus.CHAMPION for v in state.versions)
                entry = ModelVersion(
                    version=version,
                    status=ModelStatus.CHAMPION if first else ModelStatus.CHALLENGER,
                    sha256=card.model_sha256,
                    metrics=metrics,
                    registered_at=now,
                    promoted_at=now if first else None,
                )
                versions = (*state.versions, entry)
                return _RegistryFile(versions=versions, past_champions=state.past_champions), entry

            return self._change(enter)

    def versions(self) -> tuple[ModelVersion, ...]:
        """All versions, oldest first."""
        return self._read().versions

    def champion(self) -> ModelVersion | None:
        """The version that answers, or None when nothing was registered."""
        return _champion(self._read())

    def challenger(self) -> ModelVersion | None:
        """The newest version that waits for promotion, or None."""
        found = [v for v in self._read().versions if v.status is ModelStatus.CHALLENGER]
        return found[-1] if found else None

    def find(self, version: str) -> ModelVersion:
        """A version. Raises NotFound."""
        return _known(self._read(), version)

    def stamp(self) -> Stamp:
        """Changes when the registry does; cheap enough for every question."""
        return self.shelf.stamp()

    def promote(self, version: str, *, over: str | None = None) -> ModelVersion:
        """Make `version` the champion; the champion so far is archived. Raises NotFound or Conflict.

        `over` names the champion that it was judged against: only as a challenger of that one is it promoted.
        """

        def crown(state: _RegistryFile) -> tuple[_RegistryFile, ModelVersion]:
            entry = _known(state, version)
            old = _champion(state)
            if old is not None and old.version == version:
                msg = f"Classifier {version} is the champion already; there is nothing to promote."
                raise Conflict(msg)
            answers = old.version if old else "none"
            if over is not None and (answers != over or entry.status is not ModelStatus.CHALLENGER):
                msg = (
                    f"Classifier {version} was judged as the challenger of {over}, which is not so any more."
                )
                raise Conflict(f"{msg} It is {entry.status}, and {answers} answers. Look at them again.")
            past = (*state.past_champions, old.version) if old else state.past_champions
            return _crowned(state, version, past, self.clock.now())

        return self._change(crown)

    def roll_back(self) -> ModelVersion:
        """Return to the champion before this one. Raises Conflict when there was none."""

        def return_to(state: _RegistryFile) -> tuple[_RegistryFile, ModelVersion]:
            if not state.past_champions:
                msg = "There is no earlier champion to return to: only one classifier has ever answered."
                raise Conflict(msg)
            return _crowned(state, state.past_champions[-1], state.past_champions[:-1], self.clock.now())

        return self._change(return_to)

    def archive(self, version: str) -> ModelVersion:
        """Retire a challenger. Raises NotFound, or Conflict for the champion."""

        def retire(state: _RegistryFile) -> tuple[_RegistryFile, ModelVersion]:
            entry = _known(state, version)
            if entry.status is ModelStatus.CHAMPION:
                msg = f"Classifier {version} is the champion and cannot be archived. Promote another version first."
                raise Conflict(msg)
            archived = entry.model_copy(update={"status": ModelStatus.ARCHIVED})
            return _replaced(state, (archived,), state.past_champions), archived

        return self._change(retire)

    def path(self, version: str) -> Path:
        """Folder of a version's files on this machine. Raises NotFound."""
        _known(self._read(), version)
        return self.shelf.path(version)

    def classifier(self) -> FastTextClassifier:
        """The champion, ready to be asked. Raises ModelUnavailable when there is none."""
        found = self.champion()
        if found is None:
            msg = (
                f"No classifier is registered in {self.shelf.name}. "
                "Train one with `rimedio classify train FILE`, or run `make setup` for the demo's."
            )
            raise ModelUnavailable(msg)
        return FastTextClassifier(self.shelf.path(found.version))

    def _keep(self, model: Path) -> str:
        """Put the files on the shelf under a number that nobody else has; the card tells it."""
        taken = (int(v.version[1:]) for v in self._read().versions)
        version = f"v{self.shelf.claim(1 + max(taken, default=0)):04d}"
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".staged-") as scratch:
            staged = Path(scratch) / version
            shutil.copytree(model, staged)
            card = json.loads((staged / CARD_FILE).read_text("utf-8"))
            card["version"] = version
            (staged / CARD_FILE).write_text(json.dumps(card, indent=1, ensure_ascii=False), "utf-8")
            self.shelf.keep(staged, version)
        return version

    def _read(self) -> _RegistryFile:
        return self._parsed(self.shelf.read())

    def _parsed(self, content: bytes | None) -> _RegistryFile:
        if content is None:
            return _RegistryFile()
        try:
            return _RegistryFile.model_validate_json(content)
        except ValidationError as error:
            where = f"{self.shelf.name}/{REGISTRY_FILE}"
            msg = f"{where} is damaged ({type(error).__name__}). Restore it from a backup, or delete it."
            raise ModelUnavailable(msg) from error

    def _change(self, change: _Change) -> ModelVersion:
        changed: list[ModelVersion] = []

        def alter(content: bytes | None) -> bytes:
            state, entry = change(self._parsed(content))
            changed.append(entry)
            return state.model_dump_json(indent=1).encode()

        with self.shelf.changing():
            self.shelf.change(alter)
        return changed[-1]


def _champion(state: _RegistryFile) -> ModelVersion | None:
    return next((v for v in state.versions if v.status is ModelStatus.CHAMPION), None)


def _known(state: _RegistryFile, version: str) -> ModelVersion:
    for entry in state.versions:
        if entry.version == version:
            return entry
    known = ", ".join(v.version for v in state.versions) or "none"
    raise NotFound(f"There is no classifier {version}. Registered: {known}.")


def _crowned(
    state: _RegistryFile, version: str, past: tuple[str, ...], now: datetime
) -> tuple[_RegistryFile, ModelVersion]:
    crowned = _known(state, version).model_copy(update={"status": ModelStatus.CHAMPION, "promoted_at": now})
    retired = tuple(
        v.model_copy(update={"status": ModelStatus.ARCHIVED})
        for v in state.versions
        if v.status is ModelStatus.CHAMPION and v.version != version
    )
    return _replaced(state, (crowned, *retired), past), crowned


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
