"""One run of the command line: its settings, and the system it opens when a command first needs it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import typer

from rimedio.bootstrap import LaptopRimedio, laptop
from rimedio.observability.logs import configure_logs
from rimedio.settings import Settings, load_settings


class Session:
    """Holds the options given before the command's name."""

    def __init__(self, overrides: Mapping[str, object]) -> None:
        self.overrides = overrides

    def settings(self) -> Settings:
        """Settings with the command line's own on top. Raises InvalidSetting."""
        return load_settings(self.overrides)

    def pays(self) -> bool:
        """Whether answers cost money, which the data folder must be open for writing to note."""
        from rimedio.bootstrap.accounts import pays

        return pays(self.settings())

    @contextmanager
    def open(self, *, read_only: bool = False) -> Iterator[LaptopRimedio]:
        """The system on its data folder, closed again at the end. Raises StorageFailed and its kin."""
        settings = self.settings()
        configure_logs(settings.log_level, redact=redact_personal if settings.guardrails else None)
        system = laptop(settings, read_only=read_only)
        try:
            yield system
        finally:
            system.close()


def redact_personal(text: str) -> str:
    """The text without personal data; what knows how is imported with the first line that needs it."""
    from rimedio.llm.guardrails.pii import redact

    return redact(text).text


def session_of(context: typer.Context) -> Session:
    """The session behind a command."""
    session: Session = context.obj
    return session
