"""`rimedio demo`: load the demo manuals, work through sample tickets, say how to go on."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from rimedio.bootstrap import TAXONOMY_FILE, Rimedio
from rimedio.cli.knowledge import progress
from rimedio.cli.output import program, progress_terminal, terminal
from rimedio.cli.remedy import print_solution
from rimedio.cli.session import session_of
from rimedio.domain.errors import NotFound, StorageFailed
from rimedio.domain.ticket import Ticket
from rimedio.evaluation.labelled import LabelledTicket, load_labelled
from rimedio.tickets.train_classifier import train_classifier

TOUR = ("demo-001", "demo-040", "demo-051", "demo-078", "demo-085", "demo-091", "demo-095", "demo-112")

SAMPLED_EVERY = 3


def demo(
    context: typer.Context,
    examples: Annotated[Path, typer.Option(help="Folder with the demo's knowledge and tickets.")] = Path(
        "examples"
    ),
    everything: Annotated[
        bool, typer.Option("--all", help="Work through all sample tickets, not eight.")
    ] = False,
) -> None:
    """Load the demo manuals and work through sample tickets, printing each remedy with its sources."""
    session = session_of(context)
    bring_taxonomy(session.settings().data_dir, examples)
    with session.open() as rimedio:
        load_demo(rimedio, examples)
        labelled = load_labelled(examples / "tickets" / "tickets.jsonl")
        chosen = labelled if everything else [t for t in labelled if t.id in TOUR]
        _work(rimedio, chosen)
    _farewell()


def bring_taxonomy(data_dir: Path, examples: Path) -> None:
    """The demo's products; a taxonomy that is there already stays.

    Raises NotFound where there is no demo, StorageFailed where the data folder cannot be written.
    """
    if not (examples / "knowledge").is_dir():
        raise NotFound(
            f"There is no demo at {examples}. Start where Rimedio was cloned, or name it: --examples."
        )
    target, source = data_dir / TAXONOMY_FILE, examples / TAXONOMY_FILE
    if source.exists() and not target.exists():
        try:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)  # customers' words will be in it
            shutil.copyfile(source, target)
        except OSError as error:
            msg = (
                f"The data folder {data_dir.absolute()} cannot be written ({error.strerror}). Check its owner, "
                "its permissions and the free space, or name another one: --data-dir PATH."
            )
            raise StorageFailed(msg) from error


def load_demo(rimedio: Rimedio, examples: Path) -> None:
    """Load manuals, vectors and classifier, with bars; what is there already costs nothing."""
    shown = progress_terminal().is_terminal
    with progress("Reading the demo manuals", shown=shown) as advance:
        rimedio.ingestor.ingest(
            [examples / "knowledge"], rimedio.tenant, progress=lambda p: advance(p.files, p.total)
        )
    held = rimedio.coverage()
    with progress("Learning meanings", shown=shown) as advance:
        if rimedio.embedder is not None:
            rimedio.backfill.run(progress=lambda p: advance(p.embedded, held.chunks - held.embedded))
    if rimedio.registry.champion() is None:
        with progress("Training the classifier", shown=shown):
            train_classifier(examples / "training" / "tickets.csv", rimedio.registry)
    held = rimedio.coverage()
    terminal().print(
        Text(f"{held.documents} manuals, {held.chunks} passages, all on this machine.", style="bold")
    )


def open_samples(rimedio: Rimedio, examples: Path) -> int:
    """Open the tour and every third sample ticket, once, for the service to work through; how many."""
    labelled = load_labelled(examples / "tickets" / "tickets.jsonl")
    chosen = [t for at, t in enumerate(labelled) if t.id in TOUR or at % SAMPLED_EVERY == 0]
    for sample in chosen:
        rimedio.open_ticket(rimedio.tenant, sample.request, idempotency_key=sample.id)
    return len(chosen)


def _work(rimedio: Rimedio, labelled: Sequence[LabelledTicket]) -> None:
    for sample in labelled:
        ticket = rimedio.open_ticket(rimedio.tenant, sample.request, idempotency_key=sample.id)
        ticket = rimedio.runner.settle(ticket)
        terminal().print()
        _print(rimedio, ticket)


def _print(rimedio: Rimedio, ticket: Ticket) -> None:
    solution = rimedio.solution_of(ticket)
    heading = f"{ticket.asset.model}: {' '.join(ticket.symptom_text.split())[:90]}"
    if solution is None:
        terminal().print(Text(heading, style="bold"))
        terminal().print(Text(f"● {ticket.status.lower()}: {ticket.status_reason or ''}", style="magenta"))
    else:
        print_solution(terminal(), solution, heading=heading)


def _farewell() -> None:
    console, called = terminal(), program()
    console.print()
    console.print(Text("Now ask it yourself:", style="bold"))
    console.print(Text(f'  {called} ask "Errore E029 sulla XC-200, si spegne dopo 5 minuti"', style="cyan"))
    console.print(Text(f"  {called} ingest PATH      your own manuals", style="cyan"))
    console.print(Text(f"  {called} ticket list      what happened to the sample tickets", style="cyan"))
    console.print(Text(f"  {called} --help           everything else", style="cyan"))
