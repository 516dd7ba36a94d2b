"""The demo as a data folder that benchmarks can work on: manuals, vectors, classifier, sample tickets."""

import shutil
from pathlib import Path

from benchmarks._report import CACHE, ROOT
from rimedio.bootstrap import TAXONOMY_FILE, Rimedio, laptop
from rimedio.evaluation.labelled import LabelledTicket, load_labelled
from rimedio.settings import Settings, load_settings
from rimedio.tickets.train_classifier import train_classifier

EXAMPLES = ROOT / "examples"


def settings_for(folder: Path, **values: object) -> Settings:
    """Default settings on `folder`, whatever the environment says."""
    return load_settings({"data_dir": folder, **values}, environment={})


def demo_folder() -> Path:
    """A data folder with the demo's knowledge, kept under `.cache` and brought up to date."""
    folder = CACHE / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(EXAMPLES / TAXONOMY_FILE, folder / TAXONOMY_FILE)
    system = laptop(settings_for(folder))
    try:
        system.ingestor.ingest([EXAMPLES / "knowledge"], system.tenant, remove_vanished=True)
        system.backfill.run()
        if system.registry.champion() is None:
            train_classifier(EXAMPLES / "training" / "tickets.csv", system.registry)
    finally:
        system.close()
    return folder


def fresh_copy(target: Path, **values: object) -> Rimedio:
    """The demo in a folder of its own, open for writing."""
    shutil.copytree(demo_folder(), target, dirs_exist_ok=True)
    return laptop(settings_for(target, **values))


def sample_tickets() -> tuple[LabelledTicket, ...]:
    """The labelled tickets of the demo."""
    return load_labelled(EXAMPLES / "tickets" / "tickets.jsonl")
