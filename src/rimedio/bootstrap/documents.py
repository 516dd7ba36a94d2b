"""Documents for the service, put together: originals, pages as pictures, loading in the background."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rimedio.bootstrap.laptop import Rimedio


class Documents:
    """What shows the manuals to people."""

    def __init__(self, system: "Rimedio") -> None:
        self._system = system
