"""One run of the command line: its settings, and the system it opens when a command first needs it."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import typer

from rimedio.bootstrap import LaptopRimedio, laptop
from rimedio.cli.address import running_address
from rimedio.cli.output import program
from rimedio.domain.errors import DataFolderLocked
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
        try:
            system = laptop(settings, read_only=read_only)
        except DataFolderLocked as error:
            raise self._told_where_instead(error, settings.data_dir.absolute()) from error
        try:
            yield system
        finally:
            system.close()

    def _told_where_instead(self, error: DataFolderLocked, folder: Path) -> DataFolderLocked:
        """The same, with the running service's address where it is a service that works on the folder."""
        address = running_address(folder)
        if address is None:
            return error
        given = f" --data-dir {shlex.quote(str(folder))}" if self.overrides.get("data_dir") else ""
        return DataFolderLocked(
            f"The service at {address} works on {folder}, and only one process writes a data folder. Load manuals, "
            f"open and review tickets in its console, a link to sign in: {program()}{given} sign-in --role operator; "
            f"or by its API, a token: {program()}{given} token; or stop the service first."
        )


def redact_personal(text: str) -> str:
    """The text without personal data; what knows how is imported with the first line that needs it."""
    from rimedio.llm.guardrails.pii import redact

    return redact(text).text


def session_of(context: typer.Context) -> Session:
    """The session behind a command."""
    session: Session = context.obj
    return session
