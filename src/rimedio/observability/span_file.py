"""Spans in a file of the data folder: JSON lines, two files of bounded size, for a look without any collector."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

FILE_BYTES_MAX = 8 * 1024 * 1024

Attribute = str | int | float | bool


@dataclass(frozen=True, slots=True)
class SpanRecord:
    """A span that has ended. Times are nanoseconds since the epoch."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    start_ns: int
    end_ns: int
    failed: str | None
    attributes: Mapping[str, Attribute]

    @property
    def duration_ms(self) -> float:
        """How long it took."""
        return (self.end_ns - self.start_ns) / 1e6


class SpanFile:
    """Appends spans; when the file is full it becomes the older one, and the one before that goes."""

    def __init__(self, path: Path, bytes_max: int = FILE_BYTES_MAX) -> None:
        self._path = path
        self._bytes_max = bytes_max
        self._lock = threading.Lock()

    def add(self, spans: Sequence[SpanRecord]) -> None:
        """Keep these spans. A disk that is full loses them: traces are never worth failing a ticket."""
        lines = "".join(json.dumps(asdict(span)) + "\n" for span in spans)
        with self._lock, suppress(OSError):
            with self._path.open("a", encoding="utf-8") as file:
                file.write(lines)
                size = file.tell()
            if size > self._bytes_max:
                self._path.replace(self._older)

    def trace(self, trace_id: str) -> tuple[SpanRecord, ...]:
        """The spans of one trace that are still kept, by their start."""
        found = [span for span in self._all() if span.trace_id == trace_id]
        return tuple(sorted(found, key=lambda span: span.start_ns))

    def _all(self) -> Iterator[SpanRecord]:
        for path in (self._older, self._path):
            if not path.exists():
                continue
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    with suppress(ValueError, TypeError):  # the last line of a process that was killed
                        yield SpanRecord(**json.loads(line))

    @property
    def _older(self) -> Path:
        return self._path.with_name(self._path.name + ".1")
