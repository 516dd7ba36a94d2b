"""The models that answer now: read once, and again as soon as the registry names others."""

import threading
from dataclasses import dataclass, field

from rimedio.classification.predict import FastTextClassifier
from rimedio.classification.registry import ModelRegistry


@dataclass(frozen=True, slots=True)
class _Pair:
    stamp: tuple[int, int]
    champion: FastTextClassifier | None
    challenger: FastTextClassifier | None


@dataclass
class LiveModels:
    """Champion and challenger of a registry; a promotion counts from the next question on. Thread-safe."""

    registry: ModelRegistry
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pair: _Pair | None = None

    def champion(self) -> FastTextClassifier:
        """Who answers. Raises ModelUnavailable when there is none."""
        return self._current().champion or self.registry.classifier()

    def challenger(self) -> FastTextClassifier | None:
        """Who is only listened to."""
        return self._current().challenger

    def _current(self) -> _Pair:
        stamp = self.registry.stamp()
        with self._lock:
            if self._pair is None or self._pair.stamp != stamp:
                self._pair = self._read(stamp, self._pair)
            return self._pair

    def _read(self, stamp: tuple[int, int], before: _Pair | None) -> _Pair:
        """Models that stay keep what they have loaded."""
        loaded = [m for m in (before.champion, before.challenger) if m] if before else []
        known = {model.version: model for model in loaded}
        wanted = (self.registry.champion(), self.registry.challenger())
        champion, challenger = (
            None if entry is None else known.get(entry.version) or self._open(entry.version)
            for entry in wanted
        )
        return _Pair(stamp, champion, challenger)

    def _open(self, version: str) -> FastTextClassifier:
        return FastTextClassifier(self.registry.path(version))
