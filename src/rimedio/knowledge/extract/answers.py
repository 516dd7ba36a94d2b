"""What a confined process says about a file, and how it travels through a pipe."""

import io
import pickle
from dataclasses import dataclass
from enum import Enum
from typing import Any

REQUEST = ">QQ"  # bytes of the call, bytes of the file
HEADER = ">Q?"  # bytes of the answer, whether the process ends after it
OWN = "rimedio."
PLAIN = frozenset({("datetime", name) for name in ("date", "datetime", "timedelta", "timezone")})


class Outcome(Enum):
    """How a piece of work ended."""

    DONE = "done"
    REFUSED = "refused"  # by an error of Rimedio's own
    FAILED = "failed"  # by another error
    OUT_OF_TIME = "out of time"
    OUT_OF_MEMORY = "out of memory"


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome; the value when done, the error's kind and message otherwise."""

    outcome: Outcome
    value: Any = None
    kind: str = ""
    message: str = ""


class _Careful(pickle.Unpickler):
    """Makes Rimedio's own types and plain ones alone: what wrote it had a stranger's file in its hands."""

    def find_class(self, module: str, name: str) -> Any:
        if not module.startswith(OWN) and (module, name) not in PLAIN:
            raise pickle.UnpicklingError(f"{module}.{name} does not belong into an answer")
        return super().find_class(module, name)


def loads(raw: bytes) -> Answer:
    """The answer, or a failure when it is none."""
    try:
        found = _Careful(io.BytesIO(raw)).load()
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, TypeError, ValueError):
        found = None
    return found if isinstance(found, Answer) else Answer(Outcome.FAILED, kind="UnreadableAnswer")
