"""`rimedio ingest` and `rimedio kb`: what Rimedio knows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from rimedio.bootstrap import Rimedio
from rimedio.cli.output import Json, print_json, progress_terminal, terminal
from rimedio.cli.session import session_of
from rimedio.domain.codec import to_json
from rimedio.domain.errors import NotFound
from rimedio.knowledge.ingest import IngestReport
from rimedio.storage.documents import DocumentRecord, DocumentStatus

kb = typer.Typer(help="See, search and prune what Rimedio knows.", no_args_is_help=True)

REFUSED_SOME = 2
PASSAGE_CHARS = 300
Advance = Callable[[int, int], None]  # done, of how many


@contextmanager
def progress(title: str, *, shown: bool) -> Iterator[Advance]:
    """A bar on standard error; silent where nobody watches."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=progress_terminal(), disable=not shown, transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def ingest(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files, folders or archives (.zip, .tar.gz).")],
    remove_vanished: Annotated[
        bool, typer.Option("--remove-vanished", help="Forget documents below PATHS that are no longer there.")
    ] = False,
    vectors: Annotated[
        bool, typer.Option(help="Wait for the vectors; without them search goes by words and codes.")
    ] = True,
    json: Json = False,
) -> None:
    """Load manuals. What is unchanged costs nothing; an interrupted run goes on where it stopped."""
    with session_of(context).open() as rimedio:
        shown = not json and progress_terminal().is_terminal
        with progress("Reading", shown=shown) as advance:
            report = rimedio.ingestor.ingest(
                paths,
                rimedio.tenant,
                remove_vanished=remove_vanished,
                progress=lambda p: advance(p.files, p.total),
            )
        if not json:
            _print_report(report)
        if vectors and rimedio.embedder is not None:
            _embed(rimedio, shown=shown)
        held = rimedio.coverage()
    if json:
        print_json(
            {
                "added": report.added,
                "changed": report.changed,
                "unchanged": report.unchanged,
                "removed": report.removed,
                "refused": [{"source": uri, "reason": reason} for uri, reason in report.refused],
                "coverage": {"documents": held.documents, "chunks": held.chunks, "embedded": held.embedded},
            }
        )
    else:
        line = f"{held.documents} documents, {held.chunks} passages, {held.embedded} findable by meaning"
        terminal().print(Text(line, style="bold"))
    if report.refused and not (report.added or report.changed or report.unchanged):
        raise SystemExit(REFUSED_SOME)


def _print_report(report: IngestReport) -> None:
    done = [
        f"{count} {what}"
        for count, what in (
            (report.added, "added"),
            (report.changed, "changed"),
            (report.unchanged, "unchanged"),
            (report.removed, "removed"),
            (len(report.refused), "refused"),
        )
        if count
    ]
    terminal().print(Text(", ".join(done) or "Nothing found."))
    for uri, reason in report.refused:
        terminal().print(Text.assemble(("✗ ", "red"), (uri, "bold"), f"\n  {reason}"))


def _embed(rimedio: Rimedio, *, shown: bool) -> None:
    held = rimedio.coverage()
    with progress("Learning meanings", shown=shown) as advance:
        missing = held.chunks - held.embedded
        rimedio.backfill.run(progress=lambda p: advance(p.embedded, missing))


@kb.command("list")
def list_documents(
    context: typer.Context,
    refused: Annotated[bool, typer.Option("--refused", help="Only what could not be read, and why.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 200,
    json: Json = False,
) -> None:
    """Print the documents that are loaded, and those that were refused."""
    with session_of(context).open(read_only=True) as rimedio:
        status = DocumentStatus.REFUSED if refused else None
        records = rimedio.library.records(rimedio.tenant, status, limit)
    if json:
        print_json([to_json(r) for r in records])
        return
    if not records:
        nothing = "Nothing is loaded yet. Load manuals: rimedio ingest PATH"
        terminal().print("No document was refused." if refused else nothing)
        return
    for r in records:
        _print_record(r)


def _print_record(r: DocumentRecord) -> None:
    """Two lines: what it is, and its source as a whole, so that it can be copied."""
    refused = r.status is DocumentStatus.REFUSED
    size = f"{r.chunks} passages{f', {r.language}' if r.language else ''}"
    status = Text(f"{r.status.lower():8}", style="red" if refused else "green")
    said = Text(r.reason, style="red") if r.reason else Text.assemble((r.title, "bold"), f"  {size}")
    terminal().print(Text.assemble(status, "  ", said), soft_wrap=True)
    terminal().print(Text(f"          {r.source_uri}", style="dim"), soft_wrap=True)


@kb.command()
def search(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="Words, an error code, or a whole question.")],
    model: Annotated[str | None, typer.Option(help="Only passages about this model, or about none.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=50, help="At most so many.")] = 5,
    json: Json = False,
) -> None:
    """Find passages: words, exact codes and meaning together."""
    with session_of(context).open(read_only=True) as rimedio:
        result = rimedio.library.find(rimedio.tenant, question, model=model, limit=limit)
    if json:
        print_json(to_json(result))
        return
    for unknown in result.unknown_codes:
        terminal().print(Text(f"No document defines the code {unknown}.", style="yellow"))
    for passage in result.passages:
        chunk = passage.chunk
        place = " › ".join((chunk.source_title, *chunk.section))
        page = f", p. {chunk.page}" if chunk.page else ""
        terminal().print(Text.assemble((f"{passage.rank}. ", "cyan"), (place + page, "bold")))
        terminal().print(Padding(_short(chunk.text), (0, 0, 0, 3), expand=False))
    if not result.passages:
        terminal().print("Nothing found.")


def _short(text: str) -> Text:
    words = " ".join(text.split())
    return Text(words if len(words) <= PASSAGE_CHARS else words[: PASSAGE_CHARS - 1] + "…")


@kb.command()
def remove(
    context: typer.Context,
    documents: Annotated[
        list[str], typer.Argument(help="Sources as `kb list` prints them, paths of files, or document ids.")
    ],
    json: Json = False,
) -> None:
    """Forget documents and everything made from them."""
    with session_of(context).open() as rimedio:
        removed = [_forget(rimedio, wanted) for wanted in documents]
    if json:
        print_json({"removed": removed})
    else:
        for name in removed:
            terminal().print(Text(f"Forgotten: {name}"), soft_wrap=True)


def _forget(rimedio: Rimedio, wanted: str) -> str:
    """Forget a document named by its id, its source, or a path from here. Raises NotFound."""
    try:
        return rimedio.library.forget(rimedio.tenant, wanted)
    except NotFound:
        if not Path(wanted).exists():
            raise
        return rimedio.library.forget(rimedio.tenant, str(Path(wanted).resolve()))
