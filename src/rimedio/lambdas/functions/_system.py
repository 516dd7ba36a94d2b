"""The system on AWS, made at a function's first call and kept: later calls reuse its connections.

Nothing is made at import: a snapshot (SnapStart) is restored many times, and copies must not share a socket, a
random state or credentials that end.
"""

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

WARM = ("rimedio.bootstrap.aws", "rimedio.settings")  # what `system` imports at its first call


class _Kept:
    """The one system of this process."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.system: Rimedio | None = None


_KEPT = _Kept()


def system() -> "Rimedio":
    """The system that the environment's settings describe. Raises InvalidSetting."""
    with _KEPT.lock:
        if _KEPT.system is None:
            from rimedio.bootstrap.aws import aws
            from rimedio.settings import load_settings

            _KEPT.system = aws(load_settings())
        return _KEPT.system


def forget() -> None:
    """Drop the system: the next call makes its own connections. For a restored copy of a snapshot."""
    with _KEPT.lock:
        _KEPT.system = None
