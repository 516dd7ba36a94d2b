"""A data folder that answers like the demo's and is ready in seconds: some manuals with vectors, a quick classifier."""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from rimedio.bootstrap import TAXONOMY_FILE, laptop
from rimedio.settings import load_settings
from rimedio.tickets.train_classifier import train_classifier

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MANUALS = (
    "xc-200-manuale-it.md",
    "xc-200-faq-it.md",
    "meriggio-manual-en.rst",
    "tepora-messa-in-servizio-it.pdf",
)
SAMPLES = ("demo-001", "demo-002", "demo-040", "demo-051", "demo-078", "demo-085", "demo-091", "demo-095",
           "demo-112")  # fmt: skip
ROWS_EACH = 25  # of each category: training on all rows takes many seconds


def prepare(data: Path, embedder: str) -> None:
    """Load a few manuals with their vectors and train a classifier on a few rows."""
    data.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(EXAMPLES / TAXONOMY_FILE, data / TAXONOMY_FILE)
    rimedio = laptop(load_settings({"data_dir": data, "embedder": embedder}, environment={}))
    try:
        rimedio.ingestor.ingest([EXAMPLES / "knowledge" / name for name in MANUALS], rimedio.tenant)
        if rimedio.embedder is not None:
            rimedio.backfill.run()
        rows = data / "rows.csv"
        _few_rows(rows)
        train_classifier(rows, rimedio.registry)
        rows.unlink()
    finally:
        rimedio.close()


def samples() -> list[Mapping[str, object]]:
    """Requests of sample tickets that between them reach every outcome."""
    with (EXAMPLES / "tickets" / "tickets.jsonl").open(encoding="utf-8") as file:
        known = [json.loads(line) for line in file]
    return [one["ticket"] for one in known if one["id"] in SAMPLES]


def _few_rows(path: Path) -> None:
    seen: Counter[str] = Counter()
    with (EXAMPLES / "training" / "tickets.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ("text", "label"), extrasaction="ignore")
        writer.writeheader()
        for row in rows:
            seen[row["label"]] += 1
            if seen[row["label"]] <= ROWS_EACH:
                writer.writerow(row)
