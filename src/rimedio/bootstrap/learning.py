"""What is learnt from people's work, put together: use, training rows, gaps, articles, replay."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rimedio.bootstrap.laptop import Rimedio


class Learning:
    """What turns feedback into better answers."""

    def __init__(self, system: "Rimedio") -> None:
        self._system = system
